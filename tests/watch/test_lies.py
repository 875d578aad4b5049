"""Pools that lie: whatever one says, it costs itself, a bounded amount, and nobody else."""

import asyncio
import copy
import time
from typing import Any

import pytest

import xensim
from podium.watch import watcher
from podium.watch.state import ServerConfig, State
from tests.liar import Lie, in_each, lying, snapshots
from tests.watch.test_watcher import watching


def config(url: str) -> ServerConfig:
    return ServerConfig(id="s1", host=url, username="root", password="xensim")


LIES: dict[str, Lie] = {
    "wrong types": in_each("vm", name_label=5, tags=None, VCPUs_max="x", snapshots={}, other_config=[]),
    "huge name": in_each("vm", name_label="x" * 2_000_000),
    "ids of any kind": in_each("vm", uuid="a/../\"'\\ \n\u202e%2f"),
    "no ids": in_each("vm", uuid=""),
    "many tags": in_each("vm", tags=[str(one) for one in range(100_000)]),
    "links to nowhere": in_each("vm", VBDs=["OpaqueRef:NULL"] * 1000, VIFs=[f"OpaqueRef:{n}" for n in range(50_000)]),
    "an entity bomb": in_each(
        "vm",
        recommendations='<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><r>&b;</r>',
    ),
    "a deep tree": in_each("vm", recommendations="<a>" * 100_000 + "</a>" * 100_000),
    "a wide tree": in_each(
        "vm",
        other_config={
            "xscontainer-monitor": "1",
            "docker_ps": "<docker_ps>" + "<item><entry><names>n</names></entry></item>" * 100_000 + "</docker_ps>",
        },
    ),
    "a huge message": in_each("message", name="ALARM", body="<value>" * 500_000),
    "a parent of itself": in_each("vdi", sm_config={"vhd-parent": "x"}, uuid="x"),
    "numbers": in_each("vm", memory_static_max=10**30, VCPUs_max=-1, memory_target="9" * 5000),
    "dates": in_each("vm", snapshot_time="99999999T99:99:99Z"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_lie_costs_only_itself(lie: Lie) -> None:
    async with (
        xensim.serve(hosts=1, vms=3, seed=1, tls=False, port=0) as sim,
        lying(sim, lie) as liar,
        watching() as (watchers, objects, _),
    ):
        await watchers.start(config(liar.url))
        assert (await watchers.first_result("s1")).state is State.CONNECTED
        assert objects.of_type("host")
        assert objects.of_type("network")
        liar.lie = lambda *_: None
        network = next(iter(sim.db.refs("network")))
        sim.set("network", network, name_label="the truth")
        async with asyncio.timeout(5):
            while "the truth" not in {getattr(one.object, "name_label", "") for one in objects.pooled()}:
                await asyncio.sleep(0.01)


async def test_no_tree_holds_the_loop() -> None:
    """100,000 containers in a text of 4 MB: nobody reads that, so nobody waits for it."""
    began = time.perf_counter()
    await test_a_lie_costs_only_itself(LIES["a wide tree"])
    assert time.perf_counter() - began < 5


async def test_what_cannot_be_read_is_not_asked_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "RECONCILE_S", 0.1)
    async with (
        xensim.serve(hosts=1, vms=3, seed=1, tls=False, port=0) as sim,
        lying(sim, in_each("vm", VCPUs_max={"no": "number"})) as liar,
        watching() as (watchers, objects, _),
    ):
        await watchers.start(config(liar.url))
        await watchers.first_result("s1")
        assert not objects.of_type("VM")
        host = next(iter(sim.db.refs("host")))
        for turn in range(40):
            sim.set("host", host, name_description=str(turn))
            await asyncio.sleep(0.05)
        again = [params for method, params in liar.calls if method == "event.from" and params[1] == ["vm"]]
        assert 2 < len(again) < 8  # the first fetch, and after 0, 0.2, 0.4, 0.8, 1.6 s
        liar.lie = lambda *_: None
        await asyncio.sleep(2)
        for turn in range(20):  # once it can be read, it is there at the next try
            sim.set("host", host, name_description=f"again {turn}")
            await asyncio.sleep(0.1)
        assert objects.of_type("VM")


async def test_a_pool_that_answers_at_once_is_not_asked_without_pause() -> None:
    def at_once(request: dict[str, Any], result: dict[str, Any]) -> dict[str, Any] | None:
        token = request["params"][2]
        return {"events": [], "token": token, "valid_ref_counts": {}} if token and not result else None

    async with (
        xensim.serve(hosts=1, vms=0, seed=1, tls=False, port=0) as sim,
        lying(sim, at_once) as liar,
        watching() as (watchers, *_),
    ):
        await watchers.start(config(liar.url))
        await watchers.first_result("s1")
        await asyncio.sleep(1)
        assert len(liar.calls) < 300
        assert watchers.state("s1").state is State.CONNECTED


async def test_no_more_members_than_a_pool_can_have() -> None:
    def crowd(_request: dict[str, Any], result: dict[str, Any]) -> None:
        for host in snapshots(result, "host")[:1]:
            for number in range(2000):
                record = copy.deepcopy(host) | {
                    "uuid": f"h{number}",
                    "address": f"127.{number // 250}.{number % 250}.9",
                }
                result["events"].append(
                    {"class": "host", "operation": "add", "ref": f"OpaqueRef:{number}", "snapshot": record}
                )

    async with (
        xensim.serve(hosts=1, vms=0, seed=1, tls=False, port=0) as sim,
        lying(sim, crowd) as liar,
        watching() as (watchers, *_),
    ):
        await watchers.start(config(liar.url))
        state = await watchers.first_result("s1")
        assert state.state is State.CONNECTED
        assert len(state.members) == watcher.MEMBERS
