"""Watchers against a real simulated pool: claims, wrong pools, forgetting, and how much a change costs the pool."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import xensim
from podium.cache.objects import Objects
from podium.model.registry import BY_STRUCT, PROJECTIONS
from podium.stream.hub import Hub
from podium.watch.manager import Watchers
from podium.watch.state import ServerConfig, State, WatchState


@asynccontextmanager
async def watching() -> AsyncIterator[tuple[Watchers, Objects, list[WatchState]]]:
    heard: list[WatchState] = []
    hub = Hub(time=time.monotonic, cpu_time=time.thread_time)
    objects = Objects(epoch="e", publish=hub.publish, resource_of=lambda one: BY_STRUCT[type(one)])
    async with Watchers(objects=objects, projections=PROJECTIONS, notify=heard.append, poll_s=1.0) as watchers:
        yield watchers, objects, heard


def config(sim: xensim.Sim, server_id: str = "s1", **changes: object) -> ServerConfig:
    values: dict[str, object] = {"host": sim.url, "username": "root", "password": "xensim", "allow_unauthorized": True}
    return ServerConfig(id=server_id, **{**values, **changes})  # type: ignore[arg-type]  # by name


async def test_a_pool_is_connected_through_one_server_only() -> None:
    async with xensim.serve(hosts=2, vms=3, seed=1, tls=False, port=0) as sim, watching() as (watchers, objects, _):
        await watchers.start(config(sim))
        first = await watchers.first_result("s1")
        assert first.state is State.CONNECTED
        assert first.latency_ms is not None
        assert first.latency_ms > 0
        count = len(objects)
        await watchers.start(config(sim, "s2"))
        second = await watchers.first_result("s2")
        assert second.state is State.REFUSED
        assert second.trouble is not None
        assert (second.trouble.code, second.trouble.data["serverId"]) == ("pool-already-connected", "s1")
        await watchers.stop("s2", forget=True)
        assert len(objects) == count
        await watchers.stop("s1", forget=True)
        assert len(objects) == 0
        await watchers.start(config(sim, "s2"))
        assert (await watchers.first_result("s2")).state is State.CONNECTED


async def test_an_address_that_leads_to_another_pool_waits_for_a_human() -> None:
    async with xensim.serve(hosts=1, vms=1, seed=1, tls=False, port=0) as sim, watching() as (watchers, objects, _):
        await watchers.start(config(sim, expected_pool="another"))
        state = await watchers.first_result("s1")
        assert state.state is State.REFUSED
        assert state.trouble is not None
        assert state.trouble.code == "pool-changed"
        assert len(objects) == 0


async def test_a_wrong_password_is_not_tried_again() -> None:
    options = {"hosts": 1, "vms": 0, "seed": 1, "tls": False, "port": 0, "login_penalty_s": 0}
    async with xensim.serve(**options) as sim, watching() as (watchers, _, heard):  # type: ignore[arg-type]  # by name
        await watchers.start(config(sim, password="wrong"))
        assert (await watchers.first_result("s1")).state is State.REFUSED
        await asyncio.sleep(1.5)
        assert [one.state for one in heard].count(State.REFUSED) == 1


async def test_two_pools_do_not_touch_each_other() -> None:
    async with (
        xensim.serve(hosts=1, vms=2, seed=1, tls=False, port=0) as one,
        xensim.serve(hosts=1, vms=2, seed=2, tls=False, port=0) as other,
        watching() as (watchers, objects, _),
    ):
        await watchers.start(config(one, "s1"))
        await watchers.start(config(other, "s2"))
        first = await watchers.first_result("s1")
        assert (await watchers.first_result("s2")).state is State.CONNECTED
        one.faults.hang(30)
        vm = next(iter(other.db.refs("VM")))
        other.set("VM", vm, name_label="alive")
        async with asyncio.timeout(10):
            while watchers.state("s1").state is not State.STALE:
                await asyncio.sleep(0.1)
        assert watchers.state("s2").state is State.CONNECTED
        names = [getattr(entry.object, "name_label", "") for entry in objects.pooled()]
        assert "alive" in names
        assert first.pool_id is not None
        assert objects.of_pool(first.pool_id), "the silent pool's objects stay"


async def test_a_record_that_lies_costs_only_itself() -> None:
    async with xensim.serve(hosts=1, vms=3, seed=1, tls=False, port=0) as sim, watching() as (watchers, objects, _):
        vm, other = list(sim.db.refs("VM"))[:2]
        sim.db.rows("VM")[vm].record["VCPUs_max"] = "not a number"
        sim.db.rows("VM")[vm].record["tags"] = 7
        sim.set("VM", vm, name_label="liar")
        sim.set("VM", other, name_label="honest")
        await watchers.start(config(sim))
        assert (await watchers.first_result("s1")).state is State.CONNECTED
        names = {getattr(entry.object, "name_label", "") for entry in objects.pooled()}
        assert "honest" in names
        assert "liar" not in names
