"""Shares: what one object adds to the sums of its pool (counters.py). Pure, and cheap for objects not decoded yet."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from podium.cache.entry import Entry
from podium.model.base import Maybe
from podium.model.host import HostCpus, HostMemory
from podium.model.pool import PoolCpus

Sums = tuple[tuple[str, int], ...]
"""Names and numbers; a name may be missing where its number is 0."""

ACTIVE: Final = frozenset({"Running", "Paused"})
VM_STATES: Final = {"Running": "running", "Halted": "halted", "Paused": "paused", "Suspended": "suspended"}


class _Cpus(msgspec.Struct):
    number: int


class _Host(msgspec.Struct):
    """The members of a host that count: of objects read back from the database nothing else is decoded."""

    enabled: bool
    power_state: str
    memory: HostMemory
    cpus: HostCpus


class _Vm(msgspec.Struct, rename={"cpus": "CPUs", "blocked_operations": "blockedOperations"}):
    power_state: str
    cpus: _Cpus
    blocked_operations: dict[str, str]
    other: dict[str, str]


class _Sr(msgspec.Struct):
    content_type: str
    size: int
    physical_usage: int


class _Pool(msgspec.Struct):
    cpus: PoolCpus


def _host(one: _Host) -> Sums:
    """Running and not enabled is disabled, as Xen Orchestra counts."""
    if one.power_state == "Running":
        status = "running" if one.enabled else "disabled"
    else:
        status = "halted" if one.power_state == "Halted" else "unknown"
    return (
        ("total", 1),
        (status, 1),
        ("memorySize", one.memory.size),
        ("sockets", _number(one.cpus.sockets)),
        ("cores", _number(one.cpus.cores)),
    )


def _vm(one: _Vm) -> Sums:
    status = VM_STATES.get(one.power_state, "unknown")
    if one.power_state in ACTIVE:
        return (("total", 1), (status, 1), ("vcpus", one.cpus.number))
    return (("total", 1), (status, 1))


def _sr(one: _Sr) -> Sums:
    return (("total", 1), ("size", one.size), ("used", one.physical_usage)) if counts(one) else ()


def _pool(one: _Pool) -> Sums:
    return (("total", 1), ("cores", _number(one.cpus.cores)))


def counts(sr: Any) -> bool:
    """Whether an SR holds disks: it has a size, and it is no collection of CD images (ANCHOR.md 1.1)."""
    return bool(sr.size > 0 and sr.content_type != "iso")


def is_replica(vm: Any) -> bool:
    """Whether a backup job made this VM as a copy, which must not be started (ANCHOR.md 1.1)."""
    return "start" in vm.blocked_operations and "xo:backup:job" in vm.other


class Share(NamedTuple):
    """How objects of one type count: the RBAC resource, what of them is read, and what that comes to."""

    privilege: str
    facts: type[msgspec.Struct]
    sums: Callable[[Any], Sums]


SHARES: Final[dict[str, Share]] = {
    "host": Share("host", _Host, _host),
    "VM": Share("vm", _Vm, _vm),
    "VM-snapshot": Share("vm-snapshot", _Vm, lambda _: ()),
    "VM-template": Share("vm-template", _Vm, lambda _: ()),
    "SR": Share("sr", _Sr, _sr),
    "pool": Share("pool", _Pool, _pool),
}
"""By type. Snapshots and templates count nothing, but may be a replica's."""
_DECODERS: Final = {kind: msgspec.json.Decoder(one.facts) for kind, one in SHARES.items()}
_VMS: Final = frozenset({"VM", "VM-snapshot", "VM-template"})


class Added(NamedTuple):
    """What an object adds. `source`: of a replica the id of the VM it is one of, "" where that is not noted."""

    sums: Sums
    source: str | None


def share(entry: Entry) -> Added:
    """What the entry's object adds."""
    kind = entry.resource.type
    facts: Any = entry.decoded or _DECODERS[kind].decode(entry.body)
    source = facts.other.get("xo:backup:vm", "") if kind in _VMS and is_replica(facts) else None
    return Added(SHARES[kind].sums(facts), source)


def _number(value: int | Maybe) -> int:
    return 0 if value is UNSET else value
