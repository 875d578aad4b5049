"""Bonds: several interfaces of a host used as one."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.xapi.records import BondRecord, Ref


def bond_master(record: BondRecord) -> Ref:
    """Fact: the ref of the PIF that is the bond."""
    return record.master


def bond_slaves(record: BondRecord) -> tuple[Ref, ...]:
    """Fact: the refs of the PIFs that it is made of."""
    return record.slaves


class Bond(PoolObject, frozen=True, kw_only=True, gc=False):
    """A bond. `master` is the PIF that stands for it."""

    type: Literal["bond"] = "bond"
    master: str | Maybe = UNSET
    mode: str


RESOURCES = (Resource(type="bond", collection="bonds", struct=Bond, privilege="bond", title="bond"),)


def bond(ref: Ref, record: BondRecord, look: Lookup) -> Bond:
    return Bond(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        master=look.link(record.master),
        mode=record.mode,
    )
