"""Commands at a real simulated pool: long work is followed and stopped, and one reads what one wrote."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import xensim
from podium.cache.objects import Objects
from podium.errors import PoolUnreachable, ReadOnly
from podium.model.vm import VM
from podium.watch.commands import Commands
from podium.xapi.errors import XapiError
from tests.watch.test_watcher import config, watching


@asynccontextmanager
async def connected(sim: xensim.Sim, **changes: Any) -> AsyncIterator[tuple[Commands, Objects, str]]:
    async with watching() as (watchers, objects, _):
        await watchers.start(config(sim, **changes))
        state = await watchers.first_result("s1")
        assert state.pool_id is not None
        yield Commands(watchers), objects, state.pool_id


def halted(objects: Objects) -> VM:
    vm = next(entry.object for entry in objects.ordered("VM") if entry.object.power_state == "Halted")  # type: ignore[attr-defined]
    assert isinstance(vm, VM)
    return vm


def state(objects: Objects, vm: VM) -> str:
    entry = objects.get(vm.id)
    assert entry is not None
    assert isinstance(entry.object, VM)
    return entry.object.power_state


async def test_a_task_of_the_pool_is_followed_to_its_end_and_destroyed() -> None:
    options = {"hosts": 2, "vms": 6, "seed": 1, "tls": False, "port": 0, "pace": 0.2}
    async with xensim.serve(**options) as sim, connected(sim) as (commands, objects, pool):  # type: ignore[arg-type]  # by name
        vm = halted(objects)
        before = set(sim.db.refs("task"))
        heard: list[float] = []
        await commands.run(pool, "VM.start", vm.xapi_ref, False, False, progress=heard.append)
        await commands.caught_up(pool)
        assert state(objects, vm) == "Running"
        assert heard == sorted(heard)
        assert set(sim.db.refs("task")) == before


async def test_what_the_pool_refuses_comes_with_its_own_words() -> None:
    async with (
        xensim.serve(hosts=1, vms=6, seed=1, tls=False, port=0) as sim,
        connected(sim) as (commands, objects, pool),
    ):
        vm = halted(objects)
        with pytest.raises(XapiError) as caught:
            await commands.run(pool, "VM.clean_shutdown", vm.xapi_ref)
        assert (caught.value.code, caught.value.params[0]) == ("VM_BAD_POWER_STATE", vm.xapi_ref)


async def test_who_is_cancelled_has_the_pool_stop_its_work() -> None:
    options = {"hosts": 2, "vms": 6, "seed": 1, "tls": False, "port": 0, "pace": 20.0}
    async with xensim.serve(**options) as sim, connected(sim) as (commands, objects, pool):  # type: ignore[arg-type]  # by name
        vm = halted(objects)
        before = set(sim.db.refs("task"))
        late: list[str] = []
        work = asyncio.create_task(commands.run(pool, "VM.start", vm.xapi_ref, False, False, too_late=late.append))
        while set(sim.db.refs("task")) == before:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert set(sim.db.refs("task")) == before
        assert not late
        await commands.caught_up(pool)
        assert state(objects, vm) == "Halted"


async def test_one_reads_what_one_wrote_however_often() -> None:
    async with (
        xensim.serve(hosts=1, vms=3, seed=1, tls=False, port=0) as sim,
        connected(sim) as (commands, objects, pool),
    ):
        vm = halted(objects)
        for number in range(20):
            await commands.call(pool, "VM.set_name_label", vm.xapi_ref, f"name {number}")
            assert await commands.caught_up(pool)
            entry = objects.get(vm.id)
            assert entry is not None
            assert getattr(entry.object, "name_label", "") == f"name {number}"
        await asyncio.gather(*(commands.caught_up(pool) for _ in range(50)))


async def test_a_read_only_pool_is_not_written_to_and_an_absent_one_says_so() -> None:
    async with (
        xensim.serve(hosts=1, vms=1, seed=1, tls=False, port=0) as sim,
        connected(sim, read_only=True) as (commands, _, pool),
    ):
        with pytest.raises(ReadOnly):
            commands.require_writable(pool)
        with pytest.raises(PoolUnreachable):
            await commands.call("another", "pool.get_all")
