"""VBD.create, destroy, plug, unplug, insert and eject."""

import re
from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import agent, devices, placement
from xensim.ops.locks import object_operation, work
from xensim.ops.values import strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

PLUG_S = 0.3
POSITIONS = 255
_NAME = re.compile(r"(xvd|hd|sd)[a-z]{1,2}|fd[ab]")
_DATA = frozenset({"system", "user", "ephemeral"})
_HVM_CD = "HVM CDROMs cannot be hotplugged/unplugged, only inserted or ejected"


@operation("VBD.create")
def create(call: Call, record: Mapping[str, object]) -> str:
    db = call.db
    vm, vdi, kind = text(record["VM"]), text(record["VDI"]), text(record["type"])
    db.record("VM", vm)
    empty = bool(record["empty"])
    if empty and kind != "CD":
        raise XapiFailure("VBD_NOT_REMOVABLE_MEDIA", "in constructor")
    if kind == "CD" and record["mode"] == "RW":
        raise XapiFailure("VBD_CDS_MUST_BE_READONLY")
    if not empty:
        _check_disk(call, vdi, writes=record["mode"] == "RW", cd=kind == "CD")
    taken = {text(db.field("VBD", vbd, "userdevice")) for vbd in strings(db.field("VM", vm, "VBDs"))}
    position = free_position(text(record["userdevice"]), taken, POSITIONS, _NAME)
    metrics = db.create("VBD_metrics", {})
    fixed = {"userdevice": position, "VDI": NULL_REF if empty else vdi, "metrics": metrics}
    vbd = db.create("VBD", {**record, **fixed, "currently_attached": False, "device": ""})
    devices.refresh(call.pool, vm)
    return vbd


@operation("VBD.destroy")
def destroy(call: Call, vbd: str) -> None:
    record = dict(call.db.record("VBD", vbd))
    vm = text(record["VM"])
    if record["currently_attached"]:
        owner = call.db.field("VM", vm, "uuid")
        raise XapiFailure("OPERATION_NOT_ALLOWED", f"VBD '{record['uuid']}' still attached to '{owner}'")
    call.db.destroy("VBD", vbd)
    if call.db.exists("VBD_metrics", text(record["metrics"])):
        call.db.destroy("VBD_metrics", text(record["metrics"]))
    devices.refresh_vdi(call.db, text(record["VDI"]))


@operation("VBD.plug")
async def plug(call: Call, vbd: str) -> None:
    db = call.db
    _check_hotplug(call, vbd, attached=False)
    record = db.record("VBD", vbd)
    if record["empty"]:
        raise XapiFailure("VBD_IS_EMPTY", vbd)
    devices.assert_disk_free(db, record, "attach")
    _check_reachable(call, vbd, text(record["VDI"]))
    async with object_operation(call, "VBD", vbd, "plug"):
        await work(call, PLUG_S)
        _check_hotplug(call, vbd, attached=False)
        db.set("VBD", vbd, currently_attached=True, device=devices.device_name(text(record["userdevice"])))
        devices.refresh(call.pool, text(record["VM"]))


@operation("VBD.unplug", "VBD.unplug_force")
async def unplug(call: Call, vbd: str) -> None:
    _check_hotplug(call, vbd, attached=True)
    if not call.db.field("VBD", vbd, "unpluggable"):
        raise XapiFailure("VBD_NOT_UNPLUGGABLE", vbd)
    async with object_operation(call, "VBD", vbd, call.method.split(".")[1]):
        await work(call, PLUG_S)
        call.db.set("VBD", vbd, currently_attached=False)
        devices.refresh(call.pool, text(call.db.field("VBD", vbd, "VM")))


@operation("VBD.insert")
async def insert(call: Call, vbd: str, vdi: str) -> None:
    _check_tray(call, vbd, empty=True)
    _check_disk(call, vdi, writes=False, cd=True)
    _check_reachable(call, vbd, vdi)
    async with object_operation(call, "VBD", vbd, "insert"):
        await work(call, PLUG_S)
        call.db.set("VBD", vbd, VDI=vdi, empty=False)
        devices.refresh(call.pool, text(call.db.field("VBD", vbd, "VM")))


@operation("VBD.eject")
async def eject(call: Call, vbd: str) -> None:
    _check_tray(call, vbd, empty=False)
    async with object_operation(call, "VBD", vbd, "eject"):
        await work(call, PLUG_S)
        vdi = text(call.db.field("VBD", vbd, "VDI"))
        call.db.set("VBD", vbd, VDI=NULL_REF, empty=True)
        devices.refresh(call.pool, text(call.db.field("VBD", vbd, "VM")))
        devices.refresh_vdi(call.db, vdi)


@operation("VM.get_allowed_VBD_devices")
def allowed_devices(call: Call, vm: str) -> list[str]:
    """Positions that are still free."""
    taken = {call.db.field("VBD", vbd, "userdevice") for vbd in strings(call.db.field("VM", vm, "VBDs"))}
    return [str(at) for at in range(POSITIONS) if str(at) not in taken]


def free_position(wanted: str, taken: set[str], limit: int, names: re.Pattern[str] | None) -> str:
    """The position of a new device: the one asked for, or the first free one. Raises INVALID_DEVICE and the like."""
    if wanted == "autodetect":
        return next(str(at) for at in range(limit) if str(at) not in taken)
    valid = wanted.isascii() and wanted.isdecimal() and int(wanted) < limit
    if not valid and not (names and names.fullmatch(wanted)):
        raise XapiFailure("INVALID_DEVICE", wanted)
    if wanted in taken:
        raise XapiFailure("DEVICE_ALREADY_EXISTS", wanted)
    return wanted


def _check_disk(call: Call, vdi: str, *, writes: bool, cd: bool) -> None:
    record = call.db.record("VDI", vdi)
    if text(record["type"]) not in _DATA:
        raise XapiFailure("VDI_INCOMPATIBLE_TYPE", vdi, text(record["type"]))
    if record["missing"]:
        raise XapiFailure("VDI_MISSING", text(record["SR"]), vdi)
    if not record["managed"]:
        raise XapiFailure("VDI_NOT_MANAGED", vdi)
    if writes and not cd and record["read_only"]:
        raise XapiFailure("VDI_READONLY", vdi)


def _check_hotplug(call: Call, vbd: str, *, attached: bool) -> None:
    """What plug and unplug have in common; `attached` is what the drive must be."""
    db = call.db
    record = db.record("VBD", vbd)
    vm = text(record["VM"])
    owner = db.record("VM", vm)
    if owner["power_state"] != "Running":
        raise XapiFailure("VM_BAD_POWER_STATE", vm, "running", text(owner["power_state"]).lower())
    if bool(record["currently_attached"]) != attached:
        raise XapiFailure("DEVICE_ALREADY_DETACHED" if attached else "DEVICE_ALREADY_ATTACHED", vbd)
    if record["type"] == "CD" and owner["domain_type"] == "hvm":
        raise XapiFailure("OPERATION_NOT_ALLOWED", _HVM_CD)
    if not agent.has_drivers(call.pool, owner):
        raise XapiFailure("VM_MISSING_PV_DRIVERS", vm)


def _check_tray(call: Call, vbd: str, *, empty: bool) -> None:
    """What insert and eject have in common; `empty` is what the tray must be."""
    record = call.db.record("VBD", vbd)
    if record["type"] != "CD":
        raise XapiFailure("VBD_NOT_REMOVABLE_MEDIA", vbd)
    vm = text(record["VM"])
    if call.db.field("VM", vm, "power_state") == "Suspended":
        raise XapiFailure("VM_BAD_POWER_STATE", vm, "halted, paused, running", "suspended")
    if bool(record["empty"]) != empty:
        raise XapiFailure("VBD_NOT_EMPTY" if empty else "VBD_IS_EMPTY", vbd)


def _check_reachable(call: Call, vbd: str, vdi: str) -> None:
    """A live VM's host must see the disk."""
    host = text(call.db.field("VM", text(call.db.field("VBD", vbd, "VM")), "resident_on"))
    sr = text(call.db.field("VDI", vdi, "SR"))
    if host != NULL_REF and not placement.sees_sr(call.pool, host, sr):
        raise XapiFailure("SR_NOT_ATTACHED", sr)
