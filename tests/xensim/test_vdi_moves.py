"""Disks that are copied and moved between SRs, their settings, and what a backup asks about their changes."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.xensim.lab import GIB, Lab, opened, vbd_record, vdi_record
from xensim.ops.values import number, strings, text
from xensim.schema import NULL_REF


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


def iscsi(lab: Lab) -> str:
    return lab.db.by_name("SR", "iSCSI tier 1")[0]


def totals(lab: Lab, sr: str) -> tuple[object, object]:
    return lab.db.field("SR", sr, "physical_utilisation"), lab.db.field("SR", sr, "virtual_allocation")


def allowed(lab: Lab, vdi: str) -> list[str]:
    return strings(lab.db.field("VDI", vdi, "allowed_operations"))


async def disk(lab: Lab, sr: str = "", size: int = GIB) -> str:
    vdi = await lab.call("VDI.create", vdi_record(sr or lab.nfs, size))
    lab.pool.contents.write(vdi, 3 << 20, b"hello")
    return vdi


async def test_a_disk_is_copied_to_another_sr_with_its_content(lab: Lab) -> None:
    vdi = await disk(lab)
    task = await lab.call("Async.VDI.copy", vdi, iscsi(lab))
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "success"
    made = text(lab.db.field("task", task, "result")).removeprefix("<value>").removesuffix("</value>")
    assert lab.db.field("VDI", made, "SR") == iscsi(lab)
    assert lab.db.field("VDI", made, "uuid") != lab.db.field("VDI", vdi, "uuid")
    assert lab.pool.contents.read(made, 3 << 20, 5) == b"hello"
    lab.pool.contents.write(vdi, 3 << 20, b"later")
    assert lab.pool.contents.read(made, 3 << 20, 5) == b"hello"
    assert {"copy", "destroy", "resize"} <= set(allowed(lab, made))
    assert lab.db.field("VDI", vdi, "current_operations") == {}


async def test_a_cancelled_copy_leaves_nothing_behind(lab: Lab) -> None:
    vdi = await disk(lab)
    before = set(lab.db.refs("VDI")), totals(lab, iscsi(lab)), lab.pool.contents.stored
    lab.pool.pace = 0.02
    task = await lab.call("Async.VDI.copy", vdi, iscsi(lab))
    while not number_of(lab, task):
        await lab.db.changed.wait()
    assert len(set(lab.db.refs("VDI")) - before[0]) == 1
    assert list(lab.db.entries("VDI", vdi, "current_operations").values()) == ["copy"]
    await lab.call("task.cancel", task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert (set(lab.db.refs("VDI")), totals(lab, iscsi(lab)), lab.pool.contents.stored) == before
    assert lab.db.field("VDI", vdi, "current_operations") == {}


def number_of(lab: Lab, task: str) -> float:
    progress = lab.db.field("task", task, "progress")
    assert isinstance(progress, float)
    return progress


async def test_copies_go_side_by_side_and_others_wait(lab: Lab) -> None:
    vdi = await disk(lab)
    lab.pool.pace = 0.02
    tasks = [await lab.call("Async.VDI.copy", vdi, lab.nfs) for _ in range(2)]
    while len(lab.db.entries("VDI", vdi, "current_operations")) < 2:
        await lab.db.changed.wait()
    assert allowed(lab, vdi) == ["copy"]
    busy = await lab.fails("VDI.resize", vdi, 2 * GIB)
    assert busy[:3] == ["OTHER_OPERATION_IN_PROGRESS", "VDI", vdi]
    for task in tasks:
        await lab.ended(task)
        assert lab.db.field("task", task, "status") == "success"


async def test_a_copy_into_a_disk(lab: Lab) -> None:
    vdi, small, large = await disk(lab), await disk(lab, size=GIB // 2), await disk(lab, iscsi(lab))
    assert await lab.fails("VDI.copy", vdi, NULL_REF, NULL_REF, small) == ["VDI_TOO_SMALL", small, str(GIB)]
    await lab.call("VDI.set_read_only", large, True)
    assert await lab.fails("VDI.copy", vdi, NULL_REF, NULL_REF, large) == ["VDI_READONLY", large]
    await lab.call("VDI.set_read_only", large, False)
    lab.pool.contents.drop(large)
    assert await lab.call("VDI.copy", vdi, NULL_REF, NULL_REF, large) == large
    assert lab.pool.contents.read(large, 3 << 20, 5) == b"hello"


async def test_what_a_copy_refuses(lab: Lab) -> None:
    vm = await lab.running_vm()
    vdi = lab.disk(vm)
    assert await lab.fails("VDI.copy", vdi, lab.nfs) == ["VDI_IN_USE", vdi, "copy"]
    assert "copy" not in allowed(lab, vdi)
    broken = lab.db.by_name("SR", "Old NFS (decommissioned)")[0]
    idle = await disk(lab)
    assert await lab.fails("VDI.copy", idle, broken) == ["SR_HAS_NO_PBDS", broken]
    thick = await disk(lab, iscsi(lab), 40 * GIB)
    lab.db.set("SR", iscsi(lab), physical_utilisation=lab.db.field("SR", iscsi(lab), "physical_size"))
    full = await lab.fails("VDI.copy", thick, iscsi(lab))
    assert full == ["SR_FULL", str(40 * GIB), "0"]
    readers = await lab.call("VBD.create", vbd_record(vm, idle, "7", mode="RO"))
    await lab.call("VBD.plug", readers)
    assert "copy" in allowed(lab, idle)
    await lab.call("VDI.copy", idle, lab.nfs)


async def test_a_disk_of_a_running_vm_moves_to_another_sr(lab: Lab) -> None:
    vm = await lab.running_vm()
    vdi = lab.disk(vm)
    lab.pool.contents.write(vdi, 0, b"live")
    snapshot = await lab.call("VDI.snapshot", vdi)
    vbd = strings(lab.vm(vm)["VBDs"])[0]
    made = await lab.call("VDI.pool_migrate", vdi, iscsi(lab), {})
    assert not lab.db.exists("VDI", vdi)
    assert lab.db.field("VBD", vbd, "VDI") == made
    assert lab.db.field("VDI", made, "SR") == iscsi(lab)
    assert lab.db.field("VDI", snapshot, "snapshot_of") == made
    assert lab.pool.contents.read(made, 0, 4) == b"live"
    assert "destroy" not in allowed(lab, made)
    assert lab.state(vm) == "Running"


async def test_what_a_live_move_needs(lab: Lab) -> None:
    idle = await disk(lab)
    assert await lab.fails("VDI.pool_migrate", idle, iscsi(lab), {}) == ["VDI_NEEDS_VM_FOR_MIGRATE", idle]
    vm = await lab.running_vm()
    vdi = lab.disk(vm)
    iso = lab.db.by_name("SR", "ISO library")[0]
    assert await lab.fails("VDI.pool_migrate", vdi, iso, {}) == ["SR_DOES_NOT_SUPPORT_MIGRATION", iso]
    other = next(host for host in lab.hosts if host != lab.vm(vm)["resident_on"])
    local = next(
        text(lab.db.field("PBD", pbd, "SR"))
        for pbd in strings(lab.db.field("host", other, "PBDs"))
        if lab.db.field("SR", text(lab.db.field("PBD", pbd, "SR")), "name_label") == "Local storage"
    )
    assert await lab.fails("VDI.pool_migrate", vdi, local, {}) == ["SR_NOT_ATTACHED", local]
    await lab.call("VDI.enable_cbt", vdi)
    assert await lab.fails("VDI.pool_migrate", vdi, iscsi(lab), {}) == ["VDI_CBT_ENABLED", vdi]


async def test_settings_of_a_disk(lab: Lab) -> None:
    vdi = await disk(lab)
    await lab.call("VDI.set_name_label", vdi, "renamed")
    await lab.call("VDI.set_name_description", vdi, "described")
    await lab.call("VDI.set_sharable", vdi, True)
    await lab.call("VDI.set_allow_caching", vdi, True)
    await lab.call("VDI.set_on_boot", vdi, "reset")
    record = lab.db.record("VDI", vdi)
    values = [record[name] for name in ("name_label", "name_description", "sharable", "allow_caching", "on_boot")]
    assert values == ["renamed", "described", True, True, "reset"]
    assert await lab.fails("VDI.snapshot", vdi) == ["VDI_IS_SHARABLE", vdi]
    assert await lab.fails("VDI.resize_online", vdi, 2 * GIB) == ["MESSAGE_REMOVED"]
    await lab.call("VDI.update", vdi)
    running = lab.disk(await lab.running_vm())
    assert await lab.fails("VDI.set_on_boot", running, "reset") == ["VDI_IN_USE", running, "set_on_boot"]


async def test_introducing_a_disk(lab: Lab) -> None:
    uuid = "11111111-2222-3333-4444-555555555555"
    arguments = [uuid, "i", "", lab.nfs, "user", False, False, {}, "here"]
    assert await lab.fails("VDI.introduce", *arguments) == ["SR_OPERATION_NOT_SUPPORTED", lab.nfs]
    vdi = await lab.call("VDI.db_introduce", *arguments, {}, {}, True, GIB, GIB)
    assert lab.db.field("VDI", vdi, "uuid") == uuid
    assert "destroy" in allowed(lab, vdi)
    again = await lab.fails("VDI.db_introduce", *arguments)
    assert again == ["DB_UNIQUENESS_CONSTRAINT_VIOLATION", "VDI", "uuid", uuid]
    await lab.call("VDI.db_forget", vdi)
    removable = lab.db.by_name("SR", "Removable storage")[0]
    stick = await lab.call("VDI.introduce", "", "stick", "", removable, "user", False, False, {}, "/dev/sdz")
    assert lab.db.field("VDI", stick, "location") == "/dev/sdz"


async def test_changed_blocks_between_two_snapshots(lab: Lab) -> None:
    vdi = await disk(lab, size=8 << 20)
    assert await lab.fails("VDI.list_changed_blocks", vdi, vdi) == ["VDI_NO_CBT_METADATA", vdi]
    assert "enable_cbt" in allowed(lab, vdi)
    await lab.call("VDI.enable_cbt", vdi)
    await lab.call("VDI.enable_cbt", vdi)  # once more does no harm
    assert lab.db.field("VDI", vdi, "cbt_enabled") is True
    assert {"enable_cbt", "disable_cbt"} & set(allowed(lab, vdi)) == {"disable_cbt"}
    first = await lab.call("VDI.snapshot", vdi)
    assert lab.db.field("VDI", first, "cbt_enabled") is True
    lab.pool.contents.write(vdi, 4 << 20, b"changed")
    second = await lab.call("VDI.snapshot", vdi)
    expected = b"\0" * 8 + b"\xff" * 4 + b"\0" * 4  # four blocks of 2 MiB, the third of which was written
    assert base64.b64decode(await lab.call("VDI.list_changed_blocks", first, second)) == expected
    used = totals(lab, lab.nfs)[0]
    await lab.call("VDI.data_destroy", first)
    assert lab.db.field("VDI", first, "type") == "cbt_metadata"
    assert number(totals(lab, lab.nfs)[0]) < number(used)
    assert base64.b64decode(await lab.call("VDI.list_changed_blocks", first, second)) == expected
    stored = lab.pool.contents.stored
    await lab.call("VDI.destroy", first)
    assert lab.pool.contents.stored <= stored
    await lab.call("VDI.disable_cbt", vdi)
    assert await lab.fails("VDI.list_changed_blocks", vdi, second) == ["VDI_NO_CBT_METADATA", vdi]


async def test_what_tracking_refuses(lab: Lab) -> None:
    vdi = await disk(lab)
    uuid = lab.db.field("VDI", vdi, "uuid")
    assert await lab.fails("VDI.data_destroy", vdi) == ["OPERATION_NOT_ALLOWED", f"VDI is not a snapshot: {uuid}"]
    snapshot = await lab.call("VDI.snapshot", vdi)
    assert await lab.fails("VDI.data_destroy", snapshot) == ["VDI_NO_CBT_METADATA", snapshot]
    taken = lab.db.field("VDI", snapshot, "uuid")
    assert await lab.fails("VDI.enable_cbt", snapshot) == ["OPERATION_NOT_ALLOWED", f"VDI is a snapshot: {taken}"]
    iso = lab.db.by_name("VDI", "guest-tools.iso")[0]
    assert (await lab.fails("VDI.enable_cbt", iso))[0] == "SR_OPERATION_NOT_SUPPORTED"


async def test_where_a_disk_can_be_read_over_nbd(lab: Lab) -> None:
    vdi = await disk(lab)
    body = await lab.dispatcher.call(lab.pool.coordinator, "VDI.get_nbd_info", [lab.session, vdi])
    assert isinstance(body.value, list)
    assert [each["address"] for each in body.value] == ["10.20.0.11", "10.20.0.12"]
    assert body.value[0]["exportname"] == f"/{lab.db.field('VDI', vdi, 'uuid')}?session_id={lab.session}"
    assert json.dumps(body.value)
