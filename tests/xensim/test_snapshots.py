"""Pictures of VMs and the way back to them: snapshots, checkpoints, revert, with the errors and trees of XenServer."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.xensim.lab import GIB, Lab, opened
from tests.xensim.wire import FOLDER
from xensim.ops import images, vm_metadata
from xensim.ops.values import mapping, number, strings, text
from xensim.schema import NULL_REF

SNAPSHOT = ["destroy", "metadata_export", "export", "revert", "copy", "clone"]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


def write(lab: Lab, vdi: str, data: bytes) -> None:
    lab.pool.contents.write(vdi, 0, data)


def read(lab: Lab, vdi: str) -> bytes:
    return lab.pool.contents.read(vdi, 0, 4)


# checkpoints


async def test_a_checkpoint_holds_the_memory_and_the_vm_runs_on(lab: Lab) -> None:
    vm = await lab.running_vm()
    host = lab.vm(vm)["resident_on"]
    first = await lab.call("VM.snapshot", vm, "one", [])
    made = await lab.call("VM.checkpoint", vm, "check 1")
    record = lab.vm(made)
    assert (record["power_state"], record["is_a_template"], record["is_a_snapshot"]) == ("Suspended", True, True)
    assert (record["parent"], lab.vm(vm)["parent"], record["snapshot_of"]) == (first, made, vm)
    assert mapping(record["snapshot_info"])["power-state-at-snapshot"] == "Running"
    assert record["allowed_operations"] == [*SNAPSHOT[:3], "hard_shutdown", *SNAPSHOT[3:]]
    image = lab.db.record("VDI", text(record["suspend_VDI"]))
    assert (image["type"], image["is_a_snapshot"], image["name_label"]) == ("suspend", True, "Suspend image")
    assert not lab.db.exists("VDI", text(image["snapshot_of"]))  # the VM was resumed from that one
    assert (lab.state(vm), lab.vm(vm)["resident_on"], lab.vm(vm)["suspend_VDI"]) == ("Running", host, NULL_REF)
    assert lab.messages(vm)[-1] == "VM_CHECKPOINTED"


async def test_a_suspended_vm_keeps_its_image_beside_that_of_its_checkpoint(lab: Lab) -> None:
    vm = await lab.running_vm()
    await lab.call("VM.suspend", vm)
    image = text(lab.vm(vm)["suspend_VDI"])
    made = await lab.call("VM.checkpoint", vm, "asleep")
    assert lab.state(vm) == "Suspended"
    assert lab.vm(vm)["suspend_VDI"] == image
    assert lab.db.field("VDI", text(lab.vm(made)["suspend_VDI"]), "snapshot_of") == image
    await lab.call("VM.destroy", made)
    assert lab.db.exists("VDI", image)


async def test_a_halted_vm_has_no_memory_to_keep(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.checkpoint", vm, "x") == [
        "VM_BAD_POWER_STATE", vm, "paused, suspended, running", "halted",
    ]  # fmt: skip


async def test_a_checkpoint_needs_somewhere_to_write_and_room(lab: Lab) -> None:
    vm = await lab.running_vm()
    sr = text(lab.db.field("pool", lab.pool.ref, "suspend_image_SR"))
    size = number(lab.db.field("SR", sr, "physical_size"))
    lab.db.set("SR", sr, physical_size=1 * GIB)
    assert (await lab.fails("VM.checkpoint", vm, "x"))[0] == "SR_FULL"
    assert lab.state(vm) == "Running"
    lab.db.set("SR", sr, physical_size=size)
    lab.db.set("pool", lab.pool.ref, suspend_image_SR=NULL_REF)
    for host in lab.hosts:
        lab.db.set("host", host, suspend_image_sr=NULL_REF)
    assert await lab.fails("VM.checkpoint", vm, "x") == ["VM_NO_SUSPEND_SR", vm]


async def test_a_cancelled_checkpoint_leaves_the_vm_running_and_nothing_else(lab: Lab) -> None:
    vm = await lab.running_vm()
    disks, vms = lab.db.count("VDI"), lab.db.count("VM")
    lab.pool.pace = 0.1
    task = await lab.call("Async.VM.checkpoint", vm, "x")
    await asyncio.sleep(0.03)
    lab.pool.tasks.cancel(task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert (lab.state(vm), lab.db.count("VDI"), lab.db.count("VM")) == ("Running", disks, vms)


@pytest.mark.parametrize(("state", "outcome"), [("Running", "cancelled"), ("Suspended", "success")])
async def test_hard_shutdown_does_not_wait_for_a_checkpoint(lab: Lab, state: str, outcome: str) -> None:
    vm = await lab.running_vm()
    lab.pool.pace = 0.1
    task = await lab.call("Async.VM.checkpoint", vm, "x")
    while lab.state(vm) != state or not lab.vm(vm)["current_operations"]:
        await lab.db.changed.wait()
    await lab.call("VM.hard_shutdown", vm)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == outcome
    assert (lab.state(vm), lab.vm(vm)["suspend_VDI"]) == ("Halted", NULL_REF)
    assert len(lab.db.by_name("VM", "x")) == (outcome == "success")


async def test_a_picture_fails_as_a_whole(lab: Lab) -> None:
    """The second disk is where no snapshots can be: nothing of the first one's stays."""
    vm = await lab.new_vm(disks=2)
    other = lab.db.by_name("SR", "iSCSI tier 1")[0]
    pbds = strings(lab.db.field("SR", other, "PBDs"))
    moved = lab.disk(vm, 1)
    uuid = lab.db.field("VDI", moved, "uuid")
    images.book(lab.db, lab.nfs, used=-images.GRAIN, allocated=-10 * GIB)
    lab.db.set("VDI", moved, SR=other)
    for pbd in pbds:
        lab.db.set("PBD", pbd, currently_attached=False)
    before = lab.db.count("VDI")
    assert await lab.fails("VM.snapshot", vm, "x", []) == ["SR_HAS_NO_PBDS", other]
    assert await lab.fails("VM.clone", vm, "x") == ["SR_HAS_NO_PBDS", other]
    snapshots = [row for row in lab.db.rows("VDI").values() if row.record["snapshot_of"] == lab.disk(vm)]
    assert (snapshots, lab.db.by_name("VM", "x")) == ([], [])
    assert lab.db.count("VDI") - before <= 2  # base copies, which only a garbage collection would join again
    for pbd in pbds:
        lab.db.set("PBD", pbd, currently_attached=True)
    assert lab.db.by_uuid("VDI", str(uuid)) == moved


# the way back


async def test_revert_brings_disks_devices_and_settings_back(lab: Lab) -> None:
    vm = await lab.running_vm(disks=2, nics=2)
    await lab.call("VM.add_tags", vm, "early")
    for at in range(2):
        write(lab, lab.disk(vm, at), b"old%d" % at)
    snapshot = await lab.call("VM.snapshot", vm, "good", [])
    was = dict(lab.vm(vm))
    old_disks = [lab.disk(vm, at) for at in range(2)]
    macs = [lab.db.field("VIF", vif, "MAC") for vif in strings(was["VIFs"])]
    for at in range(2):
        write(lab, lab.disk(vm, at), b"new%d" % at)
    later = await lab.call("VM.snapshot", vm, "later", [])
    await lab.call("VM.set_name_label", vm, "renamed")
    await lab.call("VM.add_tags", vm, "late")
    await lab.call("VM.add_to_other_config", vm, "new", "key")
    await lab.call("VM.hard_shutdown", vm)
    await lab.call("VM.set_memory_limits", vm, GIB, 8 * GIB, 8 * GIB, 8 * GIB)

    await lab.call("VM.revert", snapshot)

    now = lab.vm(vm)
    assert (now["power_state"], now["name_label"], now["is_a_template"]) == ("Halted", was["name_label"], False)
    assert (now["memory_static_max"], now["other_config"]) == (was["memory_static_max"], was["other_config"])
    assert now["tags"] == ["early", "late"]
    assert (now["uuid"], now["parent"], set(strings(now["snapshots"]))) == (was["uuid"], snapshot, {snapshot, later})
    assert set(strings(lab.vm(snapshot)["children"])) == {vm, later}
    for ends in ("VBDs", "VIFs"):
        assert not set(strings(now[ends])) & set(strings(was[ends]))
    assert [lab.db.field("VIF", vif, "MAC") for vif in strings(now["VIFs"])] == macs
    assert [read(lab, lab.disk(vm, at)) for at in range(2)] == [b"old0", b"old1"]
    assert not any(lab.db.exists("VDI", disk) for disk in old_disks)
    for ref in (snapshot, later):
        assert [lab.db.field("VDI", lab.disk(ref, at), "snapshot_of") for at in range(2)] == [
            lab.disk(vm, at) for at in range(2)
        ]
    assert not any(lab.db.exists(f"VM_{field}", text(was[field])) for field in ("metrics", "guest_metrics"))
    assert lab.messages(vm)[-1] == "VM_SNAPSHOT_REVERTED"
    await lab.call("VM.start", vm, False, False)
    await lab.call("VM.revert", later)
    assert [read(lab, lab.disk(vm, at)) for at in range(2)] == [b"new0", b"new1"]


async def test_revert_of_a_running_vm_shuts_it_down_first(lab: Lab) -> None:
    vm = await lab.running_vm()
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    await lab.call("VM.revert", snapshot)
    assert (lab.state(vm), lab.vm(vm)["resident_on"], lab.vm(vm)["consoles"]) == ("Halted", NULL_REF, [])


async def test_revert_to_a_checkpoint_ends_asleep_and_can_be_resumed_twice(lab: Lab) -> None:
    vm = await lab.running_vm()
    made = await lab.call("VM.checkpoint", vm, "c")
    for _ in range(2):
        await lab.call("VM.revert", made)
        assert lab.state(vm) == "Suspended"
        assert lab.vm(vm)["suspend_VDI"] not in {NULL_REF, lab.vm(made)["suspend_VDI"]}
        await lab.call("VM.resume", vm, False, False)
        assert lab.state(vm) == "Running"


async def test_an_image_out_of_reach_keeps_the_vm_as_it_is(lab: Lab) -> None:
    vm = await lab.running_vm()
    await lab.call("VM.set_suspend_SR", vm, lab.db.by_name("SR", "iSCSI tier 1")[0])
    made = await lab.call("VM.checkpoint", vm, "c")
    image = text(lab.vm(made)["suspend_VDI"])
    pbds = strings(lab.db.field("SR", text(lab.db.field("VDI", image, "SR")), "PBDs"))
    plugged = [pbd for pbd in pbds if lab.db.field("PBD", pbd, "currently_attached")]
    for pbd in plugged:
        lab.db.set("PBD", pbd, currently_attached=False)
    await lab.call("VM.hard_shutdown", vm)
    assert await lab.fails("VM.revert", made) == ["SUSPEND_IMAGE_NOT_ACCESSIBLE", image]
    for pbd in plugged:
        lab.db.set("PBD", pbd, currently_attached=True)


async def test_disks_without_a_picture_stay_and_are_let_go(lab: Lab) -> None:
    vm = await lab.new_vm(disks=2)
    left_out = lab.disk(vm, 1)
    snapshot = await lab.call("VM.snapshot", vm, "one disk", [left_out])
    await lab.call("VM.revert", snapshot)
    assert len(strings(lab.vm(vm)["VBDs"])) == 1
    assert lab.db.field("VDI", left_out, "VBDs") == []


async def test_only_a_snapshot_is_a_way_back(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.revert", vm) == ["VM_REVERT_FAILED", vm, NULL_REF]
    assert await lab.fails("VM.revert", "OpaqueRef:none") == ["HANDLE_INVALID", "VM", "OpaqueRef:none"]


async def test_a_revert_that_cannot_be_changes_nothing(lab: Lab) -> None:
    vm = await lab.new_vm()
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    before = dict(lab.vm(vm)) | {"allowed_operations": []}
    pbds = strings(lab.db.field("SR", lab.nfs, "PBDs"))
    for pbd in pbds:
        lab.db.set("PBD", pbd, currently_attached=False)
    assert await lab.fails("VM.revert", snapshot) == ["VM_REVERT_FAILED", snapshot, vm]
    for pbd in pbds:
        lab.db.set("PBD", pbd, currently_attached=True)
    assert lab.vm(vm) | {"allowed_operations": []} == before


async def test_a_destroyed_vm_comes_back_from_its_snapshot(lab: Lab) -> None:
    vm = await lab.new_vm("phoenix")
    write(lab, lab.disk(vm), b"old!")
    disk, uuid = lab.disk(vm), lab.vm(vm)["uuid"]
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    await lab.call("VM.destroy", vm)
    await lab.call("VDI.destroy", disk)
    await lab.call("VM.revert", snapshot)
    (back,) = lab.db.by_name("VM", "phoenix")
    assert (lab.vm(back)["uuid"], lab.vm(snapshot)["snapshot_of"]) == (uuid, back)
    assert lab.vm(back)["is_a_template"] is False
    assert read(lab, lab.disk(back)) == b"old!"
    await lab.call("VM.start", back, False, False)


async def test_a_destroyed_vm_whose_disks_are_out_of_reach_stays_gone(lab: Lab) -> None:
    vm = await lab.new_vm("phoenix")
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    await lab.call("VM.destroy", vm)
    pbds = strings(lab.db.field("SR", lab.nfs, "PBDs"))
    for pbd in pbds:
        lab.db.set("PBD", pbd, currently_attached=False)
    assert (await lab.fails("VM.revert", snapshot))[:2] == ["VM_REVERT_FAILED", snapshot]
    for pbd in pbds:
        lab.db.set("PBD", pbd, currently_attached=True)
    assert (lab.db.by_name("VM", "phoenix"), lab.vm(snapshot)["snapshot_of"]) == ([], vm)


async def test_a_revert_cannot_be_stopped_and_says_so(lab: Lab) -> None:
    vm = await lab.new_vm()
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    lab.pool.pace = 0.1
    task = await lab.call("Async.VM.revert", snapshot)
    await asyncio.sleep(0.03)
    assert lab.db.field("task", task, "allowed_operations") == []
    assert (set(mapping(lab.vm(vm)["current_operations"]).values())) == {"reverting"}
    assert (set(mapping(lab.vm(snapshot)["current_operations"]).values())) == {"revert"}
    assert (await lab.fails("VM.start", vm, False, False))[0] == "OTHER_OPERATION_IN_PROGRESS"
    lab.pool.tasks.cancel(task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "success"


async def test_snapshots_that_were_there_before_can_be_gone_back_to(lab: Lab) -> None:
    """The demo's own, which have no metadata."""
    rows = lab.db.rows("VM")
    known = [
        ref for ref, row in rows.items() if row.record["is_a_snapshot"] and text(row.record["snapshot_of"]) in rows
    ]
    assert known
    for snapshot in known[:4]:
        vm = text(lab.vm(snapshot)["snapshot_of"])
        name = lab.vm(vm)["name_label"]
        await lab.call("VM.revert", snapshot)
        assert (lab.state(vm), lab.vm(vm)["name_label"]) == (lab.state(snapshot), name)
        assert lab.vm(vm)["is_a_template"] is False


# what a snapshot remembers


def recorded_metadata() -> str:
    body = json.loads((FOLDER / "05-052-checkpoint-events-1.json").read_text())["response"]["body"]
    (made,) = [
        event["snapshot"] for event in json.loads(body)["result"]["events"]
        if event["class"] == "vm" and event["operation"] == "add"
    ]  # fmt: skip
    return str(made["snapshot_metadata"])


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings (../shared/xapi/wire) are not here")
def test_recorded_metadata_can_be_read(lab: Lab) -> None:
    cls = lab.db.schema.classes["VM"]
    fields = vm_metadata.read(recorded_metadata(), cls)
    assert fields["name_label"] == "life1"
    assert (fields["memory_static_max"], fields["HVM_shadow_multiplier"], fields["is_a_template"]) == (
        2 * GIB,
        1.0,
        False,
    )
    assert mapping(fields["HVM_boot_params"]) == {"firmware": "uefi", "order": "cdn"}
    assert strings(fields["allowed_operations"]) == ["hard_shutdown", "checkpoint", "snapshot"]
    names = set(cls.fields) - set(fields)
    assert names <= {"snapshot_metadata"}, "every field of the class is there"


def test_what_is_written_reads_the_same(lab: Lab) -> None:
    cls = lab.db.schema.classes["VM"]
    for ref, row in lab.db.rows("VM").items():
        record = row.record | {"name_label": "it's a \\ (strange) 'name'", "tags": ["a b", "'"]}
        fields = vm_metadata.read(vm_metadata.write(record, ref), cls)
        assert fields == {name: value for name, value in record.items() if name != "snapshot_metadata"}
    assert vm_metadata.read("", cls) == {}
