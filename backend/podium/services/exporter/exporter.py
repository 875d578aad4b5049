"""Exporter: every number of the fleet as text for Prometheus, streamed, and as far as whoever asks may see it."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.model.base import XoObject
from podium.model.host import Host
from podium.model.pool import Pool
from podium.model.server import Server
from podium.model.sr import SR
from podium.model.vdi import VDI
from podium.model.vm import VM
from podium.services.access import Viewer
from podium.services.dashboards.counters import Counters
from podium.services.exporter.counts import counted
from podium.services.exporter.exposition import EOF, Family, Form, line, pairs
from podium.services.exporter.names import FAMILIES
from podium.services.exporter.rows import Row, Rows, plain, seconds_since

LINES: Final = 500
"""So many leave at once."""
OFTEN: Final = 16
"""After so many rows it is asked whether the turn is over."""

POOL_CONNECTED: Final = Family("xcp_pool_connected", "Whether the pool is connected (1) or only known (0)")
HOST_STATUS: Final = Family("xcp_host_status", "Always 1: the labels power_state and enabled tell")
HOST_UPTIME: Final = Family("xcp_host_uptime_seconds", "Seconds since the host booted")
VM_STATUS: Final = Family("xcp_vm_status", "Always 1: the label power_state tells")
VM_UPTIME: Final = Family("xcp_vm_uptime_seconds", "Seconds since the VM was started")
SR_FAMILIES: Final = (
    Family("xcp_sr_virtual_size_bytes", "Size of all disks together, in bytes"),
    Family("xcp_sr_physical_size_bytes", "Size in bytes"),
    Family("xcp_sr_physical_usage_bytes", "Space used, in bytes"),
)
VDI_FAMILIES: Final = (
    Family("xcp_vdi_virtual_size_bytes", "Size as VMs see it, in bytes"),
    Family("xcp_vdi_physical_usage_bytes", "Space that it takes on its SR, in bytes"),
)


class Measured(Protocol):
    """What is needed of the fleet (services/measures/fleet.py)."""

    def sources(self, kind: str) -> Iterable[tuple[str, Mapping[str, float]]]:
        """Of each object of that type its data sources by name, as the pool tells them."""
        ...


Own = Callable[[], Iterable[tuple[Family, Iterable[tuple[str, float]]]]]
"""The service's own numbers: families with labels and values."""


class Exporter:
    """Gives others their turn every few ms, however much there is."""

    def __init__(
        self,
        objects: Objects,
        counters: Counters,
        fleet: Measured,
        own: Own,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`own`: what only administrators are told."""
        self._objects = objects
        self._counters = counters
        self._fleet = fleet
        self._own = own
        self._clock = clock

    async def text(self, viewer: Viewer, form: Form) -> AsyncIterator[bytes]:
        """The whole exposition, in pieces."""
        rows = Rows(self._objects, viewer)
        with Turns() as turns:
            await turns.begin(len(self._objects))
            for families, make in self._sections(rows):
                async for piece in _written(families, await _collected(make, turns), form, turns):
                    yield piece
            turns.pause()
            parts = await counted(self._objects, self._counters, viewer)
            yield "".join(_lines([*parts, *(self._own() if viewer.is_admin else ())], form)).encode()
        if form == "openmetrics":
            yield EOF.encode()

    def _sections(self, rows: Rows) -> Iterator[tuple[Sequence[Family], Iterator[Row | None]]]:
        """Families, and the rows that have samples of them; samples of one family must leave together."""
        yield (POOL_CONNECTED,), self._pools(rows)
        yield FAMILIES["host"], (rows.measured_host(*one) for one in self._fleet.sources("host"))
        yield FAMILIES["vm"], self._vms(rows)
        yield (HOST_STATUS, HOST_UPTIME), self._hosts(rows)
        yield (VM_STATUS, VM_UPTIME), self._vm_states(rows)
        yield SR_FAMILIES, self._srs(rows)
        yield VDI_FAMILIES, self._vdis(rows)

    def _visible(self, kind: str, rows: Rows) -> Iterator[XoObject]:
        for entry in self._objects.ordered(kind):
            found = rows.seen(kind, entry.id)
            if found is not None:
                yield found.object

    def _pools(self, rows: Rows) -> Iterator[Row]:
        connected = {
            server.pool_id
            for entry in self._objects.of_type("server").values()
            if isinstance(server := entry.object, Server) and server.status == "connected"
        }
        placed = plain(POOL_CONNECTED)
        for pool in self._visible("pool", rows):
            if isinstance(pool, Pool):
                labels = pairs((("pool_id", pool.id), ("pool_name", pool.name_label)))
                yield Row(labels, {POOL_CONNECTED.name: int(pool.id in connected)}, placed)

    def _vms(self, rows: Rows) -> Iterator[Row | None]:
        for kind in ("VM", "VM-controller"):
            for vm_id, numbers in self._fleet.sources(kind):
                yield rows.measured_vm(kind, vm_id, numbers)

    def _hosts(self, rows: Rows) -> Iterator[Row]:
        status, uptime = plain(HOST_STATUS), plain(HOST_UPTIME)
        for host in self._visible("host", rows):
            if isinstance(host, Host):
                labels = rows.host_labels(host)
                state = (("power_state", host.power_state), ("enabled", "true" if host.enabled else "false"))
                yield Row(pairs((*labels, *state)), {HOST_STATUS.name: 1}, status)
                age = seconds_since(host.start_time, self._clock()) if host.power_state == "Running" else None
                if age is not None:
                    yield Row(pairs(labels), {HOST_UPTIME.name: age}, uptime)

    def _vm_states(self, rows: Rows) -> Iterator[Row]:
        status, uptime = plain(VM_STATUS), plain(VM_UPTIME)
        for vm in self._visible("VM", rows):
            if isinstance(vm, VM):
                labels = rows.vm_labels(vm)
                yield Row(pairs((*labels, ("power_state", vm.power_state))), {VM_STATUS.name: 1}, status)
                # those that are halted keep the time of their last start
                age = seconds_since(vm.start_time, self._clock()) if vm.power_state == "Running" else None
                if age is not None:
                    yield Row(pairs(labels), {VM_UPTIME.name: age}, uptime)

    def _srs(self, rows: Rows) -> Iterator[Row]:
        virtual, size, usage = SR_FAMILIES
        placed = plain(*SR_FAMILIES)
        for sr in self._visible("SR", rows):
            if isinstance(sr, SR):
                numbers = {virtual.name: sr.usage, size.name: sr.size, usage.name: sr.physical_usage}
                yield Row(pairs(rows.sr_labels(sr)), numbers, placed)

    def _vdis(self, rows: Rows) -> Iterator[Row]:
        size, usage = VDI_FAMILIES
        placed = plain(*VDI_FAMILIES)
        for vdi in self._visible("VDI", rows):
            if isinstance(vdi, VDI):
                yield Row(pairs(rows.vdi_labels(vdi)), {size.name: vdi.size, usage.name: vdi.usage}, placed)


async def _collected(make: Iterator[Row | None], turns: Turns) -> list[Row]:
    """All rows: each family goes past each of them."""
    found = []
    for number, row in enumerate(make):
        if row is not None:
            found.append(row)
        if not number % OFTEN:
            await turns.rest()
    return found


async def _written(families: Sequence[Family], rows: Sequence[Row], form: Form, turns: Turns) -> AsyncIterator[bytes]:
    lines: list[str] = []
    for family in families:
        head = family.head(form)
        for number, row in enumerate(rows):
            for placed in row.places.get(family, ()):
                if head:
                    lines.append(head)
                    head = ""
                labels = row.base
                if placed.label:
                    detail = row.details.get((placed.label, placed.value))
                    labels = f"{labels},{detail or pairs(((placed.label, placed.value),))}"
                lines.append(line(family.name, labels, row.numbers[placed.source] * placed.factor))
            if not number % OFTEN:
                if len(lines) >= LINES:
                    turns.pause()  # and no new turn after it: a reader that takes all at once gives nobody else one
                    yield "".join(lines).encode()
                    lines.clear()
                await turns.rest()
    yield "".join(lines).encode()


def _lines(parts: Iterable[tuple[Family, Iterable[tuple[str, float]]]], form: Form) -> Iterator[str]:
    for family, samples in parts:
        head = family.head(form)
        for labels, value in samples:
            yield head + line(family.name, labels, value)
            head = ""
