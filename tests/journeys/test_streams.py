"""Streams over real sockets: both ways to subscribe, watched lists, slow readers, the end of a token."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.journeys.sse import Follower
from tests.journeys.truth import until_true
from tests.served import Service
from xensim import Sim


def a_vm(sim: Sim) -> tuple[str, str]:
    """The ref and uuid of a plain VM."""
    for ref, row in sim.db.rows("VM").items():
        record = row.record
        if not (record["is_a_template"] or record["is_control_domain"] or record["is_a_snapshot"]):
            return ref, str(record["uuid"])
    raise AssertionError("no VM")


Frame = tuple[str, str | None, dict[str, Any]]


@asynccontextmanager
async def frames_of(client: httpx.AsyncClient, **params: str) -> AsyncIterator[AsyncIterator[Frame]]:
    async with client.stream("GET", "/rest/v0/events", params=params, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")

        async def read() -> AsyncIterator[Frame]:
            frame: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    frame[name] = value
                elif frame:
                    yield frame["event"], frame.get("id"), json.loads(frame["data"])
                    frame = {}

        yield read()


async def until(frames: AsyncIterator[Frame], kind: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        async for event, _, data in frames:
            if event == kind:
                return data
    raise AssertionError(f"the stream ended before {kind}")


async def test_xen_orchestras_way(sim: Sim, client: httpx.AsyncClient, server_id: str) -> None:
    ref, uuid = a_vm(sim)
    async with frames_of(client) as frames:
        connection = (await until(frames, "init"))["id"]
        answer = await client.post(
            f"/rest/v0/events/{connection}/subscriptions", json={"collection": "VM", "fields": ["id", "name_label"]}
        )
        assert (answer.status_code, answer.json()) == (201, {"id": "VM"})
        sim.set("VM", ref, name_description="not in the picked fields: nothing is sent")
        await asyncio.sleep(0.5)
        sim.set("VM", ref, name_label="new name")
        assert await until(frames, "update") == {"$subscription": "VM", "id": uuid, "name_label": "new name"}
        assert (await client.delete(f"/rest/v0/events/{connection}/subscriptions/VM")).status_code == 204
        assert (await client.delete(f"/rest/v0/events/{connection}/subscriptions/VM")).status_code == 204


async def test_a_type_change_is_a_removal_for_those_who_follow_the_old_type(
    sim: Sim, client: httpx.AsyncClient, server_id: str
) -> None:
    ref, uuid = a_vm(sim)
    async with Follower(client, collections="VM,VM-template", fields="name_label") as follower:
        assert uuid in follower.view["VM"]
        sim.set("VM", ref, is_a_template=True, power_state="Halted")
        await follower.until(lambda one: uuid in one.view["VM-template"] and uuid not in one.view["VM"])


async def test_a_filter_decides_who_enters_and_leaves(sim: Sim, client: httpx.AsyncClient, server_id: str) -> None:
    ref, uuid = a_vm(sim)
    async with Follower(client, collections="VM", filter="name_label:=wanted", fields="name_label") as follower:
        assert follower.view["VM"] == {}
        sim.set("VM", ref, name_label="wanted")
        await follower.until(lambda one: one.view["VM"] == {uuid: {"id": uuid, "name_label": "wanted"}})
        sim.set("VM", ref, name_label="unwanted")
        await follower.until(lambda one: one.view["VM"] == {})


async def test_a_resumed_stream_says_only_what_changed(sim: Sim, client: httpx.AsyncClient, server_id: str) -> None:
    ref, uuid = a_vm(sim)
    async with frames_of(client, collections="VM", fields="name_label") as frames:
        await until(frames, "synced")
        sim.set("VM", ref, name_label="one")
        last = None
        async with asyncio.timeout(10):
            async for kind, frame_id, data in frames:
                last = frame_id
                if kind == "update" and data.get("name_label") == "one":
                    break
    sim.set("VM", ref, name_label="two")
    await asyncio.sleep(0.5)
    assert last is not None
    async with frames_of(client, collections="VM", fields="name_label", lastEventId=last) as frames:
        seen: list[Frame] = []
        async with asyncio.timeout(10):
            async for frame in frames:
                seen.append(frame)
                if frame[0] == "synced":
                    break
    assert [kind for kind, _, _ in seen] == ["init", "update", "synced"]
    assert seen[1][2] == {"$subscription": "VM", "id": uuid, "name_label": "two"}
    ids = [frame_id for _, frame_id, _ in seen]
    assert all(ids)
    assert len(set(ids)) == len(ids)


async def test_another_users_connection_does_not_exist(service: Service, client: httpx.AsyncClient) -> None:
    await client.post("/rest/v0/users", json={"name": "other", "password": "a long password", "permission": "admin"})
    async with frames_of(client) as frames, service.client(("other", "a long password")) as other:
        connection = (await until(frames, "init"))["id"]
        answer = await other.post(f"/rest/v0/events/{connection}/subscriptions", json={"collection": "VM"})
        assert answer.status_code == 404


async def test_a_user_without_rights_sees_nothing(
    sim: Sim, service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    await client.post("/rest/v0/users", json={"name": "nobody", "password": "a long password"})
    ref, _ = a_vm(sim)
    async with service.client(("nobody", "a long password")) as nobody:
        assert (await nobody.get("/rest/v0/vms")).json() == []
        async with Follower(nobody, collections="VM,host,server,user") as follower:
            sim.set("VM", ref, name_label="secret")
            await until_true(sim, client, within_s=10)
            await asyncio.sleep(0.3)
            assert {kind: len(rows) for kind, rows in follower.view.items()} == {
                "VM": 0,
                "host": 0,
                "server": 0,
                "user": 1,
            }


async def test_a_revoked_token_ends_its_streams(service: Service, client: httpx.AsyncClient) -> None:
    made = await client.post("/rest/v0/users/me/authentication_tokens", json={}, follow_redirects=True)
    assert made.status_code == 201, made.text
    token = made.json()["token"]["id"]
    async with service.client(None, authorization=f"Bearer {token}") as other:
        async with frames_of(other, collections="server") as frames:
            await until(frames, "synced")
            listed = (await client.get("/rest/v0/users/me/authentication_tokens", follow_redirects=True)).json()
            me = (await client.get("/rest/v0/users/me", follow_redirects=True)).json()["id"]
            mine = listed[-1]["id"]
            answer = await client.delete(f"/rest/v0/users/{me}/authentication_tokens/{mine}")
            assert answer.status_code == 204, answer.text
            assert await until(frames, "bye") == {"reason": "token-ended"}
        assert (await other.get("/rest/v0/vms")).status_code == 401


async def test_a_watched_list_begins_with_its_rows(sim: Sim, client: httpx.AsyncClient, server_id: str) -> None:
    ref, uuid = a_vm(sim)
    params = {"watch": "true", "ndjson": "true", "fields": "id,name_label", "filter": f"id:={uuid}"}
    async with client.stream("GET", "/rest/v0/vms", params=params, timeout=10) as answer:
        lines = answer.aiter_lines()
        assert json.loads(await anext(lines))["id"] == uuid
        sim.set("VM", ref, name_label="watched")
        kind, row = json.loads(await anext(lines))
        assert (kind, row) == ("update", {"href": f"/rest/v0/vms/{uuid}", "id": uuid, "name_label": "watched"})
        sim.destroy("VM", ref)
        assert json.loads(await anext(lines))[0] == "remove"


async def test_a_reader_that_sleeps_gets_the_newest_state_and_holds_nobody_up(
    sim: Sim, service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    ref, uuid = a_vm(sim)
    host, _, port = service.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 12)
    made = await client.post("/rest/v0/users/me/authentication_tokens", json={}, follow_redirects=True)
    token = made.json()["token"]["id"]
    writer.write(
        f"GET /rest/v0/events?collections=VM HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    await asyncio.sleep(0.5)  # it reads nothing
    for number in range(400):
        sim.set("VM", ref, name_description=f"{number} " + "x" * 4000)
        if number % 20 == 0:
            began = time.perf_counter()
            assert (await client.get("/rest/v0/ping")).status_code == 200
            assert time.perf_counter() - began < 1
        await asyncio.sleep(0.005)
    await until_true(sim, client, within_s=10)
    received = b""
    async with asyncio.timeout(10):
        while b"399 xxx" not in received:
            piece = await reader.read(1 << 16)
            assert piece, f"the stream ended: {received[-300:]!r}"
            received += piece
    writer.close()
    assert received.count(b"event: update") < 399, "the intermediate states were conflated"
    assert uuid.encode() in received


async def test_unknown_collections_and_bad_filters_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rest/v0/events", params={"collections": "VM,nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameters")
    answer = await client.get("/rest/v0/events", params={"collections": "VM", "filter": "(a"})
    assert (answer.status_code, answer.json()["code"]) == (400, "filter-syntax")
