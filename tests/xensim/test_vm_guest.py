"""Calls into a running guest, its boot record, and the cards and devices it gets from hosts."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened
from xensim.ops.values import mapping, strings, text
from xensim.schema import NULL_REF

SCRIPT = {"username": "a", "password": "b", "script": "id"}


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


# plugins and records


async def test_a_script_runs_in_the_guest(lab: Lab) -> None:
    vm = await lab.running_vm()
    answer = await lab.call("VM.call_plugin", vm, "guest-agent-operation", "run-script", SCRIPT)
    assert json.loads(answer)["rc"] == 0
    assert await lab.call("VM.call_plugin", vm, "guest-agent-operation", "request-rdp-on", {}) == ""


async def test_what_a_guest_does_not_know(lab: Lab) -> None:
    vm = await lab.running_vm()
    assert await lab.fails("VM.call_plugin", vm, "other", "f", {}) == ["XENAPI_MISSING_PLUGIN", "other"]
    assert (await lab.fails("VM.call_plugin", vm, "guest-agent-operation", "f", {}))[:2] == [
        "XENAPI_PLUGIN_FAILURE",
        "f",
    ]
    assert (await lab.fails("VM.call_plugin", vm, "guest-agent-operation", "run-script", {}))[
        0
    ] == "XENAPI_PLUGIN_FAILURE"
    bare = await lab.new_vm(disks=0)
    assert await lab.fails("VM.call_plugin", bare, "guest-agent-operation", "run-script", SCRIPT) == [
        "VM_BAD_POWER_STATE", bare, "running", "halted",
    ]  # fmt: skip
    await lab.call("VM.start", bare, False, False)
    assert await lab.fails("VM.call_plugin", bare, "guest-agent-operation", "run-script", SCRIPT) == [
        "VM_LACKS_FEATURE", bare,
    ]  # fmt: skip


async def test_a_busy_guest_is_not_waited_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xensim.ops.locks.RETRIES", 500)
    vm = await lab.running_vm()
    lab.pool.pace = 0.1
    rebooting = asyncio.create_task(lab.call("VM.clean_reboot", vm))
    await asyncio.sleep(0.02)
    failure = await lab.fails("VM.call_plugin", vm, "guest-agent-operation", "run-script", SCRIPT)
    assert failure[:4] == ["OTHER_OPERATION_IN_PROGRESS", "VM", vm, "clean_reboot"]
    assert not rebooting.done()
    await rebooting


async def test_the_boot_record_is_of_a_vm_that_has_booted(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.get_boot_record", vm) == [
        "VM_BAD_POWER_STATE", vm, "paused, suspended, running", "halted",
    ]  # fmt: skip
    await lab.call("VM.start", vm, False, False)
    result = await lab.dispatcher.call(lab.pool.coordinator, "VM.get_boot_record", [lab.session, vm])
    assert result.type.kind == "record"


async def test_a_vm_on_local_storage_is_not_agile(lab: Lab) -> None:
    vm = await lab.running_vm()
    await lab.call("VM.assert_agile", vm)
    host = text(lab.vm(vm)["resident_on"])
    srs = [text(lab.db.field("PBD", pbd, "SR")) for pbd in strings(lab.db.field("host", host, "PBDs"))]
    local = next(sr for sr in srs if lab.db.field("SR", sr, "name_label") == "Local storage")
    await lab.call("VDI.pool_migrate", lab.disk(vm), local, {})
    assert await lab.fails("VM.assert_agile", vm) == ["HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", local]


async def test_a_blob_hangs_on_its_vm(lab: Lab) -> None:
    vm = await lab.new_vm()
    blob = await lab.call("VM.create_new_blob", vm, "notes", "text/plain", True)
    assert mapping(lab.vm(vm)["blobs"]) == {"notes": blob}
    assert lab.db.field("blob", blob, "mime_type") == "text/plain"
    await lab.call("VM.destroy", vm)
    assert not lab.db.exists("blob", blob)


# cards and devices


def gpus(lab: Lab) -> tuple[str, str]:
    """The group of cards that can be shared, and the type of a share."""
    group = next(ref for ref, row in lab.db.rows("GPU_group").items() if "NVIDIA" in text(row.record["name_label"]))
    kinds = strings(lab.db.field("GPU_group", group, "enabled_VGPU_types"))
    return group, next(kind for kind in kinds if lab.db.field("VGPU_type", kind, "implementation") == "nvidia")


async def test_a_vm_gets_a_gpu_and_is_tied_to_it(lab: Lab) -> None:
    group, kind = gpus(lab)
    vm = await lab.new_vm()
    vgpu = await lab.call("VGPU.create", vm, group, "0", {}, kind)
    assert strings(lab.vm(vm)["VGPUs"]) == [vgpu]
    assert await lab.fails("VGPU.create", vm, group, "0", {}, kind) == ["DEVICE_ALREADY_EXISTS", "0"]
    assert await lab.fails("VGPU.create", vm, group, "99", {}, kind) == ["INVALID_DEVICE", "99"]
    assert await lab.fails("VGPU.create", vm, group, "1", {}, kind) == ["VGPU_TYPE_NOT_COMPATIBLE", kind]
    await lab.call("VM.start", vm, False, False)
    assert lab.db.field("VGPU", vgpu, "currently_attached") is True
    assert lab.db.field("VGPU", vgpu, "resident_on") != NULL_REF
    assert await lab.fails("VM.suspend", vm) == ["VM_HAS_VGPU", vm]
    assert (await lab.fails("VGPU.destroy", vgpu))[0] == "OPERATION_NOT_ALLOWED"
    assert (await lab.fails("VGPU.create", vm, group, "1", {}, kind))[0] == "VM_BAD_POWER_STATE"
    await lab.call("VM.hard_shutdown", vm)
    await lab.call("VGPU.destroy", vgpu)
    assert lab.vm(vm)["VGPUs"] == []


async def test_a_whole_card_is_meant_when_no_type_is_named(lab: Lab) -> None:
    group, _kind = gpus(lab)
    vm = await lab.new_vm()
    vgpu = await lab.call("VGPU.create", vm, group)
    kind = text(lab.db.field("VGPU", vgpu, "type"))
    assert lab.db.field("VGPU_type", kind, "implementation") == "passthrough"
    other = next(ref for ref in lab.db.refs("GPU_group") if ref != group)
    (share,) = [ref for ref, row in lab.db.rows("VGPU_type").items() if row.record["implementation"] == "nvidia"]
    plain = await lab.new_vm()
    assert (await lab.fails("VGPU.create", plain, other, "0", {}, share))[:2] == ["VGPU_TYPE_NOT_ENABLED", share]
    snapshot = await lab.call("VM.snapshot", vm, "with gpu", [])
    assert len(strings(lab.vm(snapshot)["VGPUs"])) == 1


async def test_a_usb_device_is_for_one_vm(lab: Lab) -> None:
    (group,) = lab.db.refs("USB_group")
    for vusb in list(lab.db.refs("VUSB")):
        await lab.call("VM.hard_shutdown", text(lab.db.field("VUSB", vusb, "VM")))
        await lab.call("VUSB.destroy", vusb)
    vm, other = await lab.new_vm(), await lab.new_vm()
    vusb = await lab.call("VUSB.create", vm, group, {})
    assert await lab.fails("VUSB.create", other, group, {}) == ["USB_GROUP_CONFLICT", group]
    (pusb,) = strings(lab.db.field("USB_group", group, "PUSBs"))
    owner = text(lab.db.field("PUSB", pusb, "host"))
    (elsewhere,) = [host for host in lab.hosts if host != owner]
    assert await lab.fails("VM.start_on", vm, elsewhere, False, False) == ["VM_REQUIRES_VUSB", vm, group]
    assert (await lab.fails("VUSB.unplug", vusb))[0] == "VM_BAD_POWER_STATE"
    await lab.call("VM.start", vm, False, False)
    assert lab.vm(vm)["resident_on"] == owner
    assert lab.db.field("VUSB", vusb, "currently_attached") is True
    assert await lab.fails("VM.suspend", vm) == ["VM_HAS_VUSBS", vm]
    assert (await lab.fails("VUSB.destroy", vusb))[0] == "OPERATION_NOT_ALLOWED"
    await lab.call("VUSB.unplug", vusb)
    assert await lab.fails("VUSB.unplug", vusb) == ["DEVICE_ALREADY_DETACHED", vusb]
    await lab.call("VUSB.destroy", vusb)
    await lab.call("VM.suspend", vm)


async def test_a_protected_vm_gets_no_usb_device(lab: Lab) -> None:
    (group,) = lab.db.refs("USB_group")
    vm = await lab.new_vm()
    await lab.call("VM.set_ha_restart_priority", vm, "restart")
    assert (await lab.fails("VUSB.create", vm, group, {}))[0] == "OPERATION_NOT_ALLOWED"
