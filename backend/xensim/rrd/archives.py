"""The archives of a round-robin database, and which of them answers a request. Source: PROTOCOL.md 8 and 8.1."""

from collections.abc import Sequence
from dataclasses import dataclass

STEP = 5  # seconds between two measurements
HEARTBEAT = 300
CFS = ("AVERAGE", "MIN", "MAX")


@dataclass(frozen=True, slots=True)
class Archive:
    """`per_row`: how many measurements make a row; `rows`: how many rows are kept."""

    per_row: int
    rows: int

    @property
    def step(self) -> int:
        """Seconds between two rows."""
        return self.per_row * STEP

    @property
    def parts(self) -> int:
        """Into how many equal windows a row is cut, to see where it was known and how it varied."""
        return 1 if self.per_row == 1 else 12

    def newest(self, last_update: float) -> int:
        """The time of the last complete row."""
        return int(last_update) // self.step * self.step

    def ends(self, last_update: float, start: int) -> list[int]:
        """The times of the kept rows from `start` on, the newest first. Source: rrd_updates.ml, create."""
        end = self.newest(last_update)
        count = 0 if start > end else min(self.rows, (end - start) // self.step + 1)
        return [end - at * self.step for at in range(count)]


ARCHIVES = (Archive(1, 120), Archive(12, 120), Archive(720, 168), Archive(17280, 366))


def choose(last_update: float, start: int, interval: int, *, extremes: bool = False, coarser: int = 0) -> Archive:
    """The finest archive of at least `interval` seconds that reaches back to `start`, else the coarsest.

    `extremes`: only those that have MIN and MAX count. `coarser`: answer with one so many steps further on, as a
    server does that keeps fewer archives.
    """
    kept: Sequence[Archive] = ARCHIVES[1:] if extremes else ARCHIVES
    wanted = interval // STEP
    fit = (at for at, each in enumerate(kept) if each.per_row >= wanted and start > last_update - each.rows * each.step)
    return kept[min(next(fit, len(kept) - 1) + coarser, len(kept) - 1)]


def tolerance(archive: Archive, *, extremes: bool) -> float:
    """The part of a row's measurements that may be unknown, its xff. Source: wire/09-015, 09-016."""
    return 1.0 if extremes and archive.per_row > 1 else 0.5


def consolidations(archive: Archive, cf: str, *, extremes: bool) -> tuple[str, ...]:
    """What an owner keeps in an archive of what `cf` asks for, empty for everything; `extremes`: it has MIN and MAX."""
    kept = CFS if extremes and archive.per_row > 1 else CFS[:1]
    return kept if not cf else tuple(each for each in kept if each == cf)
