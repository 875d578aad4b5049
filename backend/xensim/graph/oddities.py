"""Rare things that a reader must survive: dangling refs, lost disks, passthrough devices, checkpoints."""

from xensim.graph import disks, snapshots
from xensim.graph.guests import Builder, Guest
from xensim.graph.site import Site
from xensim.ops.values import mapping, number, text
from xensim.schema import NULL_REF

# Fields that point to nothing on purpose, as real pools have them.
DANGLING = frozenset({("VM", "snapshot_of"), ("VDI", "snapshot_of")})


def add(site: Site, builder: Builder, guests: list[Guest]) -> None:
    """Turn a few of the guests into special cases."""
    live = [guest for guest in guests if guest.power_state == "Running"]
    halted = [guest for guest in guests if guest.power_state == "Halted"]
    _orphan_snapshot(site, builder, len(guests))
    if live:
        _checkpoint(site, live[0])
        _crash(site, live[-1])
        _usb(site, live[len(live) // 2])
    _gpus(site, live[1:], halted[2:])
    if len(halted) > 1:
        _passthrough(site, halted[0])
        site.mint.add(
            "VTPM", VM=halted[1].ref, persistence_backend="xapi", is_unique=True, allowed_operations=["destroy"]
        )
    _orphan_disks(site)


def _orphan_snapshot(site: Site, builder: Builder, at: int) -> None:
    """A snapshot whose VM is gone: made from a guest that is destroyed again."""
    guest = builder.add(at)
    db = site.mint.db
    _rebase(site, guest)
    snapshots.snapshot(site, guest, link=0, parent=NULL_REF)
    vm = dict(db.record("VM", guest.ref))
    for cls, ends in (("VBD", "VBDs"), ("VIF", "VIFs"), ("console", "consoles"), ("VTPM", "VTPMs")):
        refs = vm[ends]
        for ref in list(refs) if isinstance(refs, list) else []:
            db.destroy(cls, ref)
    for cls, name in (("VM_metrics", "metrics"), ("VM_guest_metrics", "guest_metrics"), ("VDI", "suspend_VDI")):
        if vm[name] != NULL_REF:
            db.destroy(cls, text(vm[name]))
    for disk in guest.disks:
        db.destroy("VDI", disk)
    db.destroy("VM", guest.ref)


def _checkpoint(site: Site, guest: Guest) -> None:
    _rebase(site, guest)
    ref = snapshots.snapshot(site, guest, link=0, parent=NULL_REF, memory=True)
    site.mint.db.set("VM", ref, name_label="with memory, before the migration")


def _rebase(site: Site, guest: Guest) -> None:
    """Put a base copy under each disk that has none, as its first snapshot does."""
    db = site.mint.db
    for at, disk in enumerate(guest.disks):
        if not guest.chains[at]:
            vdi = db.record("VDI", disk)
            guest.chains[at] = disks.chain(site, text(vdi["SR"]), size=number(vdi["virtual_size"]), links=1)
            db.set("VDI", disk, sm_config=mapping(vdi["sm_config"]) | {"vhd-parent": guest.chains[at][-1]})


def _crash(site: Site, guest: Guest) -> None:
    dump = disks.vdi(site, site.srs["nfs"], label="crashdump", size=1 << 30, type="crashdump")
    site.mint.add("crashdump", VM=guest.ref, VDI=dump)


def _gpus(site: Site, live: list[Guest], halted: list[Guest]) -> None:
    """A share of the GPU for two VMs that run beside one, and for one that will need it to start."""
    beside = [guest for guest in live if guest.host and guest.host.gpu][:2]
    for guest in beside + halted[:1]:
        site.mint.add(
            "VGPU",
            VM=guest.ref, GPU_group=site.gpu_group, type=site.vgpu_type, device="0", currently_attached=guest.live,
            resident_on=guest.host.gpu if guest.host and guest.live else NULL_REF,
        )  # fmt: skip


def _usb(site: Site, guest: Guest) -> None:
    site.mint.add(
        "VUSB", VM=guest.ref, USB_group=site.usb_group, currently_attached=False, allowed_operations=["attach"]
    )


def _passthrough(site: Site, guest: Guest) -> None:
    db = site.mint.db
    config = mapping(db.field("VM", guest.ref, "other_config"))
    db.set("VM", guest.ref, other_config=config | {"pci": "0/0000:ca:00.0"})


def _orphan_disks(site: Site) -> None:
    """Disks without a VM: one lost by its backend, one a snapshot of a disk that is gone, one for an import."""
    sr = site.srs["nfs"]
    disks.vdi(site, sr, label="lost in the fire", size=20 << 30, missing=True)
    disks.vdi(
        site, sr, label="root", size=10 << 30, is_a_snapshot=True, snapshot_time=site.mint.ago(40),
        snapshot_of=f"OpaqueRef:{site.mint.uuid()}", read_only=True,
    )  # fmt: skip
    disks.vdi(site, site.srs["iscsi"], label="[XO] import in progress", size=50 << 30, tags=["do-not-delete"])
    disks.vdi(site, site.srs["broken"], label="from the old days", size=30 << 30)
