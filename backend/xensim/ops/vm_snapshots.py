"""VM.snapshot, checkpoint and revert: pictures of a VM, and the way back. Source: xapi_vm_snapshot.ml."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import images, memory, placement, transitions, vm_metadata
from xensim.ops.locks import steady, vm_operation, work
from xensim.ops.values import text
from xensim.ops.vm_copies import copied_row, copy_devices, discard, disks, forks, new_vm
from xensim.ops.vm_life import clear_devices, remove
from xensim.ops.vm_power import RESUME_S, SUSPEND_S, ask_guest, say
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

SNAPSHOT_S = 0.6
REVERT_S = 1.0

# What a VM keeps when it goes back: what it is, where it is, and what belongs to it and not to one moment of it.
_STAYS = frozenset(
    {"uuid", "allowed_operations", "current_operations", "power_state", "resident_on", "scheduled_to_be_resident_on",
     "domid", "suspend_VDI", "parent", "metrics", "guest_metrics", "tags", "affinity", "groups", "blobs",
     "is_a_snapshot", "is_control_domain", "is_default_template", "is_vmss_snapshot", "snapshot_of", "snapshot_time",
     "snapshot_info", "snapshot_metadata", "transportable_snapshot_id", "protection_policy", "attached_PCIs",
     "ha_always_run", "requires_reboot"}
)  # fmt: skip
# What a snapshot without metadata says nothing about: its own name and kind are not the VM's.
_OF_THE_SNAPSHOT = frozenset(
    {"name_label", "name_description", "is_a_template", "blocked_operations", "ha_restart_priority", "appliance",
     "snapshot_schedule"}
)  # fmt: skip
_GROUPS = (("appliance", "VM_appliance"), ("snapshot_schedule", "VMSS"))


@operation("VM.snapshot")
async def snapshot(call: Call, vm: str, new_name: str, ignore_vdis: list[str]) -> str:
    async with vm_operation(call, vm, "snapshot"):
        await work(call, SNAPSHOT_S)
        made = _picture(call, vm, new_name, state=text(call.db.field("VM", vm, "power_state")), ignored=ignore_vdis)
        say(call, "VM_SNAPSHOTTED", vm, f"snapshotted, snapshot name: {new_name}")
        return made


@operation("VM.checkpoint")
async def checkpoint(call: Call, vm: str, new_name: str) -> str:
    """A snapshot with what is in memory: a running VM is suspended for it, and resumed where it was."""
    async with vm_operation(call, vm, "checkpoint"):
        state = text(call.db.field("VM", vm, "power_state"))
        if state == "Running":
            made = await _suspended_picture(call, vm, new_name)
        else:
            await work(call, SNAPSHOT_S)
            made = _picture(call, vm, new_name, state=state, whole=True)
        say(call, "VM_CHECKPOINTED", vm, f"checkpointed, snapshot name: {new_name}")
        return made


@operation("VM.revert")
async def revert(call: Call, snapshot: str) -> None:
    """Not to be stopped once it has begun. A VM that is gone is made anew."""
    db = call.db
    async with vm_operation(call, snapshot, "revert"):
        vm = text(db.field("VM", snapshot, "snapshot_of"))
        if not db.exists("VM", vm):
            await steady(call, REVERT_S)
            vm = _revive(call, snapshot, vm)
        else:
            async with vm_operation(call, vm, "reverting"):
                if db.field("VM", vm, "power_state") != "Halted":
                    transitions.halt(call.pool, vm)
                await steady(call, REVERT_S)
                _go_back(call, snapshot, vm)
        record = db.record("VM", snapshot)
        say(call, "VM_SNAPSHOT_REVERTED", vm, f"reverted to snapshot: {record['name_label']} (uuid {record['uuid']})")


async def _suspended_picture(call: Call, vm: str, label: str) -> str:
    """Suspend, take the picture, resume. Stopped before the memory is written, the VM just runs on."""
    pool, db = call.pool, call.db
    host = text(db.field("VM", vm, "resident_on"))
    placement.suspend_sr(pool, vm)
    await ask_guest(call, vm, SUSPEND_S, "VM_CHECKPOINT_SUSPEND_FAILED", end=0.5)
    transitions.suspend(pool, vm)
    try:
        made = _picture(call, vm, label, state="Running", whole=True)
    finally:
        # From here on to the end, whatever happens: a VM must not stay suspended for a picture of it.
        await steady(call, RESUME_S, start=0.5)
        record = db.record("VM", vm)
        if record["power_state"] == "Suspended":
            if not db.exists("host", host) or memory.needed(record) > memory.free(db, host):
                raise XapiFailure("VM_CHECKPOINT_RESUME_FAILED", vm)
            transitions.resume(pool, vm, host)
    return made


def _picture(
    call: Call, vm: str, label: str, *, state: str, whole: bool = False, ignored: list[str] | None = None
) -> str:
    """A frozen VM: a template that remembers its original, and becomes the parent of what the VM does next.

    `state`: of the VM when it was asked to hold still; `whole`: with the memory of a suspended one.
    """
    db = call.db
    record = db.record("VM", vm)
    skip = ignored or []
    image = text(record["suspend_VDI"])
    taken = [disk for disk in disks(call, vm) if disk not in skip]
    suspended = whole and record["power_state"] == "Suspended" and db.exists("VDI", image)
    copies = forks(call, [*taken, image] if suspended else taken, snapshot=True)
    made = new_vm(
        call,
        vm,
        name_label=label,
        power_state="Suspended" if suspended else "Halted",
        suspend_VDI=copies[image] if suspended else NULL_REF,
        is_a_template=True,
        is_a_snapshot=True,
        snapshot_of=vm,
        snapshot_time=call.pool.clock.wire(),
        snapshot_info={"disk-snapshot-type": "crash_consistent", "power-state-at-snapshot": state},
        snapshot_metadata=vm_metadata.write(record, vm),
        parent=record["parent"],
        guest_metrics=copied_row(call, "VM_guest_metrics", record["guest_metrics"]),
    )
    copy_devices(call, vm, made, copies, fresh_macs=False, skip=skip)
    db.set("VM", vm, parent=made)
    return made


def _go_back(call: Call, snapshot: str, vm: str) -> None:
    """Put what the snapshot holds in place of what the halted VM has. Raises VM_REVERT_FAILED and changes nothing."""
    db = call.db
    picture = db.record("VM", snapshot)
    image = text(picture["suspend_VDI"])
    suspended = picture["power_state"] == "Suspended" and db.exists("VDI", image)
    if suspended and not images.is_plugged(call.pool, text(db.field("VDI", image, "SR"))):
        raise XapiFailure("SUSPEND_IMAGE_NOT_ACCESSIBLE", image)
    frozen = disks(call, snapshot)
    try:
        copies = forks(call, [*frozen, image] if suspended else frozen, snapshot=False)
    except XapiFailure as failure:
        if failure.code == "SR_FULL":
            raise
        raise XapiFailure("VM_REVERT_FAILED", snapshot, vm) from failure
    replaced = _replaced(call, frozen, copies)
    current = disks(call, vm)
    clear_devices(db, vm)
    discard(call, [disk for disk in current if disk in replaced])
    _side_rows(call, snapshot, vm)
    db.set(
        "VM",
        vm,
        **_fields(call, snapshot),
        parent=snapshot,
        power_state="Suspended" if suspended else "Halted",
        suspend_VDI=copies[image] if suspended else NULL_REF,
    )
    copy_devices(call, snapshot, vm, copies, fresh_macs=False)


def _replaced(call: Call, frozen: list[str], copies: Mapping[str, str]) -> set[str]:
    """The disks whose place the copies take: every snapshot of one of them is a snapshot of its copy now."""
    db = call.db
    origins = {text(db.field("VDI", disk, "snapshot_of")): copies[disk] for disk in frozen}
    origins.pop(NULL_REF, None)
    rows = db.rows("VDI")
    for ref in [ref for ref, row in rows.items() if row.record["snapshot_of"] in origins]:
        db.set("VDI", ref, snapshot_of=origins[text(rows[ref].record["snapshot_of"])])
    for copied in copies.values():
        db.set("VDI", copied, snapshot_time=call.pool.clock.wire())
    return set(origins)


def _side_rows(call: Call, snapshot: str, vm: str) -> None:
    """Metrics, and what the agent said then."""
    db = call.db
    for field, cls in (("metrics", "VM_metrics"), ("guest_metrics", "VM_guest_metrics")):
        old = text(db.field("VM", vm, field))
        db.set("VM", vm, **{field: copied_row(call, cls, db.field("VM", snapshot, field))})
        if db.exists(cls, old):
            db.destroy(cls, old)


def _fields(call: Call, snapshot: str) -> dict[str, object]:
    """The settings of the VM when the snapshot was taken."""
    db, cls = call.db, call.db.schema.classes["VM"]
    picture = db.record("VM", snapshot)
    fields = vm_metadata.read(text(picture["snapshot_metadata"]), cls)
    if not fields:  # from before snapshots remembered
        fields = {name: value for name, value in picture.items() if name not in _OF_THE_SNAPSHOT}
    for name, group in _GROUPS:
        if not db.exists(group, text(fields.get(name, NULL_REF))):
            fields[name] = NULL_REF
    return {name: value for name, value in fields.items() if name not in _STAYS and name not in cls.reverse}


def _revive(call: Call, snapshot: str, gone: str) -> str:
    """A destroyed VM is there again, under its uuid, and its snapshots are its own. Raises what going back raises."""
    db = call.db
    known = vm_metadata.read(text(db.field("VM", snapshot, "snapshot_metadata")), db.schema.classes["VM"])
    uuid = text(known.get("uuid", ""))
    taken = any(row.record["uuid"] == uuid for row in db.rows("VM").values())
    vm = new_vm(call, snapshot, is_a_template=False, **({} if taken else {"uuid": uuid}))
    try:
        _go_back(call, snapshot, vm)
    except XapiFailure:
        remove(call, vm)
        raise
    orphans = [ref for ref, row in db.rows("VM").items() if gone != NULL_REF and row.record["snapshot_of"] == gone]
    for orphan in {*orphans, snapshot}:
        db.set("VM", orphan, snapshot_of=vm)
    return vm
