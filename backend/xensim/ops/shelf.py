"""SRs and disks that the database has forgotten and their storage has not: laid away, found, taken up again."""

from collections.abc import Mapping
from dataclasses import replace

from xensim.ops import devices, filers, images
from xensim.ops.values import mapping, number, strings, text
from xensim.outside import Stored, key
from xensim.pool import Pool
from xensim.schema import NULL_REF

# What the storage itself knows of a disk.
_KEPT = (
    "uuid", "location", "name_label", "name_description", "type", "virtual_size", "physical_utilisation", "sharable",
    "read_only", "sm_config", "managed", "is_a_snapshot", "snapshot_time", "cbt_enabled",
)  # fmt: skip


def lay_away(pool: Pool, sr: str) -> None:
    """Take an SR's disks and PBDs out of the database; what was on it can be found again."""
    db = pool.db
    record = db.record("SR", sr)
    names = {vdi: text(db.field("VDI", vdi, "uuid")) for vdi in strings(record["VDIs"])}
    for vdi in names:
        lay_away_disk(pool, vdi, names)
    for pbd in list(strings(record["PBDs"])):
        db.destroy("PBD", pbd)


def lay_away_disk(pool: Pool, vdi: str, names: Mapping[str, str] | None = None) -> None:
    """Take a disk and its drives out of the database; a scan finds it again.

    `names`: the uuids of the disks that go together, some of which may be gone already, by ref.
    """
    db = pool.db
    record = dict(db.record("VDI", vdi))
    sr, uuid = text(record["SR"]), text(record["uuid"])
    origin = text(record["snapshot_of"])
    kept = {name: record[name] for name in _KEPT}
    known = names or {}
    kept["snapshot_of"] = db.field("VDI", origin, "uuid") if db.exists("VDI", origin) else known.get(origin, "")
    _stored(pool, sr).disks[uuid] = kept
    pool.contents.copy(vdi, key(uuid))
    for vbd in list(strings(record["VBDs"])):
        db.destroy("VBD", vbd)
    images.book(
        db,
        sr,
        used=-number(record["physical_utilisation"]),
        allocated=-number(record["virtual_size"]) if record["managed"] else 0,
    )
    db.destroy("VDI", vdi)


def take_up(pool: Pool, sr: str) -> None:
    """Bring back the disks that are on the storage of an SR and have no record."""
    db = pool.db
    stored = pool.outside.stored.pop(text(db.field("SR", sr, "uuid")), None)
    if stored is None:
        _find_images(pool, sr)
        return
    made: dict[str, str] = {}
    for uuid, kept in stored.disks.items():
        fields = {name: value for name, value in kept.items() if name != "snapshot_of"}
        made[uuid] = db.create("VDI", {**fields, "SR": sr})
        pool.contents.copy(key(uuid), made[uuid])
        pool.contents.drop(key(uuid))
        images.book(
            db,
            sr,
            used=number(kept["physical_utilisation"]),
            allocated=number(kept["virtual_size"]) if kept["managed"] else 0,
        )
    for uuid, vdi in made.items():
        origin = text(stored.disks[uuid]["snapshot_of"])
        if origin:
            db.set("VDI", vdi, snapshot_of=_by_uuid(pool, origin))
        devices.refresh_vdi(db, vdi)


def _find_images(pool: Pool, sr: str) -> None:
    """A new ISO library shows the images of its share."""
    db = pool.db
    record = db.record("SR", sr)
    if record["type"] != "iso" or record["VDIs"]:
        return
    for name, size in filers.IMAGES:
        vdi = db.create(
            "VDI",
            {
                "SR": sr, "name_label": name, "location": name, "virtual_size": size, "physical_utilisation": size,
                "type": "user", "read_only": True, "managed": True,
            },
        )  # fmt: skip
        images.book(db, sr, used=size, allocated=size)
        devices.refresh_vdi(db, vdi)


def wipe(pool: Pool, uuid: str) -> None:
    """What is stored under an SR's uuid is gone for good."""
    stored = pool.outside.stored.pop(uuid, None)
    for disk in stored.disks if stored is not None else ():
        pool.contents.drop(key(disk))


def stored_at(pool: Pool, host: str, kind: str, config: Mapping[str, str]) -> list[str]:
    """The uuids of SRs without a record on a storage that `host` sees."""
    where, uuid = filers.place(kind, config), text(pool.db.field("host", host, "uuid"))
    return [
        stored.uuid
        for stored in pool.outside.stored.values()
        if stored.kind == kind and stored.place == where and stored.host in {"", uuid}
    ]


def used_by(pool: Pool, host: str, kind: str, config: Mapping[str, str]) -> list[str]:
    """The SRs (refs) with a record on a storage that `host` sees."""
    db, where = pool.db, filers.place(kind, config)
    found = []
    for sr, row in db.rows("SR").items():
        pbds = [db.record("PBD", pbd) for pbd in strings(row.record["PBDs"])]
        seen = [pbd for pbd in pbds if kind in filers.SHARABLE or pbd["host"] == host]
        if row.record["type"] == kind and any(
            filers.place(kind, mapping(pbd["device_config"])) == where for pbd in seen
        ):
            found.append(sr)
    return found


def remember(pool: Pool, sr: str) -> None:
    """Note where an SR is, before its PBDs go; one that never had any cannot be found again."""
    _stored(pool, sr)


def _stored(pool: Pool, sr: str) -> Stored:
    db = pool.db
    record = db.record("SR", sr)
    uuid, kind = text(record["uuid"]), text(record["type"])
    known = pool.outside.stored.get(uuid) or Stored(uuid, kind, frozenset(), "")
    pbds = [db.record("PBD", pbd) for pbd in strings(record["PBDs"])]
    if pbds:
        host = "" if kind in filers.SHARABLE else text(db.field("host", text(pbds[0]["host"]), "uuid"))
        known = replace(known, place=filers.place(kind, mapping(pbds[0]["device_config"])), host=host)
    pool.outside.stored[uuid] = known
    return known


def _by_uuid(pool: Pool, uuid: str) -> str:
    rows = pool.db.rows("VDI")
    return next((ref for ref, row in rows.items() if row.record["uuid"] == uuid), NULL_REF)
