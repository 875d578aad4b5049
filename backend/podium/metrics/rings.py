"""Rings: what is kept of one host, and how the reading of it goes."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
import numpy as np

from podium.metrics import compute
from podium.metrics.archive import Archive
from podium.metrics.compute import Numbers, Parts
from podium.metrics.decode import Floats, Update
from podium.metrics.layout import Kind, Layout, Owner
from podium.xapi.errors import XapiGarbage

State = Literal["starting", "live", "silent", "unreachable"]

SECONDS: Final = 5
MINUTES: Final = 60
KEPT: Final = (SECONDS, MINUTES)
"""The steps kept of everything; others are fetched when somebody asks."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the metrics of one host are. `since`: when it came to be so; times are seconds by our clock.

    live: a row came lately. silent: it answers, and its newest row stays the same. unreachable: it does not answer.
    `clockSkew`: what the host's clock is ahead of ours, seconds.
    """

    host: str
    state: State = "starting"
    since: float = 0.0
    last_row: float | None = None
    clock_skew: float = 0.0
    reason: str | None = None
    sources: int = 0
    vms: int = 0
    requests: int = 0
    failures: int = 0
    duration_ms: float = 0.0
    """What the last request took, from its first byte to the last number."""


class Rings:
    """The archives of one host, with what is computed of their newest rows."""

    def __init__(self, host: str, pool: str) -> None:
        self.host = host
        self.pool = pool
        self.condition = Condition(host=host)
        self.archives = {step: Archive(step) for step in KEPT}
        self.version = 0
        """Grows with each new row."""
        self._parts: dict[tuple[int, Kind, str], tuple[Layout, list[Parts]]] = {}
        self._newest: dict[tuple[Kind, str], tuple[int, list[tuple[tuple[str, ...], Numbers]]]] = {}

    @property
    def seconds(self) -> Archive:
        return self.archives[SECONDS]

    def owner(self, uuid: str) -> Owner | None:
        return self.seconds.layout.by_uuid.get(uuid)

    def layout_for(self, update: Update) -> Layout:
        """The layout of the update's legend: one that is known, where the bytes are the same."""
        for archive in self.archives.values():
            if archive.layout.legend == update.legend:
                return archive.layout
        return Layout(update.legend, update.columns)

    def fill(self, step: int, update: Update) -> None:
        """Take the history of owners that have just appeared; what is there of others stays."""
        archive = self.archives[step]
        theirs = Layout(update.legend, update.columns)
        here, there = archive.layout.moved_from(theirs)
        if len(here):
            for time, row in update.rows(theirs.width):
                archive.fill(time, here, row[theirs.take][there])
            self.changed()

    def changed(self) -> None:
        """There are new numbers."""
        self.version += 1

    def newest(self, kind: Kind, metric: str) -> list[tuple[tuple[str, ...], Numbers]]:
        """The newest value of a metric of every owner of that kind: uuids and their values, in a few groups."""
        known = self._newest.get((kind, metric))
        if known is not None and known[0] == self.version:
            return known[1]
        archive = self.seconds
        found = []
        if archive.count:
            found = [(parts.owners, compute.newest(parts, archive)) for parts in self._gathered(kind, metric)]
        self._newest[kind, metric] = (self.version, found)
        return found

    def newest_of(self, owner: Owner) -> Floats:
        """The newest row of one owner; a view."""
        return self.seconds.newest()[owner.columns]

    def forget(self) -> None:
        """Drop every row: the host's clock was set, and times no longer mean what they did."""
        for archive in self.archives.values():
            archive.clear()
        self.changed()

    def _gathered(self, kind: Kind, metric: str) -> list[Parts]:
        layout = self.seconds.layout
        known = self._parts.get((SECONDS, kind, metric))
        if known is None or known[0] is not layout:
            owners = [owner for owner in layout.owners if owner.kind == kind]
            known = self._parts[SECONDS, kind, metric] = (layout, compute.gather(owners, metric))
        return known[1]

    @property
    def nbytes(self) -> int:
        return sum(archive.nbytes for archive in self.archives.values())


def series(archive: Archive, owners: Sequence[Owner], metric: str) -> list[tuple[str, Numbers]]:
    """The rows of a metric, oldest first, of each owner (of one kind) that has it."""
    found: list[tuple[str, Numbers]] = []
    for parts in compute.gather(owners, metric):
        values = compute.evaluate(parts, archive).T
        found += zip(parts.owners, values, strict=True)
    return found


def archive_of(update: Update) -> Archive:
    """One answer as an archive of its own. Raises XapiGarbage."""
    archive = Archive(update.step, max(1, len(update)))
    layout = Layout(update.legend, update.columns)
    archive.adopt(layout)
    for time, row in update.rows(layout.width):
        if time > update.end or time % update.step:
            raise XapiGarbage("an RRD whose rows are not where its head says")
        archive.put(time, row[layout.take])
    return archive


def listed(values: Numbers | Floats, factor: float = 1.0) -> list[float | None]:
    """One series as JSON has it: null where the value is unknown."""
    scaled = np.asarray(values, np.float64) * factor
    good = np.isfinite(scaled)
    if good.all():
        plain: list[float | None] = scaled.tolist()
        return plain
    return [value if known else None for value, known in zip(scaled.tolist(), good.tolist(), strict=True)]
