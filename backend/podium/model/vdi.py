"""VDIs: virtual disks, their snapshots, and the base copies that storage drivers keep."""

from typing import Literal, NamedTuple

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.dates import timestamp
from podium.model.identity import NULL_REF, object_id
from podium.xapi.records import Ref, VDIRecord

VdiType = Literal["VDI", "VDI-snapshot", "VDI-unmanaged"]


def storage(record: VDIRecord) -> Ref:
    """Fact: the ref of the SR that holds the disk."""
    return record.SR


class Layer(NamedTuple):
    """One disk of a chain: its bytes, and the uuid of the disk beneath."""

    usage: int
    parent: str | None


def layer(record: VDIRecord) -> Layer:
    """Fact: what a disk adds to the chains above it."""
    return Layer(record.physical_utilisation, record.sm_config.get("vhd-parent"))


class AnyVDI(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"sr": "$SR", "vbds": "$VBDs", "vdi_type": "VDI_type"},
):
    """What disks, snapshots and base copies have in common. `size` and `usage` are bytes; `parent` is a VDI's uuid."""

    name_label: str
    name_description: str
    tags: tuple[str, ...]
    sr: str | Maybe = UNSET
    vbds: tuple[str | None, ...]
    snapshots: tuple[str | None, ...]
    vdi_type: str
    cbt_enabled: bool
    current_operations: dict[str, str]
    image_format: str | Maybe = UNSET
    missing: bool
    other_config: dict[str, str]
    parent: str | Maybe = UNSET
    size: int
    usage: int


class VDI(AnyVDI, frozen=True, kw_only=True, gc=False, rename={"chain_physical_usage": "chainPhysicalUsage"}):
    """A virtual disk. `chain_physical_usage`: bytes of the disk and of all the copies that it is based on."""

    type: Literal["VDI"] = "VDI"
    chain_physical_usage: int


class VDISnapshot(AnyVDI, frozen=True, kw_only=True, gc=False, rename={"snapshot_of": "$snapshot_of"}):
    """A disk as it was. `snapshot_of` is left out when that disk is gone."""

    type: Literal["VDI-snapshot"] = "VDI-snapshot"
    snapshot_time: int | None
    snapshot_of: str | Maybe = UNSET


class VDIUnmanaged(AnyVDI, frozen=True, kw_only=True, gc=False):
    """A base copy: takes space, but is not to be used."""

    type: Literal["VDI-unmanaged"] = "VDI-unmanaged"


RESOURCES = (
    Resource(type="VDI", collection="vdis", struct=VDI, privilege="vdi", title="VDI"),
    Resource(
        type="VDI-snapshot",
        collection="vdi-snapshots",
        struct=VDISnapshot,
        privilege="vdi-snapshot",
        title="VDI snapshot",
    ),
    Resource(
        type="VDI-unmanaged",
        collection="vdi-unmanaged",
        struct=VDIUnmanaged,
        privilege="vdi-unmanaged",
        title="unmanaged VDI",
    ),
)

_STRUCTS: dict[VdiType, type[AnyVDI]] = {
    "VDI": VDI,
    "VDI-snapshot": VDISnapshot,
    "VDI-unmanaged": VDIUnmanaged,
}


def vdi(ref: Ref, record: VDIRecord, look: Lookup) -> AnyVDI:
    """A VDI record as the disk, snapshot or base copy it is."""
    kind = type_of(flags(record), look)
    sm_config = record.sm_config
    return _STRUCTS[kind](
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label,
        name_description=record.name_description,
        tags=record.tags,
        sr=look.link(record.SR),
        vbds=look.links(record.VBDs) if record.VBDs else (),
        snapshots=look.links(record.snapshots) if record.snapshots else (),
        vdi_type=record.type,
        cbt_enabled=record.cbt_enabled,
        current_operations=record.current_operations,
        image_format=sm_config.get("image-format", UNSET),
        missing=record.missing,
        other_config=record.other_config,
        parent=sm_config.get("vhd-parent", UNSET),
        size=record.virtual_size,
        usage=record.physical_utilisation,
        **_of_kind(kind, record, look),  # type: ignore[arg-type]  # each kind's own fields, by its test
    )


class Flags(NamedTuple):
    """What decides on the type of a VDI record."""

    is_a_snapshot: bool
    snapshot_of: Ref
    managed: bool


def flags(record: VDIRecord) -> Flags:
    """Fact: what decides on the type of a VDI record."""
    return Flags(record.is_a_snapshot, record.snapshot_of, record.managed)


def type_of(marks: Flags, look: Lookup) -> VdiType:
    """A snapshot is one by its flag, or because the disk that it says it was taken of exists."""
    if marks.is_a_snapshot or (marks.snapshot_of != NULL_REF and look.link(marks.snapshot_of) is not UNSET):
        return "VDI-snapshot"
    return "VDI" if marks.managed else "VDI-unmanaged"


def _of_kind(kind: VdiType, record: VDIRecord, look: Lookup) -> dict[str, object]:
    match kind:
        case "VDI":
            return {"chain_physical_usage": _chain_usage(record, look)}
        case "VDI-snapshot":
            return {
                "snapshot_time": timestamp(record.snapshot_time),
                "snapshot_of": look.link(record.snapshot_of),
            }
        case "VDI-unmanaged":
            return {}


def _chain_usage(record: VDIRecord, look: Lookup) -> int:
    """The disk's own bytes and those of every ancestor known; a chain that bites its tail is counted once."""
    usage, parent = record.physical_utilisation, record.sm_config.get("vhd-parent")
    if parent is None:
        return usage
    seen = {record.uuid}
    while parent is not None and parent not in seen:
        seen.add(parent)
        ref = look.find(VDIRecord, parent)
        found = look.fact(VDIRecord, ref, layer) if ref is not None else None
        if found is None:
            break
        usage += found.usage
        parent = found.parent
    return usage
