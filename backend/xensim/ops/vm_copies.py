"""VM.clone, copy and snapshot: a new VM from an existing one, with copies of its drives and NICs."""

from collections.abc import Callable

from xensim.clock import NEVER
from xensim.ops import devices, images, vif
from xensim.ops.locks import settle_vm, vm_operation, work
from xensim.ops.values import mapping, strings, text
from xensim.ops.vm_power import say
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

CLONE_S = 0.5
COPY_S = 3.0
SNAPSHOT_S = 0.6

Duplicate = Callable[[str], str]  # a VDI → the ref of its copy

# What a copy never takes over: identity, place, and what belongs to the original alone.
_OWN = frozenset(
    {"uuid", "allowed_operations", "current_operations", "resident_on", "scheduled_to_be_resident_on", "domid",
     "snapshot_of", "snapshot_time", "snapshot_info", "is_a_snapshot", "is_default_template", "is_vmss_snapshot",
     "blobs", "metrics", "guest_metrics", "suspend_VDI", "power_state", "groups", "appliance", "snapshot_schedule",
     "requires_reboot", "blocked_operations", "affinity", "ha_restart_priority", "ha_always_run", "parent"}
)  # fmt: skip


@operation("VM.clone")
async def clone(call: Call, vm: str, new_name: str) -> str:
    async with vm_operation(call, vm, "clone"):
        await work(call, CLONE_S)
        return _copy_vm(call, vm, new_name, lambda vdi: images.fork(call.pool, vdi, snapshot=False))


@operation("VM.copy")
async def copy(call: Call, vm: str, new_name: str, sr: str) -> str:
    if sr != NULL_REF:
        call.db.record("SR", sr)
    async with vm_operation(call, vm, "copy"):
        await work(call, COPY_S)

        def duplicate(vdi: str) -> str:
            return images.copy(call.pool, vdi, text(call.db.field("VDI", vdi, "SR")) if sr == NULL_REF else sr)

        return _copy_vm(call, vm, new_name, duplicate)


@operation("VM.snapshot")
async def snapshot(call: Call, vm: str, new_name: str, ignore_vdis: list[str]) -> str:
    async with vm_operation(call, vm, "snapshot"):
        await work(call, SNAPSHOT_S)
        made = _snapshot_vm(call, vm, new_name, set(ignore_vdis))
        say(call, "VM_SNAPSHOTTED", vm, f"snapshotted, snapshot name: {new_name}")
        return made


def _copy_vm(call: Call, vm: str, label: str, duplicate: Duplicate) -> str:
    """A full VM of its own: new seed and addresses; the copy of a default template is an ordinary template."""
    db = call.db
    record = db.record("VM", vm)
    config = dict(mapping(record["other_config"]))
    if config.pop("default_template", None) is not None:
        config["base_template_name"] = text(record["name_label"])
    config["mac_seed"] = db.new_uuid()
    image = text(record["suspend_VDI"])
    suspended = record["power_state"] == "Suspended" and db.exists("VDI", image)
    made = _new_vm(
        call,
        vm,
        name_label=label,
        other_config=config,
        power_state="Suspended" if suspended else "Halted",
        suspend_VDI=images.copy(call.pool, image, text(db.field("VDI", image, "SR"))) if suspended else NULL_REF,
        memory_target=0,
    )
    _copy_drives(call, vm, made, duplicate, skip=set())
    _copy_nics(call, vm, made, fresh_macs=True)
    return _finish(call, made)


def _snapshot_vm(call: Call, vm: str, label: str, ignored: set[str]) -> str:
    """A frozen picture: a template that remembers its VM, and becomes the parent of what the VM does next."""
    db = call.db
    record = db.record("VM", vm)
    state = text(record["power_state"])
    made = _new_vm(
        call,
        vm,
        name_label=label,
        is_a_template=True,
        is_a_snapshot=True,
        snapshot_of=vm,
        snapshot_time=call.pool.clock.wire(),
        snapshot_info={"disk-snapshot-type": "crash_consistent", "power-state-at-snapshot": state},
        parent=record["parent"],
        guest_metrics=_copied_row(call, "VM_guest_metrics", record["guest_metrics"]),
    )
    _copy_drives(call, vm, made, lambda vdi: images.fork(call.pool, vdi, snapshot=True), skip=ignored)
    _copy_nics(call, vm, made, fresh_macs=False)
    db.set("VM", vm, parent=made)
    return _finish(call, made)


def _new_vm(call: Call, vm: str, **fields: object) -> str:
    db = call.db
    reverse = db.schema.classes["VM"].reverse
    record = db.record("VM", vm)
    kept = {name: value for name, value in record.items() if name not in _OWN and name not in reverse}
    fields.setdefault("power_state", "Halted")
    metrics = _copied_row(call, "VM_metrics", record["metrics"])
    made = db.create("VM", {**kept, "domid": -1, "metrics": metrics, **fields})
    db.set("VM_metrics", metrics, last_updated=NEVER, memory_actual=0)
    return made


def _copied_row(call: Call, cls: str, ref: object) -> str:
    if not call.db.exists(cls, text(ref)):
        return NULL_REF if cls != "VM_metrics" else call.db.create(cls, {})
    return call.db.create(cls, {k: value for k, value in call.db.record(cls, text(ref)).items() if k != "uuid"})


def _copy_drives(call: Call, vm: str, made: str, duplicate: Duplicate, *, skip: set[str]) -> None:
    """Disks are duplicated; what lies in a CD drive is only referred to."""
    db = call.db
    for ref in strings(db.field("VM", vm, "VBDs")):
        vbd = db.record("VBD", ref)
        vdi = text(vbd["VDI"])
        if vdi in skip:
            continue
        if vbd["type"] != "CD" and db.exists("VDI", vdi):
            vdi = duplicate(vdi)
        names = ("userdevice", "bootable", "mode", "type", "unpluggable", "empty", "other_config",
                 "qos_algorithm_type", "qos_algorithm_params")  # fmt: skip
        copied = {name: vbd[name] for name in names}
        db.create("VBD", {**copied, "VM": made, "VDI": vdi, "metrics": db.create("VBD_metrics", {})})


def _copy_nics(call: Call, vm: str, made: str, *, fresh_macs: bool) -> None:
    db = call.db
    for ref in strings(db.field("VM", vm, "VIFs")):
        nic = db.record("VIF", ref)
        names = ("network", "device", "MAC", "MTU", "other_config", "qos_algorithm_type", "qos_algorithm_params",
                 "locking_mode", "ipv4_allowed", "ipv6_allowed")  # fmt: skip
        fields = {name: nic[name] for name in names}
        if fresh_macs:
            fields["MAC"] = vif.generated_mac(call, made, text(nic["device"]))
        db.create(
            "VIF", {**fields, "VM": made, "MAC_autogenerated": fresh_macs, "metrics": db.create("VIF_metrics", {})}
        )


def _finish(call: Call, made: str) -> str:
    devices.refresh(call.pool, made)
    settle_vm(call.db, made)
    return made
