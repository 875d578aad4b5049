"""New VMs from old ones, their snapshots and their end, and the settings that are checked."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.xensim.lab import GIB, Lab, opened, vdi_record
from xensim.ops import images, memory
from xensim.ops.values import mapping, number, strings, text
from xensim.schema import NULL_REF


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


# copies


async def test_a_clone_of_a_default_template_is_an_ordinary_one(lab: Lab) -> None:
    template = lab.db.by_name("VM", "Windows 11")[0]
    vm = await lab.call("VM.clone", template, "mine")
    record = lab.vm(vm)
    assert record["is_a_template"] is True
    assert record["is_default_template"] is False
    config = mapping(record["other_config"])
    assert "default_template" not in config
    assert config["base_template_name"] == "Windows 11"
    assert config["mac_seed"] != mapping(lab.vm(template)["other_config"])["mac_seed"]


async def test_provision_needs_an_sr_and_is_half_done_without(lab: Lab) -> None:
    template = lab.db.by_name("VM", "Debian Bookworm 12")[0]
    vm = await lab.call("VM.clone", template, "mine")
    assert await lab.fails("VM.provision", vm) == ["UUID_INVALID", "sr", ""]
    assert lab.vm(vm)["is_a_template"] is False


async def test_a_clone_stands_on_the_same_base_copy(lab: Lab) -> None:
    vm = await lab.new_vm()
    clone = await lab.call("VM.clone", vm, "twin")
    parents = {mapping(lab.db.field("VDI", lab.disk(ref), "sm_config"))["vhd-parent"] for ref in (vm, clone)}
    assert len(parents) == 1
    base = lab.db.by_uuid("VDI", parents.pop())
    assert lab.db.field("VDI", base, "managed") is False
    macs = {lab.db.field("VIF", strings(lab.vm(ref)["VIFs"])[0], "MAC") for ref in (vm, clone)}
    assert len(macs) == 2


async def test_a_copy_is_full_and_may_change_its_sr(lab: Lab) -> None:
    vm = await lab.new_vm()
    other = lab.db.by_name("SR", "iSCSI tier 1")[0]
    copy = await lab.call("VM.copy", vm, "moved", other)
    assert lab.db.field("VDI", lab.disk(copy), "SR") == other
    assert "vhd-parent" not in mapping(lab.db.field("VDI", lab.disk(copy), "sm_config"))
    assert await lab.fails("VM.copy", vm, "x", "OpaqueRef:none") == ["HANDLE_INVALID", "SR", "OpaqueRef:none"]


async def test_a_copy_takes_the_time_of_its_bytes_and_shows_how_far_it_is(lab: Lab) -> None:
    vm = await lab.new_vm(disks=2)
    for at in range(2):
        lab.db.set("VDI", lab.disk(vm, at), physical_utilisation=4 * GIB)  # 20 s each
    lab.pool.pace = 0.005
    began = asyncio.get_running_loop().time()
    task = await lab.call("Async.VM.copy", vm, "far", NULL_REF)
    seen: set[float] = set()
    while lab.db.field("task", task, "status") == "pending":
        await lab.db.changed.wait()
        seen.add(float(str(lab.db.field("task", task, "progress"))))
        assert set(mapping(lab.vm(vm)["current_operations"]).values()) <= {"copy"}
    assert asyncio.get_running_loop().time() - began >= 0.15
    assert len(seen) > 20
    assert max(seen) == 1.0
    for at in range(2):
        lab.db.set("VDI", lab.disk(vm, at), physical_utilisation=images.GRAIN)
        lab.db.set("VDI", lab.disk(lab.db.by_name("VM", "far")[0], at), physical_utilisation=images.GRAIN)


async def test_a_cancelled_copy_leaves_nothing_behind(lab: Lab) -> None:
    vm = await lab.new_vm(disks=2)
    before = {cls: lab.db.count(cls) for cls in ("VM", "VDI", "VBD", "VIF", "VM_metrics")}
    used = lab.db.field("SR", lab.nfs, "physical_utilisation")
    lab.pool.pace = 0.1
    task = await lab.call("Async.VM.copy", vm, "never", NULL_REF)
    while lab.db.count("VDI") == before["VDI"]:
        await lab.db.changed.wait()
    assert lab.db.field("VDI", lab.disk(vm), "allowed_operations") == ["copy"]
    assert (await lab.fails("VDI.destroy", lab.disk(vm)))[0] == "OTHER_OPERATION_IN_PROGRESS"
    lab.pool.tasks.cancel(task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert {cls: lab.db.count(cls) for cls in before} == before
    assert lab.db.field("SR", lab.nfs, "physical_utilisation") == used
    assert lab.db.field("VDI", lab.disk(vm), "current_operations") == {}


async def test_a_copy_holds_the_same_bytes(lab: Lab) -> None:
    vm = await lab.new_vm()
    lab.pool.contents.write(lab.disk(vm), 0, b"data")
    for made in (await lab.call("VM.copy", vm, "copy", NULL_REF), await lab.call("VM.clone", vm, "clone")):
        assert lab.pool.contents.read(lab.disk(made), 0, 4) == b"data"
        lab.pool.contents.write(lab.disk(made), 0, b"mine")
    assert lab.pool.contents.read(lab.disk(vm), 0, 4) == b"data"


async def test_a_copy_needs_room_and_a_host_that_sees_the_sr(lab: Lab) -> None:
    vm = await lab.new_vm()
    other = lab.db.by_name("SR", "iSCSI tier 1")[0]
    size = number(lab.db.field("SR", other, "physical_size"))
    lab.db.set("SR", other, physical_size=0)
    assert (await lab.fails("VM.copy", vm, "x", other))[0] == "SR_FULL"
    lab.db.set("SR", other, physical_size=size)
    drives = next(ref for ref, row in lab.db.rows("SR").items() if row.record["type"] == "udev")
    assert await lab.fails("VM.copy", vm, "x", drives) == ["SR_OPERATION_NOT_SUPPORTED", drives]
    assert lab.db.by_name("VM", "x") == []


async def test_a_suspended_vm_is_cloned_with_its_memory_where_the_pool_says_so(lab: Lab) -> None:
    vm = await lab.running_vm()
    await lab.call("VM.set_suspend_SR", vm, lab.db.by_name("SR", "iSCSI tier 1")[0])
    await lab.call("VM.suspend", vm)
    assert await lab.fails("VM.clone", vm, "x") == ["VM_BAD_POWER_STATE", vm, "halted", "suspended"]
    await lab.call("pool.add_to_other_config", lab.pool.ref, "allow_clone_suspended_vm", "true")
    await lab.call("VM.update_allowed_operations", vm)
    image = text(lab.vm(vm)["suspend_VDI"])
    sr = text(lab.db.field("VDI", image, "SR"))
    size, disks = number(lab.db.field("SR", sr, "physical_size")), lab.db.count("VDI")
    lab.db.set("SR", sr, physical_size=0)
    assert (await lab.fails("VM.clone", vm, "x"))[0] == "SR_FULL"
    assert lab.db.count("VDI") - disks == 1  # the base copy, which stays under the original
    lab.db.set("SR", sr, physical_size=size)
    twin = await lab.call("VM.clone", vm, "twin")
    assert (lab.state(twin), lab.vm(twin)["suspend_VDI"] == image) == ("Suspended", False)
    await lab.call("VM.resume", twin, False, False)
    for ref in list(lab.db.refs("VM")):
        await lab.call("VM.update_allowed_operations", ref)


async def test_a_unique_tpm_is_not_copied(lab: Lab) -> None:
    vm, other = await lab.new_vm(), await lab.new_vm()
    await lab.call("VTPM.create", vm, True)
    await lab.call("VTPM.create", other, False)
    assert lab.vm(await lab.call("VM.clone", vm, "a"))["VTPMs"] == []
    assert len(strings(lab.vm(await lab.call("VM.clone", other, "b"))["VTPMs"])) == 1


async def test_snapshots_grow_a_tree_that_survives_cutting(lab: Lab) -> None:
    vm = await lab.running_vm()
    first = await lab.call("VM.snapshot", vm, "one", [])
    second = await lab.call("VM.snapshot", vm, "two")  # ignore_vdis may be left out
    record = lab.vm(second)
    assert (record["is_a_snapshot"], record["is_a_template"], record["snapshot_of"]) == (True, True, vm)
    assert (record["power_state"], record["parent"], lab.vm(vm)["parent"]) == ("Halted", first, second)
    assert mapping(record["snapshot_info"])["power-state-at-snapshot"] == "Running"
    assert record["allowed_operations"] == ["destroy", "metadata_export", "export", "revert", "copy", "clone"]
    assert lab.db.field("VDI", lab.disk(second), "snapshot_of") == lab.disk(vm)
    await lab.call("VM.destroy", first)
    assert lab.vm(second)["parent"] == NULL_REF
    assert lab.messages(vm).count("VM_SNAPSHOTTED") == 2


async def test_a_snapshot_may_leave_disks_out(lab: Lab) -> None:
    vm = await lab.new_vm(disks=2)
    snapshot = await lab.call("VM.snapshot", vm, "one disk", [lab.disk(vm, 1)])
    assert len(strings(lab.vm(snapshot)["VBDs"])) == 1


async def test_destroying_a_vm_leaves_disks_and_snapshots(lab: Lab) -> None:
    vm = await lab.new_vm()
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    disk, metrics = lab.disk(vm), text(lab.vm(vm)["metrics"])
    await lab.call("VM.destroy", vm)
    assert not lab.db.exists("VM", vm)
    assert not lab.db.exists("VM_metrics", metrics)
    assert lab.db.field("VDI", disk, "VBDs") == []
    assert lab.vm(snapshot)["snapshot_of"] == vm  # dangles, as it does in XenServer


async def test_base_copies_go_with_their_last_child(lab: Lab) -> None:
    vdis = lab.db.count("VDI")
    disk = await lab.call("VDI.create", vdi_record(lab.nfs))
    copy = await lab.call("VDI.clone", disk)
    assert lab.db.count("VDI") == vdis + 3
    await lab.call("VDI.destroy", disk)
    await lab.call("VDI.destroy", copy)
    assert lab.db.count("VDI") == vdis


async def test_vms_can_be_made_from_a_record(lab: Lab) -> None:
    template = lab.vm(lab.db.by_name("VM", "Debian Bookworm 12")[0])
    fields = lab.pool.schema.classes["VM"].fields
    record = {name: value for name, value in template.items() if fields[name].qualifier != "RO/runtime"}
    vm = await lab.call("VM.create", record | {"name_label": "by hand", "is_a_template": False, "other_config": {}})
    assert lab.vm(vm)["power_state"] == "Halted"
    assert "mac_seed" in mapping(lab.vm(vm)["other_config"])
    failure = await lab.fails("VM.create", record | {"VCPUs_at_startup": 9})
    assert failure[::2] == ["INVALID_VALUE", "9"]


async def test_a_vm_becomes_a_template_and_back(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_is_a_template", vm, True)
    assert "provision" in strings(lab.vm(vm)["allowed_operations"])
    await lab.call("VM.set_is_a_template", vm, False)
    appliance = lab.db.by_name("VM_appliance", "empty")[0]
    await lab.call("VM.set_appliance", vm, appliance)
    assert await lab.fails("VM.set_is_a_template", vm, True) == ["VM_IS_PART_OF_AN_APPLIANCE", vm, appliance]
    await lab.call("VM.start", vm, False, False)
    assert (await lab.fails("VM.set_is_a_template", vm, True))[0] == "VM_BAD_POWER_STATE"


# settings


async def test_memory_limits_keep_their_order(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.set_memory_limits", vm, 1, 2, 3, 4) == ["MEMORY_CONSTRAINT_VIOLATION_ORDER"]
    assert await lab.fails("VM.set_memory_static_max", vm, 0) == ["MEMORY_CONSTRAINT_VIOLATION_ORDER"]
    assert await lab.fails("VM.set_memory_dynamic_range", vm, -1, -1) == ["MEMORY_CONSTRAINT_VIOLATION_ORDER"]
    await lab.call("VM.set_memory_limits", vm, GIB, 4 * GIB, 2 * GIB, 3 * GIB)
    record = lab.vm(vm)
    assert [record[f"memory_{name}"] for name in ("static_min", "dynamic_min", "dynamic_max", "static_max")] == [
        GIB, 2 * GIB, 3 * GIB, 4 * GIB,
    ]  # fmt: skip
    await lab.call("VM.set_platform", vm, {"nested-virt": "true"})
    assert (await lab.fails("VM.set_memory_dynamic_min", vm, GIB))[0] == "MEMORY_CONSTRAINT_VIOLATION_MAXPIN"


async def test_the_balloon_of_a_running_vm_moves_the_host_s_memory(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_memory_limits", vm, GIB, 4 * GIB, 4 * GIB, 4 * GIB)
    await lab.call("VM.start", vm, False, False)
    free = memory.free(lab.db, text(lab.vm(vm)["resident_on"]))
    await lab.call("VM.set_memory_dynamic_range", vm, 2 * GIB, 2 * GIB)
    assert memory.free(lab.db, text(lab.vm(vm)["resident_on"])) - free == 2 * GIB
    assert (await lab.fails("VM.set_memory_static_range", vm, GIB, GIB))[0] == "VM_BAD_POWER_STATE"


async def test_vcpus_stay_within_bounds(lab: Lab) -> None:
    vm = await lab.new_vm()
    rule = "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max"
    assert await lab.fails("VM.set_VCPUs_max", vm, 0) == ["INVALID_VALUE", rule, "0"]
    assert await lab.fails("VM.set_VCPUs_at_startup", vm, 64) == ["INVALID_VALUE", rule, "64"]
    assert await lab.fails("VM.set_VCPUs_number_live", vm, 2) == ["VM_BAD_POWER_STATE", vm, "running", "halted"]
    overhead = number(lab.vm(vm)["memory_overhead"])
    await lab.call("VM.set_VCPUs_max", vm, 4)
    assert lab.vm(vm)["memory_overhead"] == (16 + 3 + 4) << 20 != overhead
    await lab.call("VM.start", vm, False, False)
    await lab.call("VM.set_VCPUs_number_live", vm, 3)
    assert lab.db.field("VM_metrics", text(lab.vm(vm)["metrics"]), "VCPUs_number") == 3
    assert await lab.fails("VM.add_to_platform", vm, "cores-per-socket", "3") == [
        "INVALID_VALUE", "platform:cores-per-socket", "3",
    ]  # fmt: skip


async def test_small_settings_are_checked(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.set_ha_restart_priority", vm, "frob") == ["INVALID_VALUE", "ha_restart_priority", "frob"]
    await lab.call("VM.set_ha_restart_priority", vm, "restart")
    await lab.call("VM.start", vm, False, False)
    assert lab.vm(vm)["ha_always_run"] is True
    assert await lab.fails("VM.set_start_delay", vm, -1) == ["INVALID_VALUE", "start_delay", "-1"]
    await lab.call("VM.add_tags", vm, "blue")
    await lab.call("VM.add_tags", vm, "blue")
    assert lab.vm(vm)["tags"] == ["blue"]
    await lab.call("pool.set_name_label", lab.pool.ref, "renamed")
    await lab.call("pool.add_to_other_config", lab.pool.ref, "key", "value")
    assert lab.db.field("pool", lab.pool.ref, "name_label") == "renamed"
