"""SR.scan and forget, and the PBDs that join SRs to hosts."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import device_rules, devices, filers, images, shelf
from xensim.ops.filers import UNREACHABLE
from xensim.ops.liveness import assert_live
from xensim.ops.locks import object_operation, work
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

SCAN_S = 1.0
PLUG_S = 1.0
_POOL_SRS = ("default_SR", "suspend_image_SR", "crash_dump_SR")
_HOST_SRS = ("suspend_image_sr", "crash_dump_sr", "local_cache_sr")


@operation("SR.scan")
async def scan(call: Call, sr: str) -> None:
    """Count anew what is there."""
    db = call.db
    images.assert_plugged(call.pool, sr)
    async with object_operation(call, "SR", sr, "scan"):
        await work(call, SCAN_S)
        shelf.take_up(call.pool, sr)
        vdis = [db.record("VDI", vdi) for vdi in strings(db.field("SR", sr, "VDIs"))]
        db.set(
            "SR",
            sr,
            physical_utilisation=sum(number(vdi["physical_utilisation"]) for vdi in vdis),
            virtual_allocation=sum(number(vdi["virtual_size"]) for vdi in vdis if vdi["managed"]),
        )


@operation("SR.forget")
async def forget(call: Call, sr: str) -> None:
    """Remove an SR from the database; what is on it stays there."""
    _check_forget(call, sr)
    async with object_operation(call, "SR", sr, "forget"):
        await work(call, SCAN_S)
        _check_forget(call, sr)
        shelf.remember(call.pool, sr)
        shelf.lay_away(call.pool, sr)
        drop(call, sr)


@operation("PBD.create")
def create_pbd(call: Call, record: Mapping[str, object]) -> str:
    db = call.db
    sr, host = text(record["SR"]), text(record["host"])
    db.record("host", host)
    for pbd in strings(db.field("SR", sr, "PBDs")):
        if db.field("PBD", pbd, "host") == host:
            raise XapiFailure("PBD_EXISTS", sr, host, pbd)
    made = db.create("PBD", {**record, "currently_attached": False})
    refresh_sr(call, sr)
    return made


@operation("PBD.destroy")
def destroy_pbd(call: Call, pbd: str) -> None:
    record = dict(call.db.record("PBD", pbd))
    if record["currently_attached"]:
        raise XapiFailure("OPERATION_NOT_ALLOWED", "PBD is currently attached")
    call.db.destroy("PBD", pbd)
    refresh_sr(call, text(record["SR"]))


@operation("PBD.plug")
async def plug(call: Call, pbd: str) -> None:
    """Attach an SR to a host; one that is attached already is left alone."""
    db = call.db
    record = db.record("PBD", pbd)
    sr = text(record["SR"])
    if record["currently_attached"]:
        return
    kind = text(db.field("SR", sr, "type"))
    if all(row.record["type"] != kind for row in db.rows("SM").values()):
        raise XapiFailure("SR_UNKNOWN_DRIVER", kind)
    _check_plug(call, pbd)
    async with object_operation(call, "SR", sr, "plug", beside={"plug"}):
        await work(call, PLUG_S)
        host, config = text(record["host"]), mapping(db.field("PBD", pbd, "device_config"))
        if config.get("server") in UNREACHABLE:
            raise filers.backend_failure(73, "mount failed with return code 32")
        filers.check(kind, config, iqn=text(db.field("host", host, "iscsi_iqn")))
        db.set("PBD", pbd, currently_attached=True)
        shelf.take_up(call.pool, sr)
        refresh_sr(call, sr)


@operation("PBD.unplug")
async def unplug(call: Call, pbd: str) -> None:
    db = call.db
    _check_unplug(call, pbd)
    sr = text(db.field("PBD", pbd, "SR"))
    async with object_operation(call, "SR", sr, "unplug"):
        await work(call, PLUG_S)
        _check_unplug(call, pbd)
        db.set("PBD", pbd, currently_attached=False)
        refresh_sr(call, sr)


def refresh_sr(call: Call, sr: str) -> None:
    """Bring an SR's operations up to date."""
    db = call.db
    if not db.exists("SR", sr):
        return
    pbds = strings(db.field("SR", sr, "PBDs"))
    plugged = any(db.field("PBD", pbd, "currently_attached") for pbd in pbds)
    operations = device_rules.sr(devices.features(db, sr), plugged=plugged, has_pbd=bool(pbds))
    db.set("SR", sr, allowed_operations=operations)


def drop(call: Call, sr: str) -> None:
    """Take an SR without disks and PBDs out of the database."""
    call.db.destroy("SR", sr)
    _forget_defaults(call, sr)


def _check_plug(call: Call, pbd: str) -> None:
    """Raise HOST_OFFLINE, or SR_NOT_SHARABLE when another host has an SR that only one may have."""
    db = call.db
    record = db.record("PBD", pbd)
    sr, host = text(record["SR"]), text(record["host"])
    assert_live(call, host)
    others = [db.record("PBD", other) for other in strings(db.field("SR", sr, "PBDs")) if other != pbd]
    if not db.field("SR", sr, "shared") and any(other["currently_attached"] for other in others):
        raise XapiFailure("SR_NOT_SHARABLE", sr, host)


def _check_forget(call: Call, sr: str) -> None:
    db = call.db
    record = db.record("SR", sr)
    if any(db.field("PBD", pbd, "currently_attached") for pbd in strings(record["PBDs"])):
        raise XapiFailure("SR_HAS_PBD", sr)
    if mapping(record["other_config"]).get("indestructible") == "true":
        raise XapiFailure("SR_INDESTRUCTIBLE", sr)


def _check_unplug(call: Call, pbd: str) -> None:
    """Raise VDI_IN_USE for the disks that VMs of this host have open, HA_IS_ENABLED where heartbeats are kept."""
    db = call.db
    record = db.record("PBD", pbd)
    disks = strings(db.field("SR", text(record["SR"]), "VDIs"))
    if any(db.field("VDI", vdi, "type") == "ha_statefile" for vdi in disks):
        raise XapiFailure("HA_IS_ENABLED")
    used = [
        vdi
        for vdi in disks
        if any(
            db.field("VM", text(vbd["VM"]), "resident_on") == record["host"]
            for vbd in devices.attached_vbds(db, db.record("VDI", vdi))
        )
    ]
    if used:
        raise XapiFailure("VDI_IN_USE", *used)


def _forget_defaults(call: Call, sr: str) -> None:
    """No default may point to an SR that is gone."""
    db = call.db
    for cls, names in (("pool", _POOL_SRS), ("host", _HOST_SRS)):
        for ref in list(db.refs(cls)):
            gone = {name: NULL_REF for name in names if db.field(cls, ref, name) == sr}
            if gone:
                db.set(cls, ref, **gone)
