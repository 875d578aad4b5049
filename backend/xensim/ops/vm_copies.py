"""VM.clone and copy: a new VM from an existing one, with copies of its drives and NICs."""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack

from xensim.clock import NEVER
from xensim.failures import XapiFailure
from xensim.ops import devices, images, transfers, vdi, vif
from xensim.ops.locks import object_operation, settle_vm, vm_operation, work
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

CLONE_S = 0.5
_TPM = ("is_unique", "persistence_backend", "allowed_operations", "is_protected")

# What a copy never takes over: identity, place, and what belongs to the original alone.
_OWN = frozenset(
    {"uuid", "allowed_operations", "current_operations", "resident_on", "scheduled_to_be_resident_on", "domid",
     "snapshot_of", "snapshot_time", "snapshot_info", "snapshot_metadata", "is_a_snapshot", "is_default_template",
     "is_vmss_snapshot", "blobs", "metrics", "guest_metrics", "suspend_VDI", "power_state", "groups", "appliance",
     "snapshot_schedule", "requires_reboot", "blocked_operations", "affinity", "ha_restart_priority", "ha_always_run",
     "parent", "attached_PCIs"}
)  # fmt: skip
DRIVE = ("userdevice", "device", "bootable", "mode", "type", "unpluggable", "empty", "other_config",
         "qos_algorithm_type", "qos_algorithm_params")  # fmt: skip
NIC = ("network", "device", "MAC", "MTU", "other_config", "qos_algorithm_type", "qos_algorithm_params",
       "locking_mode", "ipv4_allowed", "ipv6_allowed")  # fmt: skip


@operation("VM.clone")
async def clone(call: Call, vm: str, new_name: str) -> str:
    async with vm_operation(call, vm, "clone"):
        await work(call, CLONE_S)
        return _copy_vm(call, vm, new_name, forks(call, disks(call, vm), snapshot=False))


@operation("VM.copy")
async def copy(call: Call, vm: str, new_name: str, sr: str) -> str:
    """Full copies of the disks, each as long as its bytes take; stopped on the way, nothing is left of them."""
    if sr != NULL_REF:
        call.db.record("SR", sr)
    async with vm_operation(call, vm, "copy"):
        originals = disks(call, vm)
        if not originals:
            await work(call, CLONE_S)
        return _copy_vm(call, vm, new_name, await _full_copies(call, originals, sr))


def disks(call: Call, vm: str) -> list[str]:
    """The VM's disks; what lies in a CD drive is none."""
    vbds = [call.db.record("VBD", vbd) for vbd in strings(call.db.field("VM", vm, "VBDs"))]
    found = [text(vbd["VDI"]) for vbd in vbds if vbd["type"] != "CD"]
    return [disk for disk in dict.fromkeys(found) if call.db.exists("VDI", disk)]


def forks(call: Call, originals: Iterable[str], *, snapshot: bool) -> dict[str, str]:
    """A snapshot or a fast clone of each disk, or of none when one of them fails."""
    made: dict[str, str] = {}
    try:
        for disk in originals:
            made[disk] = images.fork(call.pool, disk, snapshot=snapshot)
    except BaseException:
        discard(call, made.values())
        raise
    return made


def discard(call: Call, made: Iterable[str]) -> None:
    """Remove disks that nobody is to see any more."""
    for disk in made:
        if call.db.exists("VDI", disk):
            images.destroy(call.pool, disk)


def new_vm(call: Call, vm: str, **fields: object) -> str:
    """A row with what `vm` gives its copies; drives, NICs and the rest of its devices come after."""
    db = call.db
    reverse = db.schema.classes["VM"].reverse
    record = db.record("VM", vm)
    kept = {name: value for name, value in record.items() if name not in _OWN and name not in reverse}
    fields.setdefault("power_state", "Halted")
    metrics = copied_row(call, "VM_metrics", record["metrics"])
    made = db.create("VM", {**kept, "domid": -1, "metrics": metrics, **fields})
    db.set("VM_metrics", metrics, last_updated=NEVER, memory_actual=0)
    return made


def copied_row(call: Call, cls: str, ref: object) -> str:
    """A new row with what is in an old one; empty metrics where there is none, the null ref for the agent's."""
    if not call.db.exists(cls, text(ref)):
        return NULL_REF if cls != "VM_metrics" else call.db.create(cls, {})
    return call.db.create(cls, {k: value for k, value in call.db.record(cls, text(ref)).items() if k != "uuid"})


def copy_devices(
    call: Call, vm: str, made: str, copies: Mapping[str, str], *, fresh_macs: bool, skip: Iterable[str] = ()
) -> None:
    """Drives, NICs, GPUs and TPMs for `made` like those of `vm`.

    `copies`: the disks that `made` has instead of the original's; what is not among them is only referred to. Drives
    with a disk of `skip` are left out.
    """
    db = call.db
    record = db.record("VM", vm)
    for ref in strings(record["VBDs"]):
        vbd = db.record("VBD", ref)
        disk = text(vbd["VDI"])
        if disk not in set(skip):
            fields = {name: vbd[name] for name in DRIVE} | {"VDI": copies.get(disk, disk)}
            db.create("VBD", {**fields, "VM": made, "metrics": db.create("VBD_metrics", {})})
    for ref in strings(record["VIFs"]):
        nic = db.record("VIF", ref)
        fields = {name: nic[name] for name in NIC}
        if fresh_macs:
            fields["MAC"] = vif.generated_mac(call, made, text(nic["device"]))
        fields |= {"VM": made, "MAC_autogenerated": fresh_macs, "metrics": db.create("VIF_metrics", {})}
        db.create("VIF", fields)
    for ref in strings(record["VGPUs"]):
        vgpu = db.record("VGPU", ref)
        db.create("VGPU", {name: vgpu[name] for name in ("GPU_group", "device", "type", "other_config")} | {"VM": made})
    for ref in strings(record["VTPMs"]):
        vtpm = db.record("VTPM", ref)
        if not vtpm["is_unique"]:
            db.create("VTPM", {**{name: vtpm[name] for name in _TPM}, "VM": made})
    devices.refresh(call.pool, made)
    settle_vm(db, made)


def _copy_vm(call: Call, vm: str, label: str, copies: Mapping[str, str]) -> str:
    """A full VM of its own: new seed and addresses; the copy of a default template is an ordinary template."""
    db = call.db
    record = db.record("VM", vm)
    config = dict(mapping(record["other_config"]))
    if config.pop("default_template", None) is not None:
        config["base_template_name"] = text(record["name_label"])
    config["mac_seed"] = db.new_uuid()
    image = text(record["suspend_VDI"])
    suspended = record["power_state"] == "Suspended" and db.exists("VDI", image)
    try:
        memory = images.copy(call.pool, image, text(db.field("VDI", image, "SR"))) if suspended else NULL_REF
    except XapiFailure:
        discard(call, copies.values())
        raise
    made = new_vm(
        call,
        vm,
        name_label=label,
        other_config=config,
        power_state="Suspended" if suspended else "Halted",
        suspend_VDI=memory,
        memory_target=0,
    )
    copy_devices(call, vm, made, copies, fresh_macs=True)
    return made


async def _full_copies(call: Call, originals: list[str], sr: str) -> dict[str, str]:
    """A full copy of each disk, on `sr` or beside the original. Rows come first and data after, as in XAPI."""
    db = call.db
    made: dict[str, str] = {}
    sizes = {disk: max(1, number(db.field("VDI", disk, "physical_utilisation"))) for disk in originals}
    whole, done = sum(sizes.values()), 0
    async with AsyncExitStack() as busy:
        for disk in originals:
            vdi.check(call, disk, "copy")
            await busy.enter_async_context(object_operation(call, "VDI", disk, "copy", beside={"copy"}))
        try:
            for disk, size in sizes.items():
                target = text(db.field("VDI", disk, "SR")) if sr == NULL_REF else sr
                made[disk] = images.copy(call.pool, disk, target)
                await transfers.carry(call, size, start=0.9 * done / whole, end=0.9 * (done + size) / whole)
                done += size
                db.record("VDI", made[disk])  # somebody may have removed it meanwhile
        except BaseException:
            discard(call, made.values())
            raise
    return made
