"""Whatever a pool does to us, the cache is the pool's truth again soon after, and nobody sees an empty screen."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.journeys.sse import Follower
from tests.journeys.truth import differences, expected, served_objects, until_true
from xensim import Sim

RECOVERY_S = 15.0

COLLECTIONS = {"VM": "vms", "VM-template": "vm-templates", "VM-snapshot": "vm-snapshots", "VIF": "vifs"}

Fault = Callable[[Sim], Awaitable[Any]]


async def drop(sim: Sim) -> None:
    sim.faults.drop_connections()


async def refuse(sim: Sim) -> None:
    await sim.faults.refuse_connections(1.5)


async def forget(sim: Sim) -> None:
    sim.faults.forget_sessions()


async def events_lost(sim: Sim) -> None:
    sim.faults.events_lost()


async def lose_deletions(sim: Sim) -> None:
    sim.faults.lose_events(3)
    for ref in list(sim.db.refs("VIF"))[:3]:
        sim.destroy("VIF", ref)


async def restart(sim: Sim) -> None:
    await sim.faults.restart(1.0)


async def move(sim: Sim) -> None:
    await sim.faults.move_coordinator()


async def hang(sim: Sim) -> None:
    sim.faults.hang(3.0)
    await asyncio.sleep(3.0)


async def garbage(sim: Sim) -> None:
    sim.faults.garbage(2)


async def truncate(sim: Sim) -> None:
    sim.faults.truncate(2)


async def slow(sim: Sim) -> None:
    sim.faults.slow(0.5)
    await asyncio.sleep(1.0)
    sim.faults.clear()


def is_plain_vm(record: dict[str, object]) -> bool:
    return not (record["is_a_template"] or record["is_control_domain"] or record["is_a_snapshot"])


FAULTS = [drop, refuse, forget, events_lost, lose_deletions, restart, move, hang, garbage, truncate, slow]


async def test_the_cache_is_the_pools_truth(sim: Sim, client: httpx.AsyncClient, server_id: str) -> None:
    found = differences(await served_objects(client), expected(sim))
    assert not found, found[:10]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.__name__ for fault in FAULTS])
async def test_after_a_fault_the_cache_is_the_pools_truth_again(
    sim: Sim, client: httpx.AsyncClient, server_id: str, fault: Fault
) -> None:
    vm = next(ref for ref, row in sim.db.rows("VM").items() if is_plain_vm(row.record))
    async with Follower(client, collections="VM,VM-template,VM-snapshot,VIF,server", patch="true") as follower:
        known = len(follower.view["VM"])
        await fault(sim)
        # changes made while nobody listened, of every kind
        sim.set("VM", vm, name_label="renamed meanwhile")
        victims = list(sim.db.refs("VIF"))[-2:]
        for ref in victims:
            sim.destroy("VIF", ref)
        sim.create("network", {"name_label": "made meanwhile", "bridge": "xapi77"})
        await until_true(sim, client, within_s=RECOVERY_S)
        await follower.until(
            lambda one: any(row["name_label"] == "renamed meanwhile" for row in one.view["VM"].values())
        )
        for kind, collection in COLLECTIONS.items():
            rows = (await client.get(f"/rest/v0/{collection}", params={"fields": "*"})).json()
            served = {row["id"]: {key: value for key, value in row.items() if key != "href"} for row in rows}
            await follower.until(lambda one, kind=kind, served=served: one.view[kind] == served)  # type: ignore[misc]
        assert len(follower.view["VM"]) == known
        assert all(kind != "bye" for kind, _ in follower.frames)
        server = (await client.get(f"/rest/v0/servers/{server_id}")).json()
        assert server["state"] == "connected"


async def test_a_silent_pool_stays_on_the_screen_as_stale(sim: Sim, client: httpx.AsyncClient, server_id: str) -> None:
    before = await served_objects(client)
    sim.faults.hang(60)
    async with asyncio.timeout(15):
        while (await client.get(f"/rest/v0/servers/{server_id}")).json()["state"] != "stale":
            await asyncio.sleep(0.1)
    server = (await client.get(f"/rest/v0/servers/{server_id}")).json()
    assert server["status"] == "connecting"
    assert server["lastAnswer"] > 0
    assert server["error"]["code"] == "pool-unreachable"
    assert await served_objects(client) == before
    sim.faults.clear()
    await until_true(sim, client, within_s=RECOVERY_S)
