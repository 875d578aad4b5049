"""vTPMs: virtual TPMs of VMs."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.xapi.records import Ref, VTPMRecord


class VTPM(PoolObject, frozen=True, kw_only=True, gc=False):
    """A virtual TPM."""

    type: Literal["VTPM"] = "VTPM"
    vm: str | Maybe = UNSET


RESOURCES = (Resource(type="VTPM", collection="vtpms", struct=VTPM, privilege="vtpm", title="vTPM"),)


def vtpm(ref: Ref, record: VTPMRecord, look: Lookup) -> VTPM:
    return VTPM(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        vm=look.link(record.VM),
    )
