"""Disks as the storage backend makes them: new ones, snapshots and clones on hidden base copies, removal."""

from xensim.clock import NEVER
from xensim.content import BLOCK
from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops import devices, filers
from xensim.ops.values import mapping, number, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

GRAIN = 2 << 20  # a VHD grows in blocks of 2 MiB
LARGEST = 2_088_960 << 20  # bytes of the largest VHD. Source: vhdutil.py of xapi-project/sm


def create(pool: Pool, sr: str, size: int, **fields: object) -> str:
    """A new, empty disk. Raises SR_HAS_NO_PBDS, SR_OPERATION_NOT_SUPPORTED, SR_FULL, or that it is too large a VHD."""
    db = pool.db
    assert_plugged(pool, sr)
    assert_feature(db, sr, "VDI_CREATE")
    size = -(-max(size, 1) // GRAIN) * GRAIN
    assert_room(db, sr, size)
    assert_size(size)
    return _row(pool, sr, size=size, used=GRAIN if _thin(db, sr) else size, **fields)


def thicken(db: Database, vdi: str) -> None:
    """A disk takes all of its size from now on."""
    record = db.record("VDI", vdi)
    size = number(record["virtual_size"])
    book(db, text(record["SR"]), used=size - number(record["physical_utilisation"]), allocated=0)
    db.set("VDI", vdi, physical_utilisation=size)


def copy(pool: Pool, vdi: str, sr: str, *, source: Pool | None = None) -> str:
    """A full copy on `sr`. `source`: the pool whose disk it is, where that is another one."""
    source = source or pool
    record = source.db.record("VDI", vdi)
    size, used = number(record["virtual_size"]), number(record["physical_utilisation"])
    assert_plugged(pool, sr)
    assert_feature(pool.db, sr, "VDI_CREATE")
    assert_room(pool.db, sr, used)
    made = _row(pool, sr, size=size, used=used, **_taken_over(source.db, vdi))
    pour(pool, made, vdi, source)
    return made


def pour(pool: Pool, made: str, vdi: str, source: Pool) -> None:
    """Put on a copy what is on its original, a disk of `source`, now."""
    if source is pool:
        pool.contents.copy(vdi, made)
        return
    pool.contents.drop(made)
    for index in source.contents.blocks(vdi):
        pool.contents.write(made, index * BLOCK, source.contents.read(vdi, index * BLOCK, BLOCK))


def fork(pool: Pool, vdi: str, *, snapshot: bool) -> str:
    """A snapshot or a fast clone: what is there becomes a hidden base copy, and both disks live on top of it."""
    db = pool.db
    record = db.record("VDI", vdi)
    sr, size = text(record["SR"]), number(record["virtual_size"])
    assert_plugged(pool, sr)
    assert_feature(db, sr, "VDI_SNAPSHOT" if snapshot else "VDI_CLONE")
    config = mapping(record["sm_config"])
    base = _row(
        pool, sr, size=size, used=number(record["physical_utilisation"]), name_label="base copy", managed=False,
        read_only=True, sm_config={key: value for key, value in config.items() if not key.startswith("host_")},
    )  # fmt: skip
    pool.contents.copy(vdi, base)
    parent = {"vhd-parent": text(db.field("VDI", base, "uuid"))}
    db.set("VDI", vdi, sm_config=config | parent, physical_utilisation=GRAIN)
    book(db, sr, used=GRAIN - number(db.field("VDI", base, "physical_utilisation")), allocated=0)
    fields = _taken_over(db, vdi)
    if snapshot:
        fields |= {
            "is_a_snapshot": True, "snapshot_of": vdi, "snapshot_time": pool.clock.wire(), "read_only": True,
            "cbt_enabled": record["cbt_enabled"],
        }  # fmt: skip
    made = _row(pool, sr, size=size, used=GRAIN, **fields | {"sm_config": _fresh(config) | parent})
    pool.contents.copy(base, made)
    return made


def destroy(pool: Pool, vdi: str) -> None:
    """Remove a disk with its drives, and base copies that nothing stands on any more."""
    db = pool.db
    record = dict(db.record("VDI", vdi))
    for vbd in list(strings(record["VBDs"])):
        db.destroy("VBD", vbd)
    sr = text(record["SR"])
    book(
        db,
        sr,
        used=-number(record["physical_utilisation"]),
        allocated=-number(record["virtual_size"]) if record["managed"] else 0,
    )
    db.destroy("VDI", vdi)
    pool.contents.drop(cbt_key(vdi))
    parent = mapping(record["sm_config"]).get("vhd-parent")
    if parent and db.exists("SR", sr):
        _collect(pool, sr, parent)


def cbt_key(vdi: str) -> str:
    """Under which Contents keeps what a snapshot held whose data were destroyed, to tell what changed since."""
    return f"cbt:{vdi}"


def book(db: Database, sr: str, *, used: int, allocated: int) -> None:
    """Keep the sums of an SR."""
    if db.exists("SR", sr):
        record = db.record("SR", sr)
        db.set(
            "SR",
            sr,
            physical_utilisation=max(0, number(record["physical_utilisation"]) + used),
            virtual_allocation=max(0, number(record["virtual_allocation"]) + allocated),
        )


def is_plugged(pool: Pool, sr: str) -> bool:
    """Whether any host has the SR attached."""
    return any(pool.db.field("PBD", pbd, "currently_attached") for pbd in strings(pool.db.field("SR", sr, "PBDs")))


def assert_plugged(pool: Pool, sr: str) -> None:
    if not is_plugged(pool, sr):
        raise XapiFailure("SR_HAS_NO_PBDS", sr)


def assert_feature(db: Database, sr: str, feature: str) -> None:
    if feature not in devices.features(db, sr):
        raise XapiFailure("SR_OPERATION_NOT_SUPPORTED", sr)


def assert_room(db: Database, sr: str, size: int) -> None:
    """Raise SR_FULL where the whole size must be there from the start."""
    record = db.record("SR", sr)
    free = number(record["physical_size"]) - number(record["physical_utilisation"])
    if size > free and not (_thin(db, sr) and size <= number(record["physical_size"])):
        raise XapiFailure("SR_FULL", str(size), str(max(0, free)))


def assert_size(size: int) -> None:
    """Raise what the driver says of a VHD that would be too large."""
    if size > LARGEST:
        raise filers.backend_failure(79, f"VDI size must be between 1 MB and {LARGEST >> 20} MB")


def _thin(db: Database, sr: str) -> bool:
    return "THIN_PROVISIONING" in devices.features(db, sr)


def _row(pool: Pool, sr: str, *, size: int, used: int, **fields: object) -> str:
    db = pool.db
    uuid = db.new_uuid()
    managed = bool(fields.get("managed", True))
    thin = {"image-format": "vhd"} if _thin(db, sr) else {"vdi_type": "vhd"}
    sm_config = fields.pop("sm_config", None) or thin
    vdi = db.create(
        "VDI",
        {
            "uuid": uuid, "location": uuid, "SR": sr, "virtual_size": size, "physical_utilisation": used,
            "managed": managed, "sm_config": sm_config, "type": "user", **fields,
        },
    )  # fmt: skip
    book(db, sr, used=used, allocated=size if managed else 0)
    devices.refresh_vdi(db, vdi)
    return vdi


def _taken_over(db: Database, vdi: str) -> dict[str, object]:
    """What a copy has from its original."""
    record = db.record("VDI", vdi)
    names = ("name_label", "name_description", "type", "sharable", "other_config", "xenstore_data", "tags", "on_boot")
    return {name: record[name] for name in names} | {"snapshot_of": NULL_REF, "snapshot_time": NEVER}


def _fresh(config: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in config.items() if key in {"image-format", "vdi_type"}}


def _collect(pool: Pool, sr: str, uuid: str) -> None:
    """What the backend's garbage collector does with a base copy that has lost its last child."""
    db = pool.db
    rows = [db.record("VDI", ref) for ref in strings(db.field("SR", sr, "VDIs"))]
    if any(mapping(record["sm_config"]).get("vhd-parent") == uuid for record in rows):
        return
    for record in rows:
        if record["uuid"] == uuid and not record["managed"]:
            destroy(pool, db.by_uuid("VDI", uuid))
            return
