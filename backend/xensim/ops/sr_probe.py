"""SR.probe and probe_ext: what is on a storage before there is an SR for it."""

from xensim.failures import XapiFailure
from xensim.ops import filers, shelf
from xensim.ops.liveness import assert_live
from xensim.ops.locks import work
from xensim.ops.sr_life import assert_driver
from xensim.ops.values import text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

PROBE_S = 1.5


@operation("SR.probe")
async def probe(
    call: Call, host: str, device_config: dict[str, str], type: str,  # noqa: A002 - the name in the API
    sm_config: dict[str, str],  # noqa: ARG001 - part of the API
) -> str:  # fmt: skip
    """XML with the SRs that are there already; where something is missing, the failure that lists the choices."""
    db, kind = call.db, type.lower()
    db.record("host", host)
    assert_driver(call, kind)
    assert_live(call, host)
    await work(call, PROBE_S)
    filers.check(kind, device_config, iqn=text(db.field("host", host, "iscsi_iqn")))
    if "SR_PROBE" not in _features(call, kind):
        raise filers.backend_failure(38)
    known = [text(db.field("SR", sr, "uuid")) for sr in shelf.used_by(call.pool, host, kind, device_config)]
    return filers.sr_list(known + shelf.stored_at(call.pool, host, kind, device_config))


@operation("SR.probe_ext")
async def probe_ext(
    call: Call, host: str, device_config: dict[str, str], type: str,  # noqa: A002 - the name in the API
    sm_config: dict[str, str],
) -> list[object]:  # fmt: skip
    """For drivers of the third generation only, of which there are none here: others fail, if not sooner."""
    await probe(call, host, device_config, type, sm_config)
    raise XapiFailure("SR_OPERATION_NOT_SUPPORTED", NULL_REF)


def _features(call: Call, kind: str) -> set[str]:
    rows = (row.record for row in call.db.rows("SM").values())
    return {feature for record in rows if record["type"] == kind for feature in _names(record["features"])}


def _names(features: object) -> list[str]:
    return list(features) if isinstance(features, dict) else []
