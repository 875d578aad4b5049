"""Tokens that do less than their user may: reading only, some objects only. On both databases, with a pool."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosed

import xensim
from podium.settings import Settings
from tests.api.acting import API, some
from tests.api.people import SESSION, USERS
from tests.journeys.conftest import connect
from tests.served import Service, served
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=6, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def service(settings: Settings, sim: Sim) -> AsyncIterator[Service]:
    async with served(settings) as one:
        async with one.client() as admin:
            await connect(admin, sim)
        yield one


async def made(admin: httpx.AsyncClient, **body: object) -> dict[str, str]:
    answer = await admin.post(f"{USERS}/authentication_tokens", json=body)
    assert answer.status_code == 201, answer.text
    token: dict[str, str] = answer.json()["token"]
    return token


def bearer(service: Service, token: dict[str, str]) -> httpx.AsyncClient:
    return service.client(auth=None, authorization=f"Bearer {token['id']}")


async def test_a_token_that_reads(service: Service, admin: httpx.AsyncClient) -> None:
    token = await made(admin, scope="read", description="monitoring")
    vm = (await some(admin, "vms"))[0]
    me = (await admin.get(SESSION)).json()["user"]["id"]
    async with bearer(service, token) as client:
        assert len((await client.get(f"{API}/vms")).json()) == 6
        assert (await client.get(f"{API}/servers")).json()
        for method, path in (
            ("POST", f"vms/{vm['id']}/actions/start"),
            ("PATCH", f"vms/{vm['id']}"),
            ("DELETE", f"vms/{vm['id']}"),
            ("POST", "users"),
            ("POST", "users/authentication_tokens"),
            ("PATCH", f"users/{me}"),
            ("DELETE", f"users/{me}/authentication_tokens/{token['token_id']}"),
            ("POST", f"users/{me}/totp/actions/enrol"),
            ("DELETE", f"users/{me}/sessions"),
            ("POST", "events/x/subscriptions/../../../users"),
        ):
            answer = await client.request(method, f"{API}/{path}", json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "token-read-only"), path
        # it may read, and so it may say what it wants to be told of
        async with client.stream("GET", f"{API}/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: init"
            while not (line := await anext(lines)).startswith("data: "):
                pass
            connection = json.loads(line.removeprefix("data: "))["id"]
            asked = await client.post(f"{API}/events/{connection}/subscriptions", json={"collection": "VM"})
            assert asked.status_code in {200, 201, 204}, asked.text
    listed = (await admin.get(f"{USERS}/{me}/authentication_tokens")).json()
    [row] = [row for row in listed if row["kind"] == "api"]
    assert (row["scope"], row["created_by"], row["created_from"]) == ("read", me, "127.0.0.1")


async def test_a_token_that_reads_opens_no_console(service: Service, admin: httpx.AsyncClient) -> None:
    vm = next(one for one in await some(admin, "vms") if one["power_state"] == "Running")
    token = await made(admin, scope="read")
    url = f"{service.url.replace('http', 'ws')}/api/consoles/{vm['id']}"
    async with websocket(url, additional_headers={"authorization": f"Bearer {token['id']}"}) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(5):
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_a_token_for_some_objects(service: Service, admin: httpx.AsyncClient) -> None:
    running = [one for one in await some(admin, "vms") if one["power_state"] == "Running"]
    halted = [one for one in await some(admin, "vms") if one["power_state"] == "Halted"]
    mine = running[0]
    me = (await admin.get(SESSION)).json()["user"]["id"]
    token = await made(admin, filter=f'id:="{mine["id"]}"')
    assert token["filter"] == f'id:="{mine["id"]}"'
    async with bearer(service, token) as client:
        assert (await client.get(f"{API}/vms")).json() == [f"{API}/vms/{mine['id']}"]
        assert (await client.get(f"{API}/hosts")).json() == []
        assert (
            await client.get(f"{API}/vms/{running[1]['id'] if len(running) > 1 else halted[0]['id']}")
        ).status_code == 403
        done = await client.patch(f"{API}/vms/{mine['id']}", json={"name_description": "by a narrow token"})
        assert done.status_code in {200, 202, 204}, done.text
        no = await client.patch(f"{API}/vms/{halted[0]['id']}", json={"name_description": "x"})
        assert no.status_code in {403, 404}
        assert (await client.post(f"{API}/users", json={"name": "x", "password": "x"})).status_code == 403
        # it does not make itself another, nor change its user
        for method, path, body in (
            ("POST", f"{USERS}/authentication_tokens", {}),
            ("POST", f"{USERS}/{me}/authentication_tokens", {}),
            ("PATCH", f"{USERS}/{me}", {"password": "x"}),
            ("POST", f"{USERS}/{me}/totp/actions/enrol", {"password": "correct horse"}),
            ("GET", f"{USERS}/{me}/sessions", None),
            ("DELETE", f"{USERS}/{me}/sessions", None),
        ):
            assert (await client.request(method, path, json=body)).status_code == 403, path


async def test_streams_of_a_narrow_token_show_what_it_is_good_for(service: Service, admin: httpx.AsyncClient) -> None:
    mine, *_ = await some(admin, "vms")
    token = await made(admin, filter=f'id:="{mine["id"]}"', scope="read")
    async with (
        bearer(service, token) as client,
        client.stream(
            "GET", f"{API}/vms", params={"watch": "true", "ndjson": "true", "fields": "id,name_description"}
        ) as stream,
    ):
        lines = stream.aiter_lines()
        async with asyncio.timeout(5):
            assert mine["id"] in await anext(lines)
        others = [one for one in await some(admin, "vms") if one["id"] != mine["id"]]
        for one in (*others, mine):  # the last is seen, and so was everything before it
            await admin.patch(f"{API}/vms/{one['id']}", json={"name_description": "changed"})
        async with asyncio.timeout(10):
            while mine["id"] not in (line := await anext(lines)):
                assert not any(one["id"] in line for one in others), line


async def test_a_clients_token_takes_the_new_scope(service: Service, admin: httpx.AsyncClient) -> None:
    first = await made(admin, client={"id": "cli"})
    async with bearer(service, first) as client:
        assert (await client.post(f"{USERS}/authentication_tokens", json={})).status_code == 201
        again = await made(admin, client={"id": "cli"}, scope="read")
        assert again["token_id"] == first["token_id"]
        assert (await client.post(f"{USERS}/authentication_tokens", json={})).json()["code"] == "token-read-only"


async def test_what_is_no_scope_or_filter(admin: httpx.AsyncClient) -> None:
    url = f"{USERS}/authentication_tokens"
    assert (await admin.post(url, json={"scope": "write"})).status_code == 422
    assert (await admin.post(url, json={"filter": "(a"})).json()["code"] == "filter-syntax"
    assert "filter" not in (await made(admin, filter="  "))
