"""Rows of the exporter: one per object, with the labels that all its samples have, and those of its parts."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import UNSET

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.model.host import Host
from podium.model.pif import PIF
from podium.model.sr import SR
from podium.model.vbd import VBD
from podium.model.vdi import VDI, AnyVDI
from podium.model.vif import VIF
from podium.model.vm import VM, AnyVM
from podium.services.access import Viewer
from podium.services.exporter.exposition import Family, pairs
from podium.services.exporter.names import Placed, places

Details = Mapping[tuple[str, str], str]
"""By label and value (`device`, `xvda`): that label with those that go with it (`device="xvda",vdi_name="root"`)."""

_NO_DETAILS: Final[Details] = {}
_UNTAGGED: Final = -1


class Row(NamedTuple):
    """What one object contributes. `base`: its labels; `places`: which of its `numbers` belong to which family."""

    base: str
    numbers: Mapping[str, float]
    places: Mapping[Family, tuple[Placed, ...]]
    details: Details = _NO_DETAILS


def plain(*families: Family) -> dict[Family, tuple[Placed, ...]]:
    """Places of numbers that are called as their families are."""
    return {family: (Placed(family.name, 1, "", ""),) for family in families}


class Rows:
    """Makes rows for one viewer: what he may not see has no row, and no name in the rows of others."""

    def __init__(self, objects: Objects, viewer: Viewer) -> None:
        self._objects = objects
        self._viewer = viewer
        self._pools: dict[str, str | None] = {}
        shorts = Counter((entry.pool, entry.id[:8]) for entry in objects.of_type("SR").values())
        # the first eight characters of a uuid are what a host calls an SR by: of two alike neither is named
        self._srs = {
            (entry.pool, entry.id[:8]): entry
            for entry in objects.of_type("SR").values()
            if shorts[entry.pool, entry.id[:8]] == 1
        }

    def seen(self, kind: str, object_id: object) -> Entry | None:
        """The entry of that type, if it is there and the viewer may see it."""
        entry = self._objects.of_type(kind).get(object_id) if isinstance(object_id, str) else None
        return entry if entry is not None and self._viewer.sees(entry) else None

    def pool_name(self, pool_id: str) -> str | None:
        if pool_id not in self._pools:
            self._pools[pool_id] = self._name("pool", pool_id)
        return self._pools[pool_id]

    def measured_host(self, host_id: str, numbers: Mapping[str, float]) -> Row | None:
        """A host with its data sources."""
        entry = self.seen("host", host_id)
        if entry is None or not isinstance(host := entry.object, Host):
            return None
        base = pairs(
            (
                ("pool_id", host.pool), ("uuid", host.id), ("type", "host"), ("pool_name", self.pool_name(host.pool)),
                ("host_name", host.name_label), ("tags", tags(host.tags)),
            )
        )  # fmt: skip
        placed = places("host", tuple(numbers))
        details = self._interfaces(host)
        for those in placed.values():
            for one in those:
                if one.label == "sr" and ("sr", one.value) not in details:
                    details["sr", one.value] = self._store(host.pool, one.value)
        return Row(base, numbers, placed, details)

    def measured_vm(self, kind: str, vm_id: str, numbers: Mapping[str, float]) -> Row | None:
        """A VM or a control domain with its data sources. Where a host does not tell its CPU use, its vCPUs' mean."""
        entry = self.seen(kind, vm_id)
        if entry is None or not isinstance(vm := entry.object, AnyVM):
            return None
        if "cpu_usage" not in numbers:
            cpus = [value for name, value in numbers.items() if name[:3] == "cpu" and name[3:].isdigit()]
            numbers = {**numbers, "cpu_usage": sum(cpus) / len(cpus)} if cpus else numbers
        base = pairs(
            (
                ("pool_id", vm.pool), ("uuid", vm.id), ("type", "vm"), ("pool_name", self.pool_name(vm.pool)),
                ("vm_name", vm.name_label), ("is_control_domain", "true" if kind == "VM-controller" else "false"),
                ("tags", tags(vm.tags)),
            )
        )  # fmt: skip
        return Row(base, numbers, places("vm", tuple(numbers)), self._devices(vm))

    def host_labels(self, host: Host) -> tuple[tuple[str, object], ...]:
        return (
            ("pool_id", host.pool), ("uuid", host.id), ("host_name", host.name_label),
            ("pool_name", self.pool_name(host.pool)), ("tags", tags(host.tags)),
        )  # fmt: skip

    def vm_labels(self, vm: VM) -> tuple[tuple[str, object], ...]:
        return (
            ("pool_id", vm.pool), ("uuid", vm.id), ("pool_name", self.pool_name(vm.pool)), ("vm_name", vm.name_label),
            ("tags", tags(vm.tags)),
        )  # fmt: skip

    def sr_labels(self, sr: SR) -> tuple[tuple[str, object], ...]:
        """With the host of one that is local."""
        local = not sr.shared and sr.container != sr.pool
        return (
            ("pool_id", sr.pool), ("sr_uuid", sr.id), ("sr_name", sr.name_label),
            ("pool_name", self.pool_name(sr.pool)), ("sr_type", sr.sr_type), ("content_type", sr.content_type),
            ("host_id", sr.container if local else None),
            ("host_name", self._name("host", sr.container) if local else None), ("tags", tags(sr.tags)),
        )  # fmt: skip

    def vdi_labels(self, vdi: VDI) -> tuple[tuple[str, object], ...]:
        """With the first VM that has it."""
        sr, vm = self._sr(vdi.sr), self._vm_of(vdi)
        return (
            ("pool_id", vdi.pool), ("sr_uuid", vdi.sr if isinstance(vdi.sr, str) else None),
            ("sr_name", sr and sr.name_label), ("vdi_uuid", vdi.id), ("vdi_name", vdi.name_label),
            ("pool_name", self.pool_name(vdi.pool)), ("sr_type", sr and sr.sr_type), ("vm_uuid", vm and vm.id),
            ("vm_name", vm and vm.name_label),
        )  # fmt: skip

    def _interfaces(self, host: Host) -> dict[tuple[str, str], str]:
        found = {}
        for pif_id in host.pifs:
            entry = self.seen("PIF", pif_id)
            # VLANs have the same device; what it measures is the interface's
            if entry is not None and isinstance(pif := entry.object, PIF) and pif.vlan == _UNTAGGED:
                labels = (("interface", pif.device), ("network_name", self._name("network", pif.network)))
                found["interface", pif.device] = pairs(labels)
        return found

    def _store(self, pool: str, short: str) -> str:
        entry = self._srs.get((pool, short))
        sr = entry.object if entry is not None and self._viewer.sees(entry) else None
        if not isinstance(sr, SR):
            return pairs((("sr", short),))
        return pairs((("sr_uuid", sr.id), ("sr_name", sr.name_label), ("sr_type", sr.sr_type), ("sr", short)))

    def _devices(self, vm: AnyVM) -> Details:
        found = {}
        for vbd_id in vm.vbds:
            entry = self.seen("VBD", vbd_id)
            if entry is not None and isinstance(vbd := entry.object, VBD) and vbd.device:
                vdi = self._vdi(vbd.vdi)
                sr = self._sr(vdi.sr) if vdi is not None else None
                labels = (
                    ("device", vbd.device), ("vdi_name", vdi and vdi.name_label), ("sr_name", sr and sr.name_label),
                    ("sr_type", sr and sr.sr_type),
                )  # fmt: skip
                found["device", vbd.device] = pairs(labels)
        for vif_id in vm.vifs:
            entry = self.seen("VIF", vif_id)
            if entry is not None and isinstance(vif := entry.object, VIF):
                network = self._name("network", vif.network)
                found["vif", vif.device] = pairs((("vif", vif.device), ("network_name", network)))
        return found

    def _vdi(self, vdi_id: object) -> AnyVDI | None:
        for kind in ("VDI", "VDI-snapshot"):
            entry = self.seen(kind, vdi_id)
            if entry is not None and isinstance(entry.object, AnyVDI):
                return entry.object
        return None

    def _sr(self, sr_id: object) -> SR | None:
        entry = self.seen("SR", sr_id)
        return entry.object if entry is not None and isinstance(entry.object, SR) else None

    def _vm_of(self, vdi: VDI) -> VM | None:
        for vbd_id in vdi.vbds:
            entry = self.seen("VBD", vbd_id)
            if entry is not None and isinstance(vbd := entry.object, VBD):
                found = self.seen("VM", vbd.vm)
                if found is not None and isinstance(found.object, VM):
                    return found.object
        return None

    def _name(self, kind: str, object_id: object) -> str | None:
        entry = self.seen(kind, object_id)
        return None if entry is None else getattr(entry.object, "name_label", None)


def tags(those: tuple[str, ...]) -> str:
    """As one label: sorted and each once, so that it is the same series whatever order the pool tells them in."""
    return ",".join(sorted({tag for tag in those if tag.strip()})) if those else ""


def seconds_since(start: object, now: float) -> int | None:
    """How long ago that was, in whole seconds; None where it is not known."""
    return None if start is None or start is UNSET or not isinstance(start, int) else max(0, int(now) - start)
