"""SR.create, introduce and destroy, and what is asked of an SR besides: how storage comes into a pool and leaves it."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import devices, filers, images, placement, shelf, subtasks
from xensim.ops.liveness import assert_live, is_live
from xensim.ops.locks import object_operation, work
from xensim.ops.storage import drop, refresh_sr
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation

CREATE_S = 2.0
DESTROY_S = 1.5
STATEFILE_SIZE = 256 << 20  # bytes; what HA asks of an SR for the heartbeat
# The last arguments of SR.create and SR.introduce, in order.
_FIELDS = ("name_label", "name_description", "type", "content_type", "shared", "sm_config")


@operation("SR.create")
async def create(call: Call, host: str, device_config: dict[str, str], physical_size: int, *values: object) -> str:
    """A new, empty SR, plugged: on every host when it is shared. Nothing stays behind when the driver refuses."""
    db = call.db
    record = _record(values)
    kind, shared = text(record["type"]), bool(record["shared"])
    db.record("host", host)
    assert_driver(call, kind)
    assert_live(call, host)
    filers.check(kind, device_config, iqn=text(db.field("host", host, "iscsi_iqn")))
    _assert_unused(call, host, kind, device_config)
    await work(call, CREATE_S)
    for uuid in shelf.stored_at(call.pool, host, kind, device_config):
        if kind in _WIPING:
            shelf.wipe(call.pool, uuid)
    size = filers.size(kind, device_config) or max(0, physical_size)
    sm_config = {**_FORMATS.get(kind, {}), **mapping(record["sm_config"])}
    sr = db.create("SR", {**record, "sm_config": sm_config, "physical_size": size})
    pbds = [
        db.create("PBD", {"host": each, "SR": sr, "device_config": device_config})
        for each in (list(db.refs("host")) if shared else [host])
    ]
    refresh_sr(call, sr)
    outcomes = await subtasks.run_all(call, [("PBD.plug", pbd) for pbd in pbds], at_once=len(pbds))
    for failure in outcomes:
        if failure is not None and failure.code != "HOST_OFFLINE":
            raise failure
    return sr


@operation("SR.introduce")
def introduce(call: Call, uuid: str, *values: object) -> str:
    """A record for an SR that exists already; its disks show when a PBD of it is plugged."""
    db = call.db
    record = _record(values)
    kind = text(record["type"])
    assert_driver(call, kind)
    if uuid and any(row.record["uuid"] == uuid for row in db.rows("SR").values()):
        raise XapiFailure("SR_UUID_EXISTS", uuid)
    stored = call.pool.outside.stored.get(uuid)
    size = filers.size(kind, dict(stored.place)) if stored is not None else 0
    sr = db.create("SR", {**record, "uuid": uuid, "physical_size": size})
    refresh_sr(call, sr)
    return sr


@operation("SR.destroy")
async def destroy(call: Call, sr: str) -> None:
    """Wipe an SR."""
    _check_destroy(call, sr)
    async with object_operation(call, "SR", sr, "destroy"):
        await work(call, DESTROY_S)
        _check_destroy(call, sr)
        db = call.db
        uuid = text(db.field("SR", sr, "uuid"))
        shelf.lay_away(call.pool, sr)
        shelf.wipe(call.pool, uuid)
        drop(call, sr)


@operation("SR.update")
async def update(call: Call, sr: str) -> None:
    """Ask the driver for the sizes."""
    images.assert_plugged(call.pool, sr)
    images.assert_feature(call.db, sr, "SR_UPDATE")
    async with object_operation(call, "SR", sr, "update"):
        await work(call, CREATE_S / 4)


@operation("SR.set_shared")
def set_shared(call: Call, sr: str, value: bool) -> None:
    pbds = strings(call.db.field("SR", sr, "PBDs"))
    if not value and len(pbds) > 1:
        raise XapiFailure("SR_HAS_MULTIPLE_PBDS", sr)
    call.db.set("SR", sr, shared=value)


@operation("SR.get_supported_types")
def get_supported_types(call: Call) -> list[str]:
    return sorted({text(row.record["type"]) for row in call.db.rows("SM").values()})


@operation("SR.get_live_hosts")
def get_live_hosts(call: Call, sr: str) -> list[str]:
    """The hosts that are up and have the SR plugged."""
    call.db.record("SR", sr)
    return [
        host for host in call.db.refs("host") if placement.sees_sr(call.pool, host, sr) and is_live(call.pool, host)
    ]


@operation("SR.assert_can_host_ha_statefile")
def assert_can_host_ha_statefile(call: Call, sr: str) -> None:
    """Raise why heartbeats cannot be kept on an SR. Source: xha_statefile.ml."""
    db = call.db
    record = db.record("SR", sr)
    plugged = {
        db.field("PBD", pbd, "host") for pbd in strings(record["PBDs"]) if db.field("PBD", pbd, "currently_attached")
    }
    if not plugged >= set(db.refs("host")):
        raise XapiFailure("SR_HAS_NO_PBDS", sr)
    if not record["shared"]:
        raise XapiFailure("HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", sr)
    images.assert_feature(db, sr, "VDI_GENERATE_CONFIG")
    if number(record["physical_size"]) - number(record["physical_utilisation"]) < STATEFILE_SIZE:
        raise XapiFailure("SR_SOURCE_SPACE_INSUFFICIENT", sr)


def assert_driver(call: Call, kind: str) -> None:
    """Raise SR_UNKNOWN_DRIVER."""
    if all(row.record["type"] != kind for row in call.db.rows("SM").values()):
        raise XapiFailure("SR_UNKNOWN_DRIVER", kind)


def _record(values: tuple[object, ...]) -> dict[str, object]:
    """The arguments that make an SR; drivers are found whatever the case of their names."""
    record = dict(zip(_FIELDS, values, strict=True))
    return {**record, "type": text(record["type"]).lower()}


def _assert_unused(call: Call, host: str, kind: str, config: Mapping[str, str]) -> None:
    """Raise SRInUse for a disk or LUN that an SR is on; shares hold as many SRs as one likes."""
    if kind in _WIPING and shelf.used_by(call.pool, host, kind, config):
        raise filers.backend_failure(16)


def _check_destroy(call: Call, sr: str) -> None:
    """In the order of xapi_sr_operations.ml and xapi_sr.ml."""
    db = call.db
    record = db.record("SR", sr)
    pbds = strings(record["PBDs"])
    if any(db.field("PBD", pbd, "currently_attached") for pbd in pbds):
        raise XapiFailure("SR_HAS_PBD", sr)
    if not pbds:
        raise XapiFailure("SR_HAS_NO_PBDS", sr)
    if "SR_DELETE" not in devices.features(db, sr):
        raise XapiFailure("SR_OPERATION_NOT_SUPPORTED", sr)
    if mapping(record["other_config"]).get("indestructible") == "true":
        raise XapiFailure("SR_INDESTRUCTIBLE", sr)
    if any(db.field("VDI", vdi, "managed") for vdi in strings(record["VDIs"])):
        raise XapiFailure("SR_NOT_EMPTY")


# Types whose new SRs take a whole disk for themselves.
_WIPING = frozenset({"ext", "lvm", "lvmoiscsi", "lvmohba"})
_FORMATS = {kind: {"allocation": "thick", "use_vhd": "true"} for kind in ("lvm", "lvmoiscsi", "lvmohba")}
