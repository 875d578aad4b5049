"""VDI.create, destroy, resize, snapshot and clone."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import devices, filers, images
from xensim.ops.device_rules import VDI_FEATURES, VDI_LIVE
from xensim.ops.locks import object_operation, work
from xensim.ops.values import number, text
from xensim.registry import Call, operation

QUICK_S = 0.3
_HA_TYPES = frozenset({"ha_statefile", "redo_log"})
_CHOSEN = frozenset(
    {"name_label", "name_description", "type", "sharable", "read_only", "other_config", "xenstore_data", "sm_config",
     "tags"}
)  # fmt: skip


@operation("VDI.create")
async def create(call: Call, record: Mapping[str, object]) -> str:
    sr = text(record["SR"])
    call.db.record("SR", sr)
    await work(call, QUICK_S)
    fields = {name: value for name, value in record.items() if name in _CHOSEN}
    return images.create(call.pool, sr, number(record["virtual_size"]), **fields)


@operation("VDI.destroy")
async def destroy(call: Call, vdi: str) -> None:
    check(call, vdi, "destroy")
    async with object_operation(call, "VDI", vdi, "destroy"):
        await work(call, QUICK_S)
        check(call, vdi, "destroy")
        images.destroy(call.pool, vdi)


@operation("VDI.resize")
async def resize(call: Call, vdi: str, size: int) -> None:
    check(call, vdi, "resize")
    async with object_operation(call, "VDI", vdi, "resize"):
        await work(call, QUICK_S)
        record = call.db.record("VDI", vdi)
        old, used = number(record["virtual_size"]), number(record["physical_utilisation"])
        size = -(-size // images.GRAIN) * images.GRAIN
        if size < old:
            raise filers.backend_failure(79, "shrinking not allowed")
        images.assert_room(call.db, text(record["SR"]), size - old)
        images.assert_size(size)
        grown = size - old if used >= old else 0
        call.pool.contents.resize(vdi, size)
        call.db.set("VDI", vdi, virtual_size=size, physical_utilisation=max(0, used + grown))
        images.book(call.db, text(record["SR"]), used=grown, allocated=size - old)


@operation("VDI.snapshot")
async def snapshot(call: Call, vdi: str, driver_params: Mapping[str, str]) -> str:  # noqa: ARG001 - part of the API
    return await _fork(call, vdi, "snapshot")


@operation("VDI.clone")
async def clone(call: Call, vdi: str, driver_params: Mapping[str, str]) -> str:  # noqa: ARG001 - part of the API
    return await _fork(call, vdi, "clone")


def check(call: Call, vdi: str, op: str) -> None:
    """Raise what the checks of xapi_vdi.ml raise, in their order; another operation is the lock's business."""
    db = call.db
    record = db.record("VDI", vdi)
    sr = text(record["SR"])
    if op == "resize":
        images.assert_plugged(call.pool, sr)
    openers = devices.attached_vbds(db, record)
    if op not in VDI_LIVE and (openers if op != "copy" else any(vbd["mode"] == "RW" for vbd in openers)):
        raise XapiFailure("VDI_IN_USE", vdi, op)
    if not record["managed"]:
        raise XapiFailure("VDI_NOT_MANAGED", vdi)
    if op == "destroy" and db.exists("SR", sr) and db.field("SR", sr, "type") == "udev":
        raise XapiFailure("VDI_IS_A_PHYSICAL_DEVICE", vdi)
    if VDI_FEATURES[op]:
        images.assert_feature(db, sr, VDI_FEATURES[op])
    if op != "forget":
        images.assert_plugged(call.pool, sr)
    if record["type"] in _HA_TYPES and op in {"destroy", "forget", "resize"} and _ha_enabled(call):
        raise XapiFailure("HA_IS_ENABLED")
    if op == "snapshot" and record["sharable"]:
        raise XapiFailure("VDI_IS_SHARABLE", vdi)


def _ha_enabled(call: Call) -> bool:
    return bool(call.db.field("pool", call.pool.ref, "ha_enabled"))


async def _fork(call: Call, vdi: str, op: str) -> str:
    check(call, vdi, op)
    async with object_operation(call, "VDI", vdi, op):
        await work(call, QUICK_S)
        return images.fork(call.pool, vdi, snapshot=op == "snapshot")
