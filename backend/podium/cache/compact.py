"""Compact: records share the values that most of them have in common.

10,000 VMs repeat a few hundred values: the same BIOS strings, platform flags, restrictions in XML, "Halted", the null
ref. The decoder makes a new object for each; sharing them (and with them what projections pass on by reference) takes
a quarter off the cache's memory for about 2 us a record.
"""

from collections.abc import Callable, Mapping
from itertools import compress
from operator import ne
from typing import Final, TypeVar

from msgspec.structs import astuple, force_setattr, replace

from podium.xapi.records import RECORDS, Record

R = TypeVar("R", bound=Record)

_STRINGS: Final = {
    "vm": """power_state affinity resident_on parent snapshot_of suspend_VDI suspend_SR snapshot_time recommendations
        HVM_boot_policy PV_args ha_restart_priority domain_type name_description""",
    "vdi": "type snapshot_of snapshot_time name_description SR",
    "vbd": "type mode device userdevice",
    "vif": "device locking_mode network qos_algorithm_type",
    "vm_metrics": "start_time install_time",
}
"""String fields with few distinct values, by class."""

_REFS: Final = {"vbd": "VM VDI", "vif": "VM"}
"""Refs that point at records which are loaded earlier: the target's own string serves."""

_MAPS: Final = {
    "vm": """bios_strings platform HVM_boot_params VCPUs_params blocked_operations current_operations xenstore_data
        other_config""",
    "vdi": "sm_config other_config current_operations",
    "vif": "other_config qos_algorithm_params",
    "vm_guest_metrics": "os_version PV_drivers_version other memory",
}
"""Map fields that are often empty or the same, by class."""

_OWN: Final = frozenset({"other_config", "sm_config", "xenstore_data"})
"""Maps that are only shared when empty: filled ones differ."""

_MOST: Final = 50_000
"""Distinct values remembered; a pool that has more simply shares less."""


_NOTHING: Final[Mapping[str, str]] = {}


class Compact:
    """The values seen so far. One per pool, so that what a pool brought goes with it."""

    def __init__(self, ref_of: Callable[[str], str | None]) -> None:
        self._ref_of = ref_of
        self._strings: dict[str, str] = {}
        self._maps: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self._plans = {
            kind: (
                _places(kind, _STRINGS.get(kind, "").split()),
                _places(kind, _REFS.get(kind, "").split()),
                tuple((at, name, name in _OWN) for at, name in _places(kind, _MAPS.get(kind, "").split())),
            )
            for kind in {*_STRINGS, *_MAPS}
        }

    def clear(self) -> None:
        """Forget every value."""
        self._strings.clear()
        self._maps.clear()

    def share(self, kind: str, record: Record) -> None:
        """Let a record just decoded share its values: it is nobody else's yet, so it may still be changed."""
        plan = self._plans.get(kind)
        if plan is None:
            return
        words, refs, maps = plan
        # written out rather than in methods, and fields by their place: this is done for every record that arrives
        values = astuple(record)
        remember = self._strings.setdefault if len(self._strings) < _MOST else self._strings.get
        for at, name in words:
            value = values[at]
            known = remember(value, value)
            if known is not value:
                force_setattr(record, name, known)
        for at, name in refs:
            ref = self._ref_of(values[at])
            if ref is not None:
                force_setattr(record, name, ref)
        remember_map = self._maps.setdefault if len(self._maps) < _MOST else self._maps.get
        for at, name, own in maps:
            value = values[at]
            if not value:
                force_setattr(record, name, _NOTHING)
            elif not own:
                force_setattr(record, name, remember_map(tuple(value.items()), value))


def renewed(old: R, new: R) -> R:
    """`new` with the values of `old` where they are equal, and so most of them; `old` itself where all are."""
    if type(old) is not type(new):
        return new
    values = astuple(new)
    differ = list(map(ne, values, astuple(old)))
    if True not in differ:
        return old
    return replace(old, **dict(zip(compress(new.__struct_fields__, differ), compress(values, differ), strict=True)))


def _places(kind: str, names: list[str]) -> tuple[tuple[int, str], ...]:
    """Each field with its place among all of its class."""
    fields = RECORDS[kind].__struct_fields__
    return tuple((fields.index(name), name) for name in names)
