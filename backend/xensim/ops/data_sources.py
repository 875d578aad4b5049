"""Data sources: what is measured of a VM, host or SR, and which of it is recorded. Source: wire/07-124 to 07-129."""

from __future__ import annotations

from collections.abc import Iterable

from xensim.failures import XapiFailure, internal_error
from xensim.ops import vm_rules
from xensim.ops.values import text
from xensim.registry import Call, operation
from xensim.rrd.population import Member
from xensim.rrd.sources import describe


@operation("VM.get_data_sources")
def vm_sources(call: Call, self: str) -> list[dict[str, object]]:
    return _described(call.pool.statistics.roster.member(self))


@operation("VM.query_data_source")
def vm_query(call: Call, self: str, data_source: str) -> float:
    vm_rules.check(call.db, self, "data_source_op")
    host = text(call.db.field("VM", self, "resident_on"))
    return _newest(call, call.pool.statistics.roster.member(self), host, data_source)


@operation("VM.record_data_source")
def vm_record(call: Call, self: str, data_source: str) -> None:
    vm_rules.check(call.db, self, "data_source_op")
    _choose(call, call.pool.statistics.roster.member(self), data_source, record=True)


@operation("VM.forget_data_source_archives")
def vm_forget(call: Call, self: str, data_source: str) -> None:
    vm_rules.check(call.db, self, "data_source_op")
    _choose(call, call.pool.statistics.roster.member(self), data_source, record=False)


@operation("host.get_data_sources")
def host_sources(call: Call, host: str) -> list[dict[str, object]]:
    home = call.pool.statistics.roster.household(host)
    recorded = {place.name for place in home.places}
    names = sorted(source.name for source in home.machine.sources)
    return [_record("host", name, enabled=name in recorded) for name in names]


@operation("host.query_data_source")
def host_query(call: Call, host: str, data_source: str) -> float:
    statistics = call.pool.statistics
    names = [place.name for place in statistics.roster.household(host).places]
    place = _place(names, data_source)
    return float(statistics.newest_of_host(host)[place])


@operation("host.record_data_source")
def host_record(call: Call, host: str, data_source: str) -> None:
    _choose_of_host(call, host, data_source, record=True)


@operation("host.forget_data_source_archives")
def host_forget(call: Call, host: str, data_source: str) -> None:
    _choose_of_host(call, host, data_source, record=False)


@operation("SR.get_data_sources")
def sr_sources(call: Call, sr: str) -> list[dict[str, object]]:
    member = _store(call, sr)
    return _described(member) if member is not None else []


@operation("SR.query_data_source")
def sr_query(call: Call, sr: str, data_source: str) -> float:
    member = _store(call, sr)
    if member is None:
        raise _unknown(data_source)
    return _newest(call, member, call.pool.coordinator, data_source)


@operation("SR.record_data_source")
def sr_record(call: Call, sr: str, data_source: str) -> None:
    _choose(call, _store(call, sr), data_source, record=True)


@operation("SR.forget_data_source_archives")
def sr_forget(call: Call, sr: str, data_source: str) -> None:
    _choose(call, _store(call, sr), data_source, record=False)


def _store(call: Call, sr: str) -> Member | None:
    call.db.record("SR", sr)
    return call.pool.statistics.roster.store(sr)


def _described(member: Member) -> list[dict[str, object]]:
    recorded = {column.name for column in member.columns}
    names = sorted(column.name for column in member.guest.columns)
    return [_record(member.owner, name, enabled=name in recorded) for name in names]


def _record(owner: str, name: str, *, enabled: bool) -> dict[str, object]:
    described = describe(owner, name)
    return {
        "name_label": name,
        "name_description": described.words,
        "enabled": enabled,
        "standard": described.standard,
        "units": described.units,
        "min": 0.0,
        "max": described.most,
        "value": 0.0,  # as XAPI says it, whatever the value is
    }


def _newest(call: Call, member: Member, host: str, source: str) -> float:
    place = _place([column.name for column in member.columns], source)
    return float(call.pool.statistics.newest(member, host)[place])


def _place(names: list[str], source: str) -> int:
    """Raises INTERNAL_ERROR when it is not among them."""
    try:
        return names.index(source)
    except ValueError:
        raise _unknown(source) from None


def _choose(call: Call, member: Member | None, source: str, *, record: bool) -> None:
    names: Iterable[str] = () if member is None else (column.name for column in member.guest.columns)
    if member is None or source not in names:
        raise _unknown(source)
    call.pool.statistics.roster.choose(member.guest.facts.uuid, source, record=record)


def _choose_of_host(call: Call, host: str, source: str, *, record: bool) -> None:
    machine = call.pool.statistics.roster.household(host).machine
    if source not in (each.name for each in machine.sources):
        raise _unknown(source)
    call.pool.statistics.roster.choose(machine.facts.uuid, source, record=record)


def _unknown(source: str) -> XapiFailure:
    return internal_error(f'IDL Error: [S(Rrdd_internal_error);S(Rrd.Invalid_data_source("{source}"))]')
