"""A VM with a past of all sorts: its coarse rows are the means of what is known of the fine ones, however asked for."""

import json
from math import isnan

import numpy as np
import pytest

from tests.xensim.caller import Caller
from tests.xensim.rrds import Rows, ask, guests, measured, read_dump, same, updates, uuid
from xensim.schema import NULL_REF


async def _eventful(caller: Caller) -> tuple[str, str]:
    """A VM that was paused, moved, stopped and started, and got a disk and a source; and the host it is on."""
    sim, home = caller.sim, caller.sim.pool.coordinator
    other = next(ref for ref in sim.db.refs("host") if ref != home)
    vm = next(vm for vm in guests(sim) if _moves(caller, vm))
    clock = sim.pool.clock
    await updates(caller, start=-10)
    await caller.call("VM.pause", vm)
    clock.advance(47)
    await caller.call("VM.unpause", vm)
    clock.advance(31)
    await caller.call("VM.pool_migrate", vm, other, {})
    clock.advance(73)
    await caller.call("VM.hard_shutdown", vm)
    clock.advance(98)
    await caller.call("VM.start_on", vm, other, False, False)
    clock.advance(44)
    vdi = sim.db.create("VDI", {"SR": sim.db.by_name("SR", "NFS vm-store")[0], "virtual_size": 1 << 30})
    vbd = sim.db.create("VBD", {"VM": vm, "VDI": vdi, "userdevice": "9", "mode": "RW", "type": "Disk", "empty": False})
    sim.set("VBD", vbd, currently_attached=True, device="xvdj")
    clock.advance(37)
    await caller.call("VM.record_data_source", vm, "runstate_blocked")
    clock.advance(93)
    return vm, other


async def test_a_minute_is_the_mean_of_what_is_known_of_it() -> None:
    async with measured() as caller:
        vm, host = await _eventful(caller)
        owner = uuid(caller.sim, "VM", vm)
        fine = (await updates(caller, host, start=-590), await updates(caller, host, start=-525, interval=60))
        unknown = _compare(fine[0], fine[1], owner, xff=0.5)
        assert 1 <= unknown["memory"] < unknown["vbd_xvdj_read"] <= unknown["runstate_blocked"]
        assert not all(isnan(value) for value in fine[1].of(owner)["runstate_blocked"])

        # With MIN and MAX a minute is known when any of it is.
        caller.sim.set("pool", caller.sim.pool.ref, other_config={"create_min_max_in_new_VM_RRDs": "true"})
        both = await updates(caller, host, start=-525, interval=60)
        assert sum(_compare(fine[0], both, owner, xff=1.0).values()) < sum(unknown.values())
        for at, time in enumerate(both.times):
            for name, values in both.of(owner, "MAX").items():
                known = [value for value in _minute(fine[0], owner, name, time) if not isnan(value)]
                assert same([values[at]], [max(known)] if known else [np.nan]), name


async def test_updates_and_the_whole_rrd_agree_on_it() -> None:
    async with measured() as caller:
        vm, host = await _eventful(caller)
        owner = uuid(caller.sim, "VM", vm)
        caller.sim.set("pool", caller.sim.pool.ref, other_config={"create_min_max_in_new_VM_RRDs": "true"})
        whole = read_dump(json.loads((await ask(caller, "/vm_rrd", host, uuid=owner, json="true")).body))
        assert len(whole) == 10
        for (step, cf), kept in whole.items():
            start = kept.times[-1] + step + 1
            rows = await updates(caller, host, start=start, interval=step, cf=cf, vm_uuid=owner)
            assert (rows.step, list(rows.of(owner, cf))) == (step, list(kept.columns))
            for name, values in rows.of(owner, cf).items():
                assert same(values, kept.columns[name][: len(values)]), (step, cf, name)


async def test_both_hosts_have_it_in_their_past_while_it_was_there() -> None:
    async with measured(vms=8) as caller:
        sim, home = caller.sim, caller.sim.pool.coordinator
        vm, other = await _eventful(caller)
        await caller.call("VM.pool_migrate", vm, home, {})
        sim.pool.clock.advance(60)
        running = {}
        for host in (home, other):
            shown = (await updates(caller, host, start=-500, host="true")).of(uuid(sim, "host", host))
            running[host] = np.array(shown["running_domains"])
        # Never on two hosts; on one unless it was paused, stopped, or on its way for a measurement or two.
        both = running[home] + running[other]
        assert both.max() - both.min() == 1
        assert running[home][0] == running[home].max()
        assert running[other][0] == running[other].min()
        assert 28 < (both == both.min()).sum() < 40


def _compare(fine: Rows, coarse: Rows, owner: str, *, xff: float) -> dict[str, int]:
    """How many minutes of each source are unknown, each minute having been compared."""
    found = {}
    for name, values in coarse.of(owner).items():
        for at, time in enumerate(coarse.times):
            minute = _minute(fine, owner, name, time)
            known = [value for value in minute if not isnan(value)]
            if len(known) == 0 or len(known) < (1 - xff) * 12:
                assert isnan(values[at]), (name, at, known)
            else:
                assert values[at] == pytest.approx(np.mean(known), rel=1e-5, abs=1e-9), (name, at)
        found[name] = sum(map(isnan, values))
    return found


def _minute(fine: Rows, owner: str, name: str, end: int) -> list[float]:
    return [fine.of(owner)[name][fine.times.index(end - at * 5)] for at in range(12)]


def _moves(caller: Caller, vm: str) -> bool:
    db = caller.sim.db
    disks = [str(db.field("VBD", str(vbd), "VDI")) for vbd in db.items("VM", vm, "VBDs")]
    shared = (db.field("SR", str(db.field("VDI", vdi, "SR")), "shared") for vdi in disks if vdi != NULL_REF)
    return bool(disks) and all(shared)
