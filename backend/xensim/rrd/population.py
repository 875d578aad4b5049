"""The VMs of one host put side by side, so that all their sources are computed at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from xensim.rrd import encode, waves
from xensim.rrd.archives import Archive
from xensim.rrd.character import ACTIVITIES
from xensim.rrd.encode import Form
from xensim.rrd.guest import Column, Guest, Key
from xensim.rrd.presence import Bools, History, Span
from xensim.rrd.waves import Floats, Values, Waves

_CHUNK = 16  # rows computed at once


@dataclass(slots=True)
class Member:
    """One VM of a host, or SR. `columns`: the sources that it has an archive of, in order."""

    ref: str
    guest: Guest
    history: History
    columns: list[Column]
    owner: str = "vm"
    born: float = -inf  # of its youngest column
    stamp: Span | None = None  # where it was when this was put together
    numbers: Floats = field(init=False)  # of the columns: offset, weight and activity, weight and activity
    added: dict[Key, Floats] = field(init=False)  # to the sums of its host, of each wave
    _legends: dict[tuple[str, Form], bytes] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        made = [(each.offset, each.first[1], each.first[0], each.second[1], each.second[0]) for each in self.columns]
        self.numbers = np.array(made, np.float64).reshape(-1, 5).T
        self.added = {key: weights @ self.guest.weights for key, weights in self.guest.adds.items()}
        self.born = max((column.born for column in self.columns), default=-inf)
        self.stamp = self.history.present

    def legend(self, cf: str, form: Form) -> bytes:
        """Its part of a legend, written once."""
        known = self._legends.get((cf, form))
        if known is None:
            names = [column.name for column in self.columns]
            known = self._legends[cf, form] = encode.legend(f"{cf}:{self.owner}:{self.guest.facts.uuid}:", names, form)
        return known


@dataclass(frozen=True, slots=True)
class Window:
    """The rows asked for. `skew`: seconds that the host's clock is ahead of the pool's."""

    archive: Archive
    ends: Sequence[int]  # the newest first
    means: Floats  # of the waves in each part of each row, (rows, parts, waves)
    skew: float
    oldest: float  # when the oldest row begins, by the pool's clock

    @classmethod
    def of(cls, known: Waves, archive: Archive, ends: Sequence[int], skew: float) -> Window:
        oldest = min(ends, default=0) - archive.step - skew
        return cls(archive, ends, known.parts(archive, ends), skew, oldest)

    def chunks(self) -> Iterator[Window]:
        """The same rows, some at a time: what must be computed in one go stays short."""
        for first in range(0, len(self.ends), _CHUNK):
            ends = self.ends[first : first + _CHUNK]
            oldest = min(ends) - self.archive.step - self.skew
            yield Window(self.archive, ends, self.means[first : first + _CHUNK], self.skew, oldest)

    def middles(self) -> Floats:
        """Of the parts, by the pool's clock; shape (rows, parts)."""
        part = self.archive.step / self.archive.parts
        back = np.arange(self.archive.parts - 1, -1, -1) * part + part / 2
        return np.array(self.ends, np.float64)[:, None] - back - self.skew


class Eras:
    """Since when each of some VMs is as it is, so that nobody need look at each to find the few that changed."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._steady = np.array([max(each.history.settled(), each.born) for each in members], np.float64)
        self._begun = np.array([each.history.begun for each in members], np.float64)

    def changing(self, window: Window) -> list[int]:
        """The VMs that changed during the rows, or after them."""
        return [int(at) for at in np.flatnonzero((self._steady > window.oldest) & ~self.absent(window))]

    def absent(self, window: Window) -> Bools:
        """Of which VMs nothing is known in any row."""
        return np.asarray(self._begun >= max(window.ends, default=0) - window.skew)

    def steady(self, window: Window) -> Bools:
        """Which VMs were all the time as they are."""
        return np.asarray(self._steady <= window.oldest)


class Columns:
    """The columns of some VMs as arrays: value = offset + weight · activity + weight · activity."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        counts = [len(member.columns) for member in members]
        self.count = sum(counts)
        bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        self.bounds: NDArray[np.intp] = bounds
        numbers = [np.zeros((5, 0)), *(member.numbers for member in members)]
        self._offset, self._weight1, first, self._weight2, second = np.concatenate(numbers, axis=1)
        base = np.repeat(np.arange(len(members)) * ACTIVITIES, counts)
        self._at1, self._at2 = base + first.astype(np.intp), base + second.astype(np.intp)
        self._eras = Eras(members)
        weights = [member.guest.weights for member in members]
        self._weights = np.concatenate(weights) if weights else np.zeros((0, waves.COUNT))
        self._legends: dict[tuple[tuple[str, ...], Form], bytes] = {}

    def legend(self, cfs: tuple[str, ...], form: Form) -> bytes:
        """The legend of all columns, by VM and then by consolidation; written once."""
        known = self._legends.get((cfs, form))
        if known is None:
            known = encode.join([member.legend(cf, form) for member in self.members for cf in cfs], form)
            self._legends[cfs, form] = known
        return known

    def by_owner(self, rows: Sequence[Values]) -> Values:
        """Rows of several consolidations as one, in the order of the legend."""
        if len(rows) < 2:
            return rows[0] if rows else np.zeros(0, np.float32)
        bounds = self.bounds
        pieces = [row[bounds[at] : bounds[at + 1]] for at in range(len(self.members)) for row in rows]
        return np.concatenate(pieces)

    def rows(self, window: Window, xff: float) -> Iterator[Values]:
        """The averages of every column, row by row; unknown where more than `xff` of a row is."""
        for chunk in window.chunks():
            yield from self._averages(chunk, xff)

    def _averages(self, window: Window, xff: float) -> Iterator[Values]:
        activities = window.means.mean(axis=1) @ self._weights.T
        unknown = np.tile(self._eras.absent(window), (len(window.ends), 1))
        late: dict[int, Values] = {}
        for at in self._eras.changing(window):
            member = self.members[at]
            known, active = member.history.masks(window.middles())
            folded, unknown[:, at] = _fold(member, window, known, active, xff)
            activities[:, at * ACTIVITIES : (at + 1) * ACTIVITIES] = folded
            late |= self._late(at, window, known, active, xff)
        sizes = np.diff(self.bounds)
        for row in range(len(window.ends)):
            values = self._row(activities[row])
            if unknown[row].any():
                values[np.repeat(unknown[row], sizes)] = np.nan
            for column, single in late.items():
                values[column] = single[row]
            yield values

    def extremes(self, window: Window, cf: str) -> Iterator[Values]:
        """The MIN or MAX of every column, row by row."""
        choose = np.fmin if cf == "MIN" else np.fmax
        middles = window.middles()
        for row in range(len(window.ends)):
            activities = window.means[row] @ self._weights.T
            parts = np.array([self._row(part) for part in activities])
            for at in np.flatnonzero(~self._eras.steady(window)):
                member, first = self.members[int(at)], int(self.bounds[at])
                known, active = member.history.masks(middles[row])
                part = activities[:, at * ACTIVITIES : (at + 1) * ACTIVITIES] * active[:, None]
                for place, column in enumerate(member.columns):
                    values = _value(column, part)
                    parts[:, first + place] = np.where(known & (middles[row] >= column.born), values, np.nan)
            yield choose.reduce(parts, axis=0)

    def _row(self, activities: Floats) -> Values:
        values = self._weight1 * activities[self._at1]
        values += self._weight2 * activities[self._at2]
        values += self._offset
        return np.asarray(values, np.float32)

    def _late(self, at: int, window: Window, known: Bools, active: Bools, xff: float) -> dict[int, Values]:
        """The columns of a VM that are younger than the VM, by place, for all rows."""
        member, found = self.members[at], {}
        first = int(self.bounds[at])
        for place, column in enumerate(member.columns):
            if column.born > window.oldest:
                folded, unknown = _fold(member, window, known & (window.middles() >= column.born), active, xff)
                found[first + place] = np.where(unknown, np.nan, _value(column, folded)).astype(np.float32)
        return found


def _value(column: Column, activities: Floats) -> Floats:
    """One column at several times, from a VM's activities, shape (times, ACTIVITIES)."""
    first, second = column.first, column.second
    return np.asarray(column.offset + first[1] * activities[:, first[0]] + second[1] * activities[:, second[0]])


def _fold(member: Member, window: Window, known: Bools, active: Bools, xff: float) -> tuple[Floats, Bools]:
    """A VM's activities, the mean over what is known of each row, and of which rows too little is known."""
    parts = window.means @ member.guest.weights.T * (known & active)[:, :, None]
    counts = known.sum(axis=1)
    return parts.sum(axis=1) / np.maximum(counts, 1)[:, None], (counts == 0) | (counts < (1 - xff) * known.shape[1])


class Sums:
    """What the VMs of a host add up to, those that have left it included."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self._eras = Eras(members)
        found: dict[Key, list[tuple[int, Floats]]] = {}
        for at, member in enumerate(members):
            for key, row in member.added.items():
                found.setdefault(key, []).append((at, row))
        # For each key who adds to it, and how much of each wave.
        self._added = {
            key: (np.array([at for at, _ in each]), np.array([row for _, row in each])) for key, each in found.items()
        }

    def over(self, window: Window, host: str, keys: Sequence[Key], left: Sequence[Member]) -> Floats:
        """For each key the sum in each part of each row, shape (keys, rows · parts). `left`: who was here."""
        flat = window.means.reshape(-1, waves.COUNT)
        steady = self._eras.steady(window)
        totals = np.zeros((len(keys), waves.COUNT))
        for at, key in enumerate(keys):
            if key in self._added:
                who, rows = self._added[key]
                totals[at] = steady[who].astype(np.float64) @ rows
        sums = totals @ flat.T
        moved = [self._members[at] for at in self._eras.changing(window)]
        gone = [member for member in left if any(span.end > window.oldest for span in member.history.spans)]
        for member in (*moved, *gone):
            activities = member.guest.weights @ flat.T * _there(member, window, host)
            for key, weights in member.guest.adds.items():
                if key in keys:
                    sums[keys.index(key)] += weights @ activities
        return sums


def _there(member: Member, window: Window, host: str) -> Floats:
    """1 where a VM was on a host and not paused, flat."""
    known, active = member.history.masks(window.middles(), host)
    return (known & active).astype(np.float64).reshape(-1)
