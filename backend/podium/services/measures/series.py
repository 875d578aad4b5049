"""Series: the rows of the fleet's metrics for some objects, also of those that are made of several hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec import UNSET

from podium.cache.objects import Objects
from podium.metrics.archive import Archive
from podium.metrics.compute import Numbers
from podium.metrics.rings import Rings, series
from podium.model.host import Host
from podium.services.measures.fleet import Fleet, is_summed, sr_places

SHIFT_FROM_S: Final = 5.0
"""A host's clock that is off by less is taken as it is: rows are no nearer to each other than that."""
DIGITS: Final = 3
"""Decimals of the fleet's metrics: float32 does not hold more that would matter."""
LATE_ROWS: Final = 6
"""A host that is so many rows behind the others is not waited for."""


@dataclass(frozen=True, slots=True)
class Window:
    """Rows, oldest first, the last of which ends at `end`, by our clock."""

    end: int
    values: Numbers


def shift_s(skew_s: float) -> int:
    """What to take off a host's times, to have ours."""
    return round(skew_s) if abs(skew_s) >= SHIFT_FROM_S else 0


def combined(windows: Sequence[tuple[Window, float]], step: int, *, summed: bool) -> Window:
    """Several hosts' rows as one: their sum, or their mean by weight. Unknown values are left out."""
    ends = [window.end // step * step for window, _ in windows]
    newest = max(ends)
    end = min(one for one in ends if newest - one <= LATE_ROWS * step)
    rows = max(len(window.values) for window, _ in windows)
    total = np.zeros(rows)
    weights = np.zeros(rows)
    for (window, weight), theirs in zip(windows, ends, strict=True):
        surplus = (theirs - end) // step
        values = window.values[: len(window.values) - surplus] if surplus > 0 else window.values
        behind = max(0, -surplus)
        part = np.full(rows, np.nan)
        fitting = values[-(rows - behind) :] if behind < rows else values[:0]
        if len(fitting):
            part[rows - behind - len(fitting) : rows - behind] = fitting
        good = np.isfinite(part)
        total[good] += part[good] * (1.0 if summed else weight)
        weights[good] += weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return Window(end, np.where(weights > 0, total if summed else total / weights, np.nan))


class Combiner:
    """Makes series of SRs and pools from the archives of their hosts."""

    def __init__(self, objects: Objects, fleet: Fleet) -> None:
        self._objects = objects
        self._fleet = fleet

    def sr(self, sr_id: str, metric: str, hosts: Mapping[str, tuple[Rings, Archive]]) -> Window | None:
        """A metric of an SR. `hosts`: of its pool."""
        windows: list[tuple[Window, float]] = []
        summed = is_summed(metric)
        for host, (rings, archive) in hosts.items():
            owner = archive.layout.by_uuid.get(host)
            if owner is None:
                continue
            for short, places in sr_places(owner.shape, metric).items():
                if self._fleet.sr_of(rings.pool, short) != sr_id:
                    continue
                columns = np.array([owner.start + place for place, _ in places], np.intp)
                rows = archive.columns(columns).astype(np.float64) * np.array([factor for _, factor in places])
                windows.append((_window(rings, archive, _across(rows, summed=summed)), 1.0))
        return combined(windows, windows_step(hosts), summed=summed) if windows else None

    def pool(self, metric: str, hosts: Mapping[str, tuple[Rings, Archive]]) -> Window | None:
        """A metric of a pool. `hosts`: all of its hosts."""
        if metric == "memoryPercent":
            used, free = self.pool("memoryUsed", hosts), self.pool("memoryFree", hosts)
            if used is None or free is None:
                return None
            with np.errstate(invalid="ignore", divide="ignore"):
                return Window(used.end, 100.0 * used.values / (used.values + free.values))
        windows: list[tuple[Window, float]] = []
        for host, (rings, archive) in hosts.items():
            owner = archive.layout.by_uuid.get(host)
            entry = self._objects.get(host)
            if owner is None or entry is None or not isinstance(known := entry.object, Host):
                continue
            weight = float(known.cpus.cores if known.cpus.cores is not UNSET else 1)
            windows += [(_window(rings, archive, values), weight) for _, values in series(archive, [owner], metric)]
        return combined(windows, windows_step(hosts), summed=is_summed(metric)) if windows else None


def windows_step(hosts: Mapping[str, tuple[Rings, Archive]]) -> int:
    """The step of the archives; they all have the same."""
    return next(iter(hosts.values()))[1].step


def _window(rings: Rings, archive: Archive, values: Numbers) -> Window:
    return Window(archive.end - shift_s(rings.condition.clock_skew), values)


def _across(rows: Numbers, *, summed: bool) -> Numbers:
    """Several data sources as one."""
    good = np.isfinite(rows)
    count = good.sum(axis=1)
    total = np.where(good, rows, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Numbers = np.where(count > 0, total if summed else total / count, np.nan)
    return found
