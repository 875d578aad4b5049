"""What is measured agrees with the state of the pool, and what happened shows in it."""

from math import isnan

import numpy as np
import pytest

from tests.xensim.caller import Caller
from tests.xensim.rrds import ask, guests, measured, read_xml_dump, updates, uuid
from xensim.schema import NULL_REF

DISK = (
    "read", "write", "read_latency", "write_latency", "latency", "io_throughput_read", "io_throughput_write",
    "io_throughput_total", "iops_read", "iops_write", "iops_total", "iowait", "inflight", "avgqu_sz",
)  # fmt: skip


async def test_each_vm_has_the_sources_of_its_devices() -> None:
    async with measured(vms=40) as caller:
        sim, db = caller.sim, caller.sim.db
        rows = await updates(caller, start=-10)
        silent = 0
        for vm in guests(sim):
            record, shown = db.record("VM", vm), rows.of(uuid(sim, "VM", vm))
            metrics = db.record("VM_metrics", str(record["metrics"]))
            expected = {f"cpu{at}" for at in range(int(str(metrics["VCPUs_number"])))}
            expected |= {"cpu_usage", "memory", "memory_target"}
            for vbd in db.items("VM", vm, "VBDs"):
                drive = db.record("VBD", str(vbd))
                if not drive["empty"]:
                    expected |= {f"vbd_{drive['device']}_{name}" for name in DISK}
            for vif in db.items("VM", vm, "VIFs"):
                expected |= {f"vif_{db.field('VIF', str(vif), 'device')}_{way}" for way in ("rx", "tx")}
            agent = str(record["guest_metrics"])
            if db.exists("VM_guest_metrics", agent) and db.field("VM_guest_metrics", agent, "PV_drivers_detected"):
                expected.add("memory_internal_free")
                assert 0 < shown["memory_internal_free"][0] * 1024 < shown["memory"][0]
            else:
                silent += 1
            assert shown.keys() == expected
            assert shown["memory"][0] == np.float32(int(str(metrics["memory_actual"])))
            assert shown["memory_target"][0] == np.float32(int(str(record["memory_target"])))
            cpus = [values[0] for name, values in shown.items() if name.startswith("cpu") and name != "cpu_usage"]
            assert all(0 <= value <= 1 for value in cpus)
            assert shown["cpu_usage"][0] == pytest.approx(np.mean(cpus), rel=1e-4)
        assert 0 < silent < len(guests(sim))


async def test_a_host_is_the_sum_of_its_vms() -> None:
    async with measured(vms=60) as caller:
        sim, db = caller.sim, caller.sim.db
        home = sim.pool.coordinator
        rows = await updates(caller, start=-600, host="true")
        shown = rows.of(uuid(sim, "host", home))
        count = int(str(db.entries("host", home, "cpu_info")["cpu_count"]))
        cpus = np.array([shown[f"cpu{at}"] for at in range(count)])
        assert np.allclose(cpus.mean(axis=0), shown["cpu_avg"], rtol=1e-4)
        assert cpus.min() >= 0
        assert cpus.max() <= 1
        asked = np.zeros(len(rows.times))
        reads: dict[str, np.ndarray] = {}
        for vm in db.items("host", home, "resident_VMs"):
            owned = rows.of(uuid(sim, "VM", str(vm)))
            for name, values in owned.items():
                if name.startswith("cpu") and name != "cpu_usage":
                    asked += np.nan_to_num(values)
            for vbd in db.items("VM", str(vm), "VBDs"):
                drive = db.record("VBD", str(vbd))
                if drive["currently_attached"] and not drive["empty"]:
                    sr = uuid(sim, "SR", str(db.field("VDI", str(drive["VDI"]), "SR")))[:8]
                    reads.setdefault(sr, np.zeros(len(rows.times)))
                    reads[sr] += np.nan_to_num(owned[f"vbd_{drive['device']}_read"])
        load = asked / count
        assert np.allclose(np.array(shown["cpu_avg"])[load < 0.65], load[load < 0.65], atol=0.01)
        assert any(load < 0.65)
        assert reads
        for sr, total in reads.items():
            assert np.allclose(shown[f"read_{sr}"], total, rtol=1e-3)
            assert np.allclose(np.array(shown[f"io_throughput_read_{sr}"]) * 2**20, total, rtol=1e-3)
        metrics = db.record("host_metrics", str(db.field("host", home, "metrics")))
        assert shown["memory_total_kib"][0] == np.float32(int(str(metrics["memory_total"])) / 1024)
        assert shown["memory_free_kib"][0] == np.float32(int(str(metrics["memory_free"])) / 1024)
        assert shown["running_domains"][0] == len(guests(sim)) + 1  # and the control domain


async def test_a_host_has_the_sources_of_its_ports_and_storage() -> None:
    async with measured() as caller:
        sim, db = caller.sim, caller.sim.db
        for home in db.refs("host"):
            shown = (await updates(caller, home, start=-10, host="true")).of(uuid(sim, "host", home))
            pifs = [db.record("PIF", str(pif)) for pif in db.items("host", home, "PIFs")]
            devices = {str(pif["device"]) for pif in pifs if not str(pif["device"]).startswith("tunnel")}
            found = {name[4:-3] for name in shown if name.startswith("pif_") and name.endswith("_rx")}
            assert found == devices | {"aggr"}
            physical = [str(pif["device"]) for pif in pifs if pif["physical"]]
            total = sum(shown[f"pif_{device}_rx"][0] for device in physical)
            assert shown["pif_aggr_rx"][0] == pytest.approx(total, rel=1e-3)
            plugged = {
                uuid(sim, "SR", str(db.field("PBD", str(pbd), "SR")))[:8]
                for pbd in db.items("host", home, "PBDs")
                if db.field("PBD", str(pbd), "currently_attached")
            }
            assert {name[5:] for name in shown if name.startswith("read_") and len(name) == 13} == plugged
            leads = home == sim.pool.coordinator
            assert (shown["pool_session_count"][0] > 0) == leads
        pbd = next(
            str(pbd)
            for pbd in db.items("host", sim.pool.coordinator, "PBDs")
            if db.field("PBD", str(pbd), "currently_attached")
        )
        gone = uuid(sim, "SR", str(db.field("PBD", pbd, "SR")))[:8]
        sim.set("PBD", pbd, currently_attached=False)
        shown = (await updates(caller, start=-10, host="true")).of(uuid(sim, "host", sim.pool.coordinator))
        assert f"read_{gone}" not in shown


async def test_a_paused_vm_does_nothing_and_keeps_its_memory() -> None:
    async with measured() as caller:
        sim = caller.sim
        vm = guests(sim)[0]
        owner = uuid(sim, "VM", vm)
        before = (await updates(caller, start=-30)).of(owner)
        await caller.call("VM.pause", vm)
        sim.pool.clock.advance(30)
        rows = await updates(caller, start=-50)
        shown, during = rows.of(owner), 4
        assert all(values[:during] == [0.0] * during for name, values in shown.items() if not name.startswith("memory"))
        assert shown["memory"][0] == before["memory"][0]
        assert shown["cpu_usage"][-1] > 0  # before it was paused
        assert not any(isnan(value) for value in shown["cpu_usage"])
        await caller.call("VM.unpause", vm)
        sim.pool.clock.advance(15)
        assert (await updates(caller, start=-5)).of(owner)["cpu_usage"][0] > 0


async def test_a_new_vm_begins_when_it_starts() -> None:
    async with measured() as caller:
        sim, home = caller.sim, caller.sim.pool.coordinator
        vm = await _new_vm(caller)
        owner = uuid(sim, "VM", vm)
        never = await ask(caller, "/vm_rrd", uuid=owner)
        assert (never.status, b"Not_found" in never.body) == (500, True)
        await caller.call("VM.start_on", vm, home, False, False)
        sim.pool.clock.advance(63)
        for interval, most in ((5, 13), (60, 1), (3600, 0), (86400, 0)):
            shown = (await updates(caller, start=-3 * 86400 if interval > 60 else -590, interval=interval)).of(owner)
            known = [at for at, value in enumerate(shown["memory"]) if not isnan(value)]
            assert len(known) <= most
            assert known == list(range(len(known)))  # the newest ones
            if interval == 5:
                assert len(known) >= 11
                assert all(not isnan(values[0]) for values in shown.values())


async def test_a_vm_that_moves_takes_its_history_along() -> None:
    async with measured() as caller:
        sim, home = caller.sim, caller.sim.pool.coordinator
        other = next(ref for ref in sim.db.refs("host") if ref != home)
        vm = next(vm for vm in guests(sim) if not _local(caller, vm))
        owner = uuid(sim, "VM", vm)
        before = await updates(caller, start=-590, host="true")
        mine, whole = before.of(owner), before.of(uuid(sim, "host", home))
        await caller.call("VM.pool_migrate", vm, other, {})
        sim.pool.clock.advance(60)
        assert not (await updates(caller, start=-590)).of(owner)
        after = await updates(caller, other, start=-590)
        shown = after.of(owner)
        unknown = [time for time, value in zip(after.times, shown["memory"], strict=True) if isnan(value)]
        assert 1 <= len(unknown) <= 4
        assert min(unknown) > before.end - 5
        assert not isnan(shown["memory"][0])
        for at, time in enumerate(after.times):
            if time in before.times and time not in unknown:
                place = before.times.index(time)
                assert {name: values[at] for name, values in shown.items()} == {
                    name: values[place] for name, values in mine.items()
                }
        # The host that it left still has it in its past.
        later = await updates(caller, start=-590, host="true")
        past = later.of(uuid(sim, "host", home))
        for time in later.times[14:]:
            at, place = later.times.index(time), before.times.index(time)
            assert past["cpu_avg"][at] == pytest.approx(whole["cpu_avg"][place], rel=1e-4)
        moved = await ask(caller, "/vm_rrd", home, uuid=owner)
        assert moved.status == 302
        assert f"{sim.db.field('host', other, 'address')}:{sim.port}/vm_rrd?" in moved.head


async def test_the_coordinator_keeps_the_rrd_of_a_halted_vm_and_a_restart_continues_it() -> None:
    async with measured() as caller:
        sim, home = caller.sim, caller.sim.pool.coordinator
        other = next(ref for ref in sim.db.refs("host") if ref != home)
        vm = next(vm for vm in guests(sim) if not _local(caller, vm))
        owner = uuid(sim, "VM", vm)
        before = (await updates(caller, start=-300)).of(owner)
        await caller.call("VM.hard_shutdown", vm)
        sim.pool.clock.advance(100)
        assert not (await updates(caller, start=-300)).of(owner)
        assert (await ask(caller, "/vm_rrd", other, uuid=owner)).status == 302
        kept = read_xml_dump((await ask(caller, "/vm_rrd", home, uuid=owner)).body)[5, "AVERAGE"]
        assert kept.columns.keys() == before.keys()
        assert kept.columns["memory"][0] == before["memory"][0]
        assert kept.end <= sim.pool.clock.now() - 100
        await caller.call("VM.start_on", vm, home, False, False)
        sim.pool.clock.advance(30)
        rows = await updates(caller, start=-500)
        memory = rows.of(owner)["memory"]
        gap = [at for at, value in enumerate(memory) if isnan(value)]
        assert 18 <= len(gap) <= 21
        assert 0 < gap[0] < gap[-1] < len(memory) - 1
        assert gap == list(range(gap[0], gap[-1] + 1))


async def test_a_plugged_disk_begins_when_it_is_plugged() -> None:
    async with measured() as caller:
        sim, db = caller.sim, caller.sim.db
        vm = next(vm for vm in guests(sim) if not _local(caller, vm))
        owner = uuid(sim, "VM", vm)
        before = (await updates(caller, start=-10)).of(owner)
        vdi = db.create("VDI", {"SR": db.by_name("SR", "NFS vm-store")[0], "virtual_size": 1 << 30})
        vbd = db.create(
            "VBD", {"VM": vm, "VDI": vdi, "userdevice": "9", "mode": "RW", "type": "Disk", "empty": False}
        )  # fmt: skip
        sim.set("VBD", vbd, currently_attached=True, device="xvdj")
        sim.pool.clock.advance(63)
        rows = await updates(caller, start=-590)
        shown = rows.of(owner)
        assert shown.keys() - before.keys() == {f"vbd_xvdj_{name}" for name in DISK}
        known = [at for at, value in enumerate(shown["vbd_xvdj_read"]) if not isnan(value)]
        assert known == list(range(len(known)))
        assert 11 <= len(known) <= 13
        assert not any(isnan(value) for value in shown["memory"])
        sim.set("VBD", vbd, currently_attached=False)
        assert (await updates(caller, start=-10)).of(owner).keys() == before.keys()


async def test_values_are_the_same_by_seed_and_different_by_vm() -> None:
    async with measured(vms=60) as caller:
        one = await updates(caller, start=-300, host="true")
    async with measured(vms=60) as caller:
        again = await updates(caller, start=-300, host="true")
    assert {k: v for k, v in one.columns.items() if "pool_" not in k} == {
        k: v for k, v in again.columns.items() if "pool_" not in k
    }
    use = [values[0] for name, values in one.columns.items() if name.endswith(":cpu_usage")]
    assert len(set(use)) >= len(use) - 1  # a paused one or two are at 0


async def test_vms_are_of_all_kinds_and_none_jumps() -> None:
    async with measured(hosts=1, vms=200) as caller:
        rows = await updates(caller, start=-590)
        running = {uuid(caller.sim, "VM", vm) for vm in guests(caller.sim)}
    use = np.array(
        [values for name, values in rows.columns.items() if name.endswith(":cpu_usage") and name[11:47] in running]
    )
    assert len(use) == len(running)
    assert (use[:, 0] < 0.1).mean() > 0.2  # idle
    assert (use[:, 0] > 0.2).mean() > 0.05  # at work
    assert 0 < (use[:, 0] > 0.85).mean() < 0.1  # hot
    assert np.abs(np.diff(use)).max() < 0.3
    assert np.ptp(use, axis=1).min() > 0


def _local(caller: Caller, vm: str) -> bool:
    """Whether a disk binds the VM to its host."""
    db = caller.sim.db
    disks = (str(db.field("VBD", str(vbd), "VDI")) for vbd in db.items("VM", vm, "VBDs"))
    return any(vdi != NULL_REF and not db.field("SR", str(db.field("VDI", vdi, "SR")), "shared") for vdi in disks)


async def _new_vm(caller: Caller) -> str:
    template = caller.sim.db.by_name("VM", "Other install media")[0]
    vm: str = await caller.call("VM.clone", template, "new")
    await caller.call("VM.set_is_a_template", vm, False)
    return vm
