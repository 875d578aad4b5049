"""Disks and the drives they sit in: VDIs with their chains, and VBDs."""

from collections.abc import Sequence

from xensim.clock import NEVER
from xensim.graph.mint import GIB
from xensim.graph.site import Site
from xensim.ops import device_rules
from xensim.schema import NULL_REF

_DEVICES = tuple(f"xvd{chr(97 + at)}" for at in range(16))
_THICK = frozenset({"lvm", "lvmoiscsi"})
_DATA_GIB = (20, 50, 100, 250, 500)
_OWNER = {"owner": ""}


def vdi(
    site: Site,
    sr: str,
    *,
    label: str,
    size: int,
    share: float = 0.5,
    parent: str = "",
    host: str = "",
    **fields: object,
) -> str:
    """A disk, `share` of it in use; `parent` is the uuid of its base copy, `host` the one that has it open."""
    mint = site.mint
    uuid = mint.uuid()
    thick = site.mint.db.field("SR", sr, "type") in _THICK
    sm_config = {"vdi_type": "vhd"} if thick else {"image-format": "vhd"}
    if parent:
        sm_config["vhd-parent"] = parent
    if host:
        sm_config[f"host_{host}"] = "RW"
    managed, snapshot = fields.get("managed", True), bool(fields.get("is_a_snapshot"))
    used = size + 8 * (1 << 20) if thick and managed and not snapshot else int(size * share) & ~4095
    return mint.add(
        "VDI",
        uuid=uuid,
        location=uuid,
        name_label=label,
        SR=sr,
        virtual_size=size,
        physical_utilisation=used,
        sm_config=sm_config,
        allowed_operations=device_rules.vdi(
            site.features[sr],
            attached=bool(host),
            managed=bool(managed),
            snapshot=snapshot,
            cbt=bool(fields.get("cbt_enabled")),
        ),
        **({"managed": True, "type": "user"} | fields),
    )


def chain(site: Site, sr: str, *, size: int, links: int) -> list[str]:
    """The uuids of a chain of hidden base copies, the root first."""
    uuids: list[str] = []
    for _ in range(links):
        parent = uuids[-1] if uuids else ""
        ref = vdi(site, sr, label="base copy", size=size, share=0.3, parent=parent, managed=False, read_only=True)
        uuids.append(str(site.mint.db.field("VDI", ref, "uuid")))
    return uuids


def vbd(
    site: Site,
    vm: str,
    vdi: str,
    *,
    position: int,
    power_state: str,
    drivers: bool,
    cd: bool = False,
    **fields: object,
) -> str:
    """A drive of `vm`; it is attached while the VM is live."""
    attached = power_state in {"Running", "Paused"}
    unpluggable = bool(fields.pop("unpluggable", True))
    return site.mint.add(
        "VBD",
        VM=vm,
        VDI=vdi,
        allowed_operations=device_rules.vbd(
            power_state=power_state,
            drivers=drivers,
            cd=cd,
            empty=vdi == NULL_REF,
            attached=attached,
            unpluggable=unpluggable,
        ),
        device=_DEVICES[position] if attached else "",
        userdevice=str(position),
        bootable=position == 0 and not cd,
        mode="RO" if cd else "RW",
        type="CD" if cd else "Disk",
        unpluggable=unpluggable and not cd,
        empty=vdi == NULL_REF,
        other_config={} if cd else _OWNER,
        currently_attached=attached,
        **fields,
    )


def snapshot(site: Site, disk: str, *, parent: str, time: str) -> str:
    """A snapshot of the VDI `disk`, beside it on the base copy `parent`."""
    of = site.mint.db.record("VDI", disk)
    return vdi(
        site,
        str(of["SR"]),
        label=str(of["name_label"]),
        size=int(str(of["virtual_size"])),
        share=0.02,
        parent=parent,
        is_a_snapshot=True,
        snapshot_of=disk,
        snapshot_time=time or NEVER,
        read_only=True,
        name_description=of["name_description"],
    )


def sizes(count: int, first: int, rolls: Sequence[float]) -> list[int]:
    """Sizes of `count` disks: the system's, then data disks by the given rolls."""
    return [first, *(_DATA_GIB[int(roll * len(_DATA_GIB))] * GIB for roll in rolls[: count - 1])][:count]
