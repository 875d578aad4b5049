"""What is asked of hosts live: SMT and missing patches, from HTTP to the pool's plugins and back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import jsonschema_rs
import pytest

import xensim
from podium.api.openapi import document
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim
from xensim.failures import XapiFailure
from xensim.registry import OPERATIONS, Call

HOSTS = 5


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=HOSTS, vms=2, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., object]], None]:
    """Put another answer in the place of the simulator's plugins: `answer(host, plugin, function)`."""

    def replace(answer: Callable[..., object]) -> None:
        def call_plugin(call: Call, host: str, name: str, function: str, args: dict[str, str]) -> object:
            return answer(host, name, function)

        monkeypatch.setitem(OPERATIONS, "host.call_plugin", call_plugin)

    return replace


def uuid(sim: Sim, kind: str, at: int = 0) -> str:
    return str(sim.db.field(kind, list(sim.db.refs(kind))[at], "uuid"))


async def until(check: Callable[[], Awaitable[bool]], *, within_s: float = 15.0) -> None:
    began = time.monotonic()
    while not await check():
        assert time.monotonic() - began < within_s
        await asyncio.sleep(0.05)


def described(service: Service, path: str, value: object) -> None:
    """The answer is as the OpenAPI document says."""
    whole = document(service.app)
    schema = whole["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.validator_for({**schema, "components": whole["components"]}).validate(value)


async def problem(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(f"/rest/v0{path}")
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    return body


async def test_smt_is_what_the_host_says(service: Service, sim: Sim, client: httpx.AsyncClient) -> None:
    ref = next(iter(sim.db.refs("host")))
    host = uuid(sim, "host")
    answer = await client.get(f"/rest/v0/hosts/{host}/smt")
    assert (answer.status_code, answer.json()) == (200, {"enabled": True})
    assert answer.headers["cache-control"] == "no-store"
    described(service, "/hosts/{id}/smt", answer.json())
    cpu = sim.db.field("host", ref, "cpu_info")
    assert isinstance(cpu, dict)
    sim.set("host", ref, cpu_info={**cpu, "threads_per_core": "1"})
    assert (await client.get(f"/rest/v0/hosts/{host}/smt")).json() == {"enabled": False}
    assert (await client.head(f"/rest/v0/hosts/{host}/smt")).status_code == 200


@pytest.mark.parametrize(("text", "enabled"), [("True", True), ("False", False), ("false\n", False)])
async def test_smt_in_other_spellings(
    sim: Sim, client: httpx.AsyncClient, plugin: Callable[..., None], text: str, enabled: bool
) -> None:
    plugin(lambda *_: text)
    assert (await client.get(f"/rest/v0/hosts/{uuid(sim, 'host')}/smt")).json() == {"enabled": enabled}


async def test_missing_patches_of_hosts_and_of_their_pool(
    service: Service, sim: Sim, client: httpx.AsyncClient
) -> None:
    found: dict[tuple[str, str, str], Any] = {}
    total = 0
    for at in range(HOSTS):
        answer = await client.get(f"/rest/v0/hosts/{uuid(sim, 'host', at)}/missing_patches")
        assert answer.status_code == 200, answer.text
        described(service, "/hosts/{id}/missing_patches", answer.json())
        for patch in answer.json():
            total += 1
            found[patch["name"], patch["version"], patch["release"]] = patch
    assert total > len(found) > 1
    assert any("changelog" in patch for patch in found.values())
    answer = await client.get(f"/rest/v0/pools/{uuid(sim, 'pool')}/missing_patches")
    described(service, "/pools/{id}/missing_patches", answer.json())
    assert answer.json() == [found[key] for key in sorted(found)]


async def test_versions_of_one_package_are_told_apart(
    sim: Sim, client: httpx.AsyncClient, plugin: Callable[..., None]
) -> None:
    first = next(iter(sim.db.refs("host")))
    plugin(lambda host, *_: f'[{{"name":"x","version":"1","release":"{2 if host == first else 3}","license":null}}]')
    found = (await client.get(f"/rest/v0/pools/{uuid(sim, 'pool')}/missing_patches")).json()
    empty = {"name": "x", "version": "1", "description": "", "license": "", "size": 0, "url": ""}
    assert found == [{**empty, "release": "2"}, {**empty, "release": "3"}]


async def test_what_does_not_exist(client: httpx.AsyncClient, sim: Sim) -> None:
    pool = uuid(sim, "pool")
    for path in ("/hosts/nope/smt", "/hosts/nope/missing_patches", f"/hosts/{pool}/smt", "/pools/nope/missing_patches"):
        body = await problem(client, path)
        assert (body["status"], body["code"]) == (404, "not-found"), path


async def test_who_may_ask(service: Service, sim: Sim, client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    made = await client.post("/rest/v0/users", json={"name": "guest", "password": "guest's own", "permission": "none"})
    assert made.status_code == 201, made.text
    paths = [
        f"/hosts/{uuid(sim, 'host')}/smt",
        f"/hosts/{uuid(sim, 'host')}/missing_patches",
        f"/pools/{uuid(sim, 'pool')}/missing_patches",
    ]
    async with service.client(auth=("guest", "guest's own")) as guest:
        for path in paths:
            body = await problem(guest, path)
            assert (body["status"], body["code"]) == (403, "missing-privileges")
            assert body["data"]["missingPrivileges"][0]["action"] == "read"
            assert (await problem(anonymous, path))["status"] == 401


async def test_another_brand_is_not_supported(sim: Sim, client: httpx.AsyncClient) -> None:
    for ref in sim.db.refs("host"):
        software = sim.db.field("host", ref, "software_version")
        assert isinstance(software, dict)
        sim.set("host", ref, software_version={**software, "product_brand": "XenServer"})
    host = uuid(sim, "host", HOSTS - 1)

    async def shown() -> bool:
        brand: str = (await client.get(f"/rest/v0/hosts/{host}")).json()["productBrand"]
        return brand == "XenServer"

    await until(shown)
    for path in (f"/hosts/{host}/missing_patches", f"/hosts/{host}/smt", f"/pools/{uuid(sim, 'pool')}/missing_patches"):
        body = await problem(client, path)
        assert (body["status"], body["code"]) == (501, "not-supported"), path


async def test_a_host_that_does_not_run(sim: Sim, client: httpx.AsyncClient) -> None:
    ref = list(sim.db.refs("host"))[1]
    metrics = str(sim.db.field("host", ref, "metrics"))
    host = uuid(sim, "host", 1)
    sim.set("host_metrics", metrics, live=False)

    async def halted() -> bool:
        state: str = (await client.get(f"/rest/v0/hosts/{host}")).json()["power_state"]
        return state == "Halted"

    await until(halted)
    for path in (f"/hosts/{host}/smt", f"/hosts/{host}/missing_patches"):
        body = await problem(client, path)
        assert (body["status"], body["code"]) == (409, "incorrect-state")
    assert (await client.get(f"/rest/v0/pools/{uuid(sim, 'pool')}/missing_patches")).status_code == 200


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (XapiFailure("HANDLE_INVALID", "host", "OpaqueRef:x"), 404, "not-found"),
        (XapiFailure("UNKNOWN_XENAPI_PLUGIN_FUNCTION", "check_update"), 501, "not-supported"),
        (XapiFailure("HOST_OFFLINE", "OpaqueRef:x"), 502, "pool-error"),
        (XapiFailure("-1", "The updater plugin is busy (current operation: update)", ""), 502, "pool-error"),
    ],
)
async def test_what_the_pool_says_no_to(
    sim: Sim, client: httpx.AsyncClient, plugin: Callable[..., None], failure: XapiFailure, status: int, code: str
) -> None:
    def fail(*_: str) -> str:
        raise failure

    plugin(fail)
    for path in (f"/hosts/{uuid(sim, 'host')}/missing_patches", f"/pools/{uuid(sim, 'pool')}/missing_patches"):
        body = await problem(client, path)
        assert (body["status"], body["code"]) == (status, code)
        if code == "pool-error":
            assert body["xapi_code"] == failure.code
            assert body["xapi_params"] == list(failure.params)
        if failure.code == "-1":
            assert body["detail"] == failure.params[0]


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", '{"error": "x"}', '["The updater plugin is busy"]', '[{"name":"x"}]', '[{"name":NaN}]', "1"],
)
async def test_nonsense_is_the_pools_failure(
    sim: Sim, client: httpx.AsyncClient, plugin: Callable[..., None], text: str
) -> None:
    plugin(lambda *_: text)
    for name in ("smt", "missing_patches"):
        body = await problem(client, f"/hosts/{uuid(sim, 'host')}/{name}")
        assert (body["status"], body["code"]) == (502, "pool-error")


async def test_one_host_that_fails_makes_no_half_answer(
    sim: Sim, client: httpx.AsyncClient, plugin: Callable[..., None]
) -> None:
    last = list(sim.db.refs("host"))[-1]

    def answer(host: str, *_: str) -> str:
        if host == last:
            raise XapiFailure("HOST_OFFLINE", host)
        return "[]"

    plugin(answer)
    body = await problem(client, f"/pools/{uuid(sim, 'pool')}/missing_patches")
    assert (body["code"], body["xapi_code"]) == ("pool-error", "HOST_OFFLINE")


async def test_hosts_are_asked_side_by_side(sim: Sim, client: httpx.AsyncClient, plugin: Callable[..., None]) -> None:
    running = most = 0

    async def answer(*_: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1
        return "[]"

    plugin(answer)
    path = f"/rest/v0/pools/{uuid(sim, 'pool')}/missing_patches"
    answers = await asyncio.gather(*(client.get(path) for _ in range(8)))
    assert [one.json() for one in answers] == [[]] * 8
    assert HOSTS <= most <= 16


async def test_a_pool_that_is_lost_meanwhile(sim: Sim, client: httpx.AsyncClient, plugin: Callable[..., None]) -> None:
    """First a call that is under way, then one while the pool is stale, then again as if nothing had been."""
    asked, held = asyncio.Event(), [True]

    async def answer(*_: str) -> str:
        asked.set()
        await asyncio.sleep(30 if held[0] else 0)
        return "true"

    plugin(answer)
    path = f"/hosts/{uuid(sim, 'host')}/smt"
    waiting = asyncio.create_task(problem(client, path))
    await asked.wait()
    await sim.faults.refuse_connections(2.0)
    body = await waiting
    assert (body["status"], body["code"]) == (502, "pool-unreachable")

    async def stale() -> bool:
        servers = (await client.get("/rest/v0/servers", params={"fields": "state"})).json()
        return bool(servers[0]["state"] == "stale")

    await until(stale)
    for one in (path, f"/pools/{uuid(sim, 'pool')}/missing_patches"):
        body = await problem(client, one)
        assert (body["status"], body["code"]) == (502, "pool-unreachable")
    held[0] = False

    async def back() -> bool:
        return (await client.get(f"/rest/v0{path}")).status_code == 200

    await until(back)
