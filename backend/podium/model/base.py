"""What every resource shares: its Struct, the lookup its projection reads through, and its place in the API."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from podium.xapi.records import Record

R = TypeVar("R", bound=Record)
T = TypeVar("T")

Maybe = UnsetType
"""`field: str | Maybe = UNSET`: left out of the JSON when unset, never `null` (Xen Orchestra's `undefined`)."""


class XoObject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What clients see. JSON names are Xen Orchestra's; children add their own `rename`."""

    id: str


class PoolObject(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"xapi_ref": "_xapiRef", "pool": "$pool", "pool_id": "$poolId"},
):
    """An object that a pool's XAPI holds. `pool_id` repeats `pool` (deprecated in Xen Orchestra, still served).

    `type` is here and not in XoObject: servers, users' tasks and users have none in Xen Orchestra.
    """

    type: str
    uuid: str | Maybe = UNSET
    pool: str
    pool_id: str
    xapi_ref: str


class Lookup(Protocol):
    """One pool's records as a projection may read them. Every read is noted, and its change projects the object again.

    A *link* depends only on the target's identity, a *fact* only on one value computed from it, a *record* on all of
    it: the narrower the read, the fewer projections a change costs.
    """

    pool_id: str
    """The id of the pool (the uuid of its pool record)."""

    pool_ref: str
    """The ref of the pool record."""

    def link(self, ref: str) -> str | Maybe:
        """The id of the object behind `ref`; UNSET for a null or unknown ref."""

    def links(self, refs: Sequence[str]) -> tuple[str | None, ...]:
        """The ids behind `refs`, in order; None where the ref is unknown; null refs are left out."""

    def record(self, kind: type[R], ref: str) -> R | None:
        """The whole record; None for a null or unknown ref, or one of another class."""

    def fact(self, kind: type[R], ref: str, fact: Callable[[R], T]) -> T | None:
        """`fact(record)`; None when there is no such record. `fact` must be a module-level pure function."""

    def find(self, kind: type[R], uuid: str) -> str | None:
        """The ref of the `kind` record with that uuid, or None. Its appearance later projects the reader again."""


Projection = Callable[[str, Any, Lookup], XoObject | None]
"""`(ref, record, look) -> object`, pure. None: this record shows nothing to clients."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One type of object and its place in the API."""

    struct: type[XoObject]
    type: str
    """Also the SSE collection, e.g. "VM-snapshot"."""
    collection: str
    """The path segment under /rest/v0, e.g. "vm-snapshots"."""
    privilege: str
    """The RBAC resource, e.g. "vm-snapshot"."""
    title: str
    """Singular in words, e.g. "VM snapshot"."""
    json_type: str = ""
    """The `type` member of the object where it differs from `type` (alarms are messages)."""
