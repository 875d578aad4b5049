"""VDI.copy and VDI.pool_migrate: disks that go to another SR, a while each, and leave nothing behind when stopped."""

from collections.abc import Callable

from xensim.failures import XapiFailure
from xensim.ops import devices, images, placement, vdi
from xensim.ops.locks import object_operation
from xensim.ops.values import number, strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

RATE = 200 << 20  # bytes a second
LEAST_S = 1.0
STEP_S = 0.5  # between two reports of progress
_NONE = frozenset({"", NULL_REF})


@operation("VDI.copy")
async def copy(call: Call, source: str, sr: str, base: str, into: str) -> str:
    """A full copy on `sr`, or into a disk that exists; with `base`, of what differs from it: the result is the same."""
    vdi.check(call, source, "copy")
    if base not in _NONE:
        call.db.record("VDI", base)
    if into not in _NONE:
        _check_target(call, source, into)
    async with object_operation(call, "VDI", source, "copy", beside={"copy"}):
        vdi.check(call, source, "copy")
        if into in _NONE:
            return await _copied(call, source, sr)
        async with object_operation(call, "VDI", into, "blocked"):
            await _transfer(call, source)
            call.pool.contents.copy(source, into)
        return into


@operation("VDI.pool_migrate")
async def pool_migrate(call: Call, source: str, sr: str, options: dict[str, str]) -> str:  # noqa: ARG001 - of the API
    """Move a disk that a running VM has open. Its new self is another object; the VM's drives follow."""
    db = call.db
    _check_migrate(call, source, sr)
    async with object_operation(call, "VDI", source, "mirror"):
        made = await _copied(call, source, sr, check=lambda: _check_migrate(call, source, sr))
        for vbd in list(strings(db.field("VDI", source, "VBDs"))):
            db.set("VBD", vbd, VDI=made)
        for snapshot in list(strings(db.field("VDI", source, "snapshots"))):
            db.set("VDI", snapshot, snapshot_of=made)
    images.destroy(call.pool, source)
    devices.refresh_vdi(db, made)
    return made


async def _copied(call: Call, source: str, sr: str, *, check: Callable[[], None] | None = None) -> str:
    """The row comes first and the data after, as in XAPI; what was begun is removed when it does not end well."""
    made = images.copy(call.pool, source, sr)
    try:
        await _transfer(call, source)
        if check is not None:
            check()
    except BaseException:
        if call.db.exists("VDI", made):
            images.destroy(call.pool, made)
        raise
    # Written to meanwhile, by the VM that has the disk open: the mirror brings that over.
    call.pool.contents.copy(source, made)
    return made


async def _transfer(call: Call, source: str) -> None:
    """Take the time that so many bytes take, with progress on the way."""
    seconds = max(LEAST_S, number(call.db.field("VDI", source, "physical_utilisation")) / RATE)
    steps = max(4, round(seconds / STEP_S)) if call.pool.pace else 4
    for step in range(1, steps + 1):
        await call.progress(0.9 * step / steps)
        await call.sleep(seconds / steps)


def _check_target(call: Call, source: str, into: str) -> None:
    target, size = call.db.record("VDI", into), number(call.db.field("VDI", source, "virtual_size"))
    if devices.attached_vbds(call.db, target):
        raise XapiFailure("VDI_IN_USE", into, "copy")
    if target["read_only"]:
        raise XapiFailure("VDI_READONLY", into)
    if number(target["virtual_size"]) < size:
        raise XapiFailure("VDI_TOO_SMALL", into, str(size))


def _check_migrate(call: Call, source: str, sr: str) -> None:
    """Raise why the disk cannot move while its VM runs. Source: xapi_vdi.ml, xapi_vm_migrate.ml."""
    db = call.db
    record = db.record("VDI", source)
    openers = devices.attached_vbds(db, record)
    vms = [text(vbd["VM"]) for vbd in openers]
    if not vms or any(db.field("VM", vm, "power_state") != "Running" for vm in vms):
        raise XapiFailure("VDI_NEEDS_VM_FOR_MIGRATE", source)
    vdi.check(call, source, "mirror")
    if record["cbt_enabled"]:
        raise XapiFailure("VDI_CBT_ENABLED", source)
    if record["on_boot"] == "reset":
        raise XapiFailure("VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION")
    images.assert_plugged(call.pool, sr)
    if "VDI_MIRROR" not in devices.features(db, sr):
        raise XapiFailure("SR_DOES_NOT_SUPPORT_MIGRATION", sr)
    for vm in vms:
        if not placement.sees_sr(call.pool, text(db.field("VM", vm, "resident_on")), sr):
            raise XapiFailure("SR_NOT_ATTACHED", sr)
