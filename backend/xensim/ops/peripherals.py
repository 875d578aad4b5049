"""VGPU and VUSB: cards and devices of a host that VMs get through their groups. Source: xapi_vgpu.ml, xapi_vusb.ml."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops.locks import settle_vm, work
from xensim.ops.values import strings, text
from xensim.ops.vm_firmware import assert_halted
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

UNPLUG_S = 0.2
MOST_VUSBS = 6
POSITIONS = 11  # of VGPUs


@operation("VGPU.create")
def create_vgpu(call: Call, vm: str, group: str, device: str, other_config: Mapping[str, str], kind: str) -> str:
    db = call.db
    record, cards = db.record("VM", vm), db.record("GPU_group", group)
    assert_halted(call, vm)
    if not device.isdecimal() or int(device) >= POSITIONS:
        raise XapiFailure("INVALID_DEVICE", device)
    if any(db.field("VGPU", vgpu, "device") == device for vgpu in strings(record["VGPUs"])):
        raise XapiFailure("DEVICE_ALREADY_EXISTS", device)
    kind = _passthrough(call, group) if kind == NULL_REF else kind
    db.record("VGPU_type", kind)
    if kind not in strings(cards["enabled_VGPU_types"]):
        raise XapiFailure("VGPU_TYPE_NOT_ENABLED", kind, ",".join(strings(cards["enabled_VGPU_types"])))
    if record["VGPUs"]:
        raise XapiFailure("VGPU_TYPE_NOT_COMPATIBLE", kind)
    fields = {"VM": vm, "GPU_group": group, "device": device, "other_config": dict(other_config), "type": kind}
    made = db.create("VGPU", fields)
    settle_vm(db, vm)
    return made


@operation("VGPU.destroy")
def destroy_vgpu(call: Call, self: str) -> None:
    vm = text(call.db.field("VGPU", self, "VM"))
    if call.db.field("VGPU", self, "currently_attached"):
        raise XapiFailure("OPERATION_NOT_ALLOWED", "vGPU currently attached to a running VM")
    call.db.destroy("VGPU", self)
    if call.db.exists("VM", vm):
        settle_vm(call.db, vm)


@operation("VUSB.create")
def create_vusb(call: Call, vm: str, group: str, other_config: Mapping[str, str]) -> str:
    db = call.db
    record, devices = db.record("VM", vm), db.record("USB_group", group)
    if record["ha_restart_priority"] == "restart":
        reason = "VM ha_restart_priority has been set to 'restart', can not create VUSB for it. "
        raise XapiFailure("OPERATION_NOT_ALLOWED", reason)
    if len(strings(record["VUSBs"])) >= MOST_VUSBS:
        raise XapiFailure("TOO_MANY_VUSBS", str(MOST_VUSBS))
    if devices["VUSBs"]:
        raise XapiFailure("USB_GROUP_CONFLICT", group)
    made = db.create("VUSB", {"VM": vm, "USB_group": group, "other_config": dict(other_config)})
    db.set("VUSB", made, allowed_operations=["attach"])
    settle_vm(db, vm)
    return made


@operation("VUSB.unplug")
async def unplug_vusb(call: Call, self: str) -> None:
    """While the VM runs; it can be given back only by a restart."""
    db = call.db
    vm = text(db.field("VUSB", self, "VM"))
    state = text(db.field("VM", vm, "power_state"))
    if state != "Running":
        raise XapiFailure("VM_BAD_POWER_STATE", vm, "running", state.lower())
    if not db.field("VUSB", self, "currently_attached"):
        raise XapiFailure("DEVICE_ALREADY_DETACHED", self)
    await work(call, UNPLUG_S)
    db.set("VUSB", self, currently_attached=False, allowed_operations=["attach"])


@operation("VUSB.destroy")
def destroy_vusb(call: Call, self: str) -> None:
    db = call.db
    record = db.record("VUSB", self)
    vm = text(record["VM"])
    if record["currently_attached"]:
        owner = db.field("VM", vm, "name_label")
        raise XapiFailure("OPERATION_NOT_ALLOWED", f"VUSB '{record['uuid']}' still attached to '{owner}'")
    db.destroy("VUSB", self)
    if db.exists("VM", vm):
        settle_vm(db, vm)


def _passthrough(call: Call, group: str) -> str:
    """The whole card, which is what is meant where no type is named."""
    for kind in strings(call.db.field("GPU_group", group, "enabled_VGPU_types")):
        if call.db.field("VGPU_type", kind, "implementation") == "passthrough":
            return kind
    return NULL_REF
