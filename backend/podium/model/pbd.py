"""PBDs: how a host reaches an SR."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.model.secrets import obfuscate
from podium.xapi.records import PBDRecord, Ref


def pbd_host(record: PBDRecord) -> Ref:
    """Fact: the ref of the host."""
    return record.host


def provisioning(record: PBDRecord) -> str | None:
    """Fact: how a LINSTOR SR gives space, "thin" or "thick"."""
    return record.device_config.get("provisioning")


class PBD(PoolObject, frozen=True, kw_only=True, gc=False, rename={"sr": "SR", "other_config": "otherConfig"}):
    """The connection of a host to an SR. Secrets in `device_config` are masked."""

    type: Literal["PBD"] = "PBD"
    attached: bool
    host: str | Maybe = UNSET
    sr: str | Maybe = UNSET
    device_config: dict[str, str]
    other_config: dict[str, str]


RESOURCES = (Resource(type="PBD", collection="pbds", struct=PBD, privilege="pbd", title="storage connection"),)


def pbd(ref: Ref, record: PBDRecord, look: Lookup) -> PBD:
    return PBD(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        attached=record.currently_attached,
        host=look.link(record.host),
        sr=look.link(record.SR),
        device_config=obfuscate(record.device_config),
        other_config=record.other_config,
    )
