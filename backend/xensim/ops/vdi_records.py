"""VDI.introduce, forget and update, and the settings of a disk that have conditions."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import devices, images, shelf, vdi
from xensim.ops.locks import object_operation, work
from xensim.ops.values import number, text
from xensim.registry import Call, operation

# The arguments of VDI.introduce and its kin, in order.
_FIELDS = (
    "uuid", "name_label", "name_description", "SR", "type", "sharable", "read_only", "other_config", "location",
    "xenstore_data", "sm_config", "managed", "virtual_size", "physical_utilisation", "metadata_of_pool",
    "is_a_snapshot", "snapshot_time", "snapshot_of", "cbt_enabled",
)  # fmt: skip


@operation("VDI.introduce")
async def introduce(call: Call, *values: object) -> str:
    """A record for a disk that the storage has already; only drivers that say so can."""
    record = dict(zip(_FIELDS, values, strict=False))
    sr = text(record["SR"])
    images.assert_plugged(call.pool, sr)
    images.assert_feature(call.db, sr, "VDI_INTRODUCE")
    await work(call, vdi.QUICK_S)
    return _row(call, record)


@operation("VDI.pool_introduce", "VDI.db_introduce")
def db_introduce(call: Call, *values: object) -> str:
    """The record alone; nobody asks the storage."""
    return _row(call, dict(zip(_FIELDS, values, strict=False)))


@operation("VDI.forget")
async def forget(call: Call, self: str) -> None:
    """Remove the record; the next scan of the SR finds the disk again."""
    vdi.check(call, self, "forget")
    async with object_operation(call, "VDI", self, "forget"):
        await work(call, vdi.QUICK_S)
        vdi.check(call, self, "forget")
        shelf.lay_away_disk(call.pool, self)


@operation("VDI.db_forget")
def db_forget(call: Call, self: str) -> None:
    call.db.record("VDI", self)
    shelf.lay_away_disk(call.pool, self)


@operation("VDI.update")
async def update(call: Call, self: str) -> None:
    """Have the driver write the record's names to the storage."""
    vdi.check(call, self, "update")
    async with object_operation(call, "VDI", self, "update"):
        await work(call, vdi.QUICK_S)


@operation("VDI.force_unlock")
def force_unlock(call: Call, self: str) -> None:
    """Deprecated, and without effect for long."""
    call.db.record("VDI", self)


@operation("VDI.set_on_boot")
async def set_on_boot(call: Call, self: str, value: str) -> None:
    vdi.check(call, self, "set_on_boot")
    async with object_operation(call, "VDI", self, "set_on_boot"):
        await work(call, vdi.QUICK_S)
        vdi.check(call, self, "set_on_boot")
        call.db.set("VDI", self, on_boot=value)


@operation("VDI.set_read_only")
def set_read_only(call: Call, self: str, value: bool) -> None:
    call.db.set("VDI", self, read_only=value)
    devices.refresh_vdi(call.db, self)


def _row(call: Call, record: Mapping[str, object]) -> str:
    db, sr, uuid = call.db, text(record["SR"]), text(record["uuid"])
    db.record("SR", sr)
    if uuid and any(row.record["uuid"] == uuid for row in db.rows("VDI").values()):
        raise XapiFailure("DB_UNIQUENESS_CONSTRAINT_VIOLATION", "VDI", "uuid", uuid)
    made = db.create("VDI", {**record, "location": record["location"] or uuid})
    images.book(
        db,
        sr,
        used=number(record["physical_utilisation"]),
        allocated=number(record["virtual_size"]) if record["managed"] else 0,
    )
    devices.refresh_vdi(db, made)
    return made
