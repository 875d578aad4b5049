"""The agent inside a guest: what it reports once its VM has booted."""

from xensim.ops.values import Record, mapping, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

HANGS = "xensim-hangs"  # a key of `other`: a guest that is to answer nothing until it is started anew
_FEATURES = {
    "feature-balloon": "1", "feature-poweroff": "1", "feature-reboot": "1", "feature-shutdown": "1",
    "feature-suspend": "1", "feature-vcpu-hotplug": "1", "has-vendor-device": "0",
}  # fmt: skip
_LINUX = {
    "os_version": {"name": "Debian GNU/Linux 12 (bookworm)", "uname": "6.1.0-28-amd64", "distro": "debian",
                   "major": "12", "minor": "8"},
    "PV_drivers_version": {"major": "7", "minor": "30", "micro": "0", "build": "12"},
}  # fmt: skip
_WINDOWS = {
    "os_version": {"name": "Microsoft Windows Server 2022 Standard|C:\\Windows", "distro": "windows", "major": "10",
                   "minor": "0", "spmajor": "0", "spminor": "0"},
    "PV_drivers_version": {"major": "9", "minor": "4", "micro": "0", "build": "146"},
}  # fmt: skip


def has_drivers(pool: Pool, vm: Record) -> bool:
    """Whether PV drivers have shown themselves: devices can then be plugged while the VM runs."""
    if vm["domain_type"] in {"pv", "pv_in_pvh", "pvh"}:
        return True
    guest = text(vm["guest_metrics"])
    return pool.db.exists("VM_guest_metrics", guest) and bool(
        pool.db.field("VM_guest_metrics", guest, "PV_drivers_detected")
    )


def hangs(pool: Pool, vm: str) -> bool:
    """Whether the guest answers to nothing: somebody has written HANGS into what its agent said."""
    guest = text(pool.db.field("VM", vm, "guest_metrics"))
    return pool.db.exists("VM_guest_metrics", guest) and HANGS in mapping(
        pool.db.field("VM_guest_metrics", guest, "other")
    )


def boot(pool: Pool, vm: str) -> str:
    """A new VM_guest_metrics row in place of the one of the last boot; its ref.

    The guest tells what it told last time; one that never ran has an agent if it has a disk to boot from.
    """
    db = pool.db
    record = db.record("VM", vm)
    old = text(record["guest_metrics"])
    if db.exists("VM_guest_metrics", old):
        said = {name: value for name, value in db.record("VM_guest_metrics", old).items() if name != "uuid"}
        db.destroy("VM_guest_metrics", old)
    else:
        said = _first(pool, record)
    other = {key: value for key, value in mapping(said.get("other", {})).items() if key != HANGS}
    return db.create("VM_guest_metrics", {**said, "other": other, "live": True, "last_updated": pool.clock.wire()})


def forget(pool: Pool, vm: str) -> None:
    """Drop what the agent said: the VM starts paused and has said nothing yet."""
    old = text(pool.db.field("VM", vm, "guest_metrics"))
    pool.db.set("VM", vm, guest_metrics=NULL_REF)
    if pool.db.exists("VM_guest_metrics", old):
        pool.db.destroy("VM_guest_metrics", old)


def _first(pool: Pool, vm: Record) -> dict[str, object]:
    db = pool.db
    vbds = [db.record("VBD", ref) for ref in strings(vm["VBDs"])]
    if not any(vbd["type"] == "Disk" and not vbd["empty"] for vbd in vbds):
        return {"can_use_hotplug_vbd": "unspecified", "can_use_hotplug_vif": "unspecified"}
    system = _WINDOWS if mapping(vm["platform"]).get("device_id") == "0002" else _LINUX
    networks: dict[str, str] = {}
    for ref in strings(vm["VIFs"]):
        device = text(db.field("VIF", ref, "device"))
        networks |= dict.fromkeys((f"{device}/ip", f"{device}/ipv4/0"), _address(text(db.field("VIF", ref, "MAC"))))
    return {
        **system, "PV_drivers_detected": True, "PV_drivers_up_to_date": True, "networks": networks, "other": _FEATURES,
        "can_use_hotplug_vbd": "yes", "can_use_hotplug_vif": "yes",
    }  # fmt: skip


def _address(mac: str) -> str:
    """The address a DHCP server would give, always the same to the same card."""
    low = [int(part, 16) for part in mac.split(":")[-2:]]
    return f"10.64.{low[0]}.{low[1] % 254 + 1}"
