"""Where each VM was, and since when: of all that RRDs show, the one thing that is remembered.

Times are seconds of the pool's clock. What happened before the simulator began is taken from VM_metrics.start_time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import cast

import numpy as np
from numpy.typing import NDArray

from xensim.clock import NEVER, Clock, epoch
from xensim.database import Database, Row
from xensim.schema import NULL_REF

Bools = NDArray[np.bool_]
Times = NDArray[np.float64]

GAP_S = 10.0  # after a migration nobody measures the VM for so long: its RRD is on its way to the other host
_REMEMBERED = 32  # past spans of a VM
_DEVICES = ("VBD", "VIF")
_OWNED = frozenset({*_DEVICES, "VM_metrics", "VM_guest_metrics"})
_TOGETHER_S = 2.0  # a device that is attached so soon after its VM started is as old as the VM's history


@dataclass(frozen=True, slots=True)
class Span:
    """A while on one host; `active` unless the VM was paused."""

    start: float
    end: float
    host: str
    active: bool


@dataclass(slots=True)
class History:
    """The spans of one VM, the oldest first; the last one is not over while its `end` is infinite."""

    spans: deque[Span] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    @property
    def present(self) -> Span | None:
        last = self.spans[-1] if self.spans else None
        return last if last is not None and last.end == inf else None

    def settled(self) -> float:
        """The time since when it has been where it is, and running; never while it is paused or nowhere."""
        now = self.present
        return now.start if now is not None and now.active else inf

    @property
    def begun(self) -> float:
        """Before this time nothing is known."""
        return self.spans[0].start if self.spans else inf

    def move(self, at: float, host: str, *, active: bool) -> None:
        """From `at` on it is there, or nowhere when `host` is the null ref."""
        now = self.present
        if now is not None:
            self.spans[-1] = Span(now.start, max(at, now.start), now.host, now.active)
        if host != NULL_REF:
            late = GAP_S if now is not None and now.host != host else 0.0
            self.spans.append(Span(at + late, inf, host, active))

    def masks(self, middles: Times, host: str = "") -> tuple[Bools, Bools]:
        """In which windows, given by their middles, it was known and active. `host`: only what was there."""
        known, active = np.zeros(middles.shape, bool), np.zeros(middles.shape, bool)
        for span in self.spans:
            if not host or span.host == host:
                covered = (span.start <= middles) & (middles < span.end)
                known |= covered
                if span.active:
                    active |= covered
        return known, active


class Presence:
    """Follows the database; `changed` is called with the ref of each VM whose RRD may have become another."""

    def __init__(self, db: Database, clock: Clock, changed: Callable[[str], None]) -> None:
        self._db = db
        self._clock = clock
        self._changed = changed
        self._histories: dict[str, History] = {}
        self._attached: dict[str, float] = {}  # devices, and since when; 0 is always
        self._owners: dict[str, str] = {}  # VMs by the refs of their metrics
        self._begun = False
        self.on_leave: Callable[[str, str], None] = lambda _vm, _host: None
        self.on_host: Callable[[str, str], None] = lambda _operation, _host: None

    def begin(self) -> None:
        """Take the present state as what has always been, and follow from now on."""
        if self._begun:
            return
        self._begun = True
        for ref, row in self._db.rows("VM").items():
            self._adopt(ref, row.record)
        for cls in _DEVICES:
            for ref, row in self._db.rows(cls).items():
                if row.record["currently_attached"]:
                    self._attached[ref] = 0.0
        self._db.listeners.append(self._follow)

    def of(self, vm: str) -> History:
        history = self._histories.get(vm)
        return history if history is not None else self._adopt(vm, self._db.record("VM", vm))

    def born(self, device: str, vm: str) -> float:
        """Since when there are measurements of a device: minus infinity when since before the VM's own."""
        since = self._attached.get(device, 0.0)
        now = self.of(vm).present
        return -inf if now is None or since <= now.start + _TOGETHER_S else since

    def _adopt(self, vm: str, record: dict[str, object]) -> History:
        history = History()
        host = _host(record)
        started = self._started(record)
        if host != NULL_REF:
            history.move(started, host, active=record["power_state"] == "Running")
        elif started > -inf:  # it ran once, and stopped before anybody looked
            history.spans.append(Span(started, max(started, self._clock.now()), NULL_REF, True))
        self._histories[vm] = history
        self._own(vm, record)
        return history

    def _own(self, vm: str, record: dict[str, object]) -> None:
        self._owners[str(record["metrics"])] = vm
        self._owners[str(record["guest_metrics"])] = vm

    def _started(self, record: dict[str, object]) -> float:
        metrics = str(record["metrics"])
        if not self._db.exists("VM_metrics", metrics):
            return -inf
        started = str(self._db.field("VM_metrics", metrics, "start_time"))
        try:
            return -inf if started == NEVER else epoch(started)
        except ValueError:
            return -inf

    def _follow(self, operation: str, row: Row) -> None:
        cls = row.cls.name
        if cls == "VM":
            self._vm(operation, row)
        elif cls in _OWNED:
            self._part(operation, row)
        elif cls in {"host", "PBD", "PIF"}:
            self.on_host(operation, row.ref if cls == "host" else str(row.record["host"]))

    def _vm(self, operation: str, row: Row) -> None:
        vm, record = row.ref, row.record
        history = self._histories.get(vm)
        if history is None and operation == "add":
            history = self._histories[vm] = History()
        elif history is None:  # it came with a dump of a pool, of which nobody is told
            history = self._adopt(vm, record)
        host = NULL_REF if operation == "del" else _host(record)
        active = record["power_state"] == "Running"
        now = history.present
        if (now.host, now.active) != (host, active) if now is not None else host != NULL_REF:
            if now is not None and now.host != host:
                self.on_leave(vm, now.host)
            history.move(self._clock.now(), host, active=active)
        self._own(vm, record)
        if operation == "del":
            del self._histories[vm]
        self._changed(vm)

    def _part(self, operation: str, row: Row) -> None:
        ref, record = row.ref, row.record
        if row.cls.name in _DEVICES:
            if operation == "del" or not record["currently_attached"]:
                self._attached.pop(ref, None)
            else:
                self._attached.setdefault(ref, self._clock.now())
            self._changed(str(record["VM"]))
            return
        vm = self._owners.get(ref)
        if operation == "del":
            self._owners.pop(ref, None)
        if vm is not None:
            self._changed(vm)


def _host(record: dict[str, object]) -> str:
    """Where a VM runs; nowhere when it is halted or suspended."""
    live = record["power_state"] in {"Running", "Paused"}
    return cast("str", record["resident_on"]) if live else NULL_REF
