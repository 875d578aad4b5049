"""The devices of a VM as it comes and goes: drives, NICs, GPUs and USB devices, and what they allow."""

from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops import agent, device_rules
from xensim.ops.values import Record, mapping, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LIVE = frozenset({"Running", "Paused"})


def attach_all(pool: Pool, vm: str) -> None:
    """Attach every device: the VM has just become live."""
    db = pool.db
    record = db.record("VM", vm)
    for vbd in strings(record["VBDs"]):
        db.set("VBD", vbd, currently_attached=True, device=device_name(text(db.field("VBD", vbd, "userdevice"))))
    for vif in strings(record["VIFs"]):
        db.set("VIF", vif, currently_attached=True)
    for vgpu in strings(record["VGPUs"]):
        db.set("VGPU", vgpu, currently_attached=True, resident_on=_gpu(db, vgpu, text(record["resident_on"])))
    for vusb in strings(record["VUSBs"]):
        db.set("VUSB", vusb, currently_attached=True)
    refresh(pool, vm)


def detach_all(pool: Pool, vm: str) -> None:
    """Detach every device: the VM is no longer live."""
    db = pool.db
    record = db.record("VM", vm)
    for cls, ends in (("VBD", "VBDs"), ("VIF", "VIFs"), ("VUSB", "VUSBs")):
        for ref in strings(record[ends]):
            db.set(cls, ref, currently_attached=False)
    for vgpu in strings(record["VGPUs"]):
        db.set("VGPU", vgpu, currently_attached=False, resident_on=NULL_REF)
    refresh(pool, vm)


def refresh(pool: Pool, vm: str) -> None:
    """Bring the operations that the VM's devices and disks allow up to date."""
    db = pool.db
    record = db.record("VM", vm)
    state, drivers = text(record["power_state"]), agent.has_drivers(pool, record)
    for ref in strings(record["VBDs"]):
        vbd = db.record("VBD", ref)
        operations = device_rules.vbd(
            power_state=state,
            drivers=drivers,
            cd=vbd["type"] == "CD",
            empty=bool(vbd["empty"]),
            attached=bool(vbd["currently_attached"]),
            unpluggable=bool(vbd["unpluggable"]),
        )
        db.set("VBD", ref, allowed_operations=operations)
        refresh_vdi(db, text(vbd["VDI"]))
    for ref in strings(record["VIFs"]):
        attached = bool(db.field("VIF", ref, "currently_attached"))
        operations = device_rules.vif(power_state=state, drivers=drivers, attached=attached)
        db.set("VIF", ref, allowed_operations=operations)


def refresh_vdi(db: Database, vdi: str) -> None:
    """Bring a disk's operations up to date, and the mark of the hosts that have it open."""
    if not db.exists("VDI", vdi):
        return
    record = db.record("VDI", vdi)
    openers = attached_vbds(db, record)
    modes: dict[str, str] = {}
    for vbd in openers:
        host = text(db.field("VM", text(vbd["VM"]), "resident_on"))
        if host != NULL_REF:
            modes[f"host_{host}"] = text(vbd["mode"])
    config = {key: value for key, value in mapping(record["sm_config"]).items() if not key.startswith("host_")}
    operations = device_rules.vdi(
        features(db, text(record["SR"])),
        attached=bool(openers),
        managed=bool(record["managed"]),
        snapshot=bool(record["is_a_snapshot"]),
        cbt=bool(record["cbt_enabled"]),
        written=any(vbd["mode"] == "RW" for vbd in openers),
    )
    busy = set(mapping(record["current_operations"]).values())
    if busy:  # copies go side by side, and nothing else beside anything
        operations = [op for op in operations if op == "copy" and busy == {"copy"}]
    image = db.field("SR", text(record["SR"]), "content_type") == "iso"
    db.set("VDI", vdi, allowed_operations=operations, sm_config=config if image else config | modes)


def attached_vbds(db: Database, vdi: Record) -> list[Record]:
    """The drives through which a disk is in use now."""
    vbds = (db.record("VBD", ref) for ref in strings(vdi["VBDs"]))
    return [vbd for vbd in vbds if vbd["currently_attached"]]


def features(db: Database, sr: str) -> frozenset[str]:
    """What the driver of an SR can do; nothing when the SR is gone."""
    if not db.exists("SR", sr):
        return frozenset()
    kind = db.field("SR", sr, "type")
    for row in db.rows("SM").values():
        if row.record["type"] == kind:
            return frozenset(mapping(row.record["features"]))
    return frozenset()


def assert_disks_usable(db: Database, vm: str) -> None:
    """What a boot needs of the VM's disks. Raises VDI_MISSING or VDI_IN_USE."""
    for ref in strings(db.field("VM", vm, "VBDs")):
        vbd = db.record("VBD", ref)
        vdi = text(vbd["VDI"])
        if db.exists("VDI", vdi) and db.field("VDI", vdi, "missing"):
            raise XapiFailure("VDI_MISSING", text(db.field("VDI", vdi, "SR")), vdi)
        assert_disk_free(db, vbd, "attach")


def assert_disk_free(db: Database, vbd: Record, op: str) -> None:
    """Raise VDI_IN_USE when the disk is open elsewhere and either side wants to write."""
    vdi = text(vbd["VDI"])
    if not db.exists("VDI", vdi) or db.field("VDI", vdi, "sharable"):
        return
    others = [other for other in attached_vbds(db, db.record("VDI", vdi)) if other["uuid"] != vbd["uuid"]]
    if any("RW" in {vbd["mode"], other["mode"]} for other in others):
        raise XapiFailure("VDI_IN_USE", vdi, op)


def device_name(userdevice: str) -> str:
    """The name in the guest: xvda for position 0 and so on, two letters after the 26th; a name stays as it is."""
    if not userdevice.isdecimal():
        return userdevice
    first, last = divmod(int(userdevice), len(LETTERS))
    return f"xvd{LETTERS[first - 1] if first else ''}{LETTERS[last]}"


def _gpu(db: Database, vgpu: str, host: str) -> str:
    """A GPU of the right group on the host."""
    group = text(db.field("VGPU", vgpu, "GPU_group"))
    for ref in strings(db.field("host", host, "PGPUs")):
        if db.field("PGPU", ref, "GPU_group") == group:
            return ref
    return NULL_REF
