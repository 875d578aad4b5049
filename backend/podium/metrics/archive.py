"""Archive: the rows of one host at one granularity, in a ring of float32."""

from typing import Final

import numpy as np

from podium.metrics.decode import Floats
from podium.metrics.layout import NOTHING, Indexes, Layout, Owner

STEPS: Final = {"seconds": 5, "minutes": 60, "hours": 3_600, "days": 86_400}
"""Seconds between two rows of each granularity (PROTOCOL.md 8)."""
ROWS: Final = {5: 120, 60: 120, 3_600: 168, 86_400: 366}
"""How many rows XAPI keeps of each step."""


class Archive:
    """Rows at multiples of `step`, by the host's clock. Row `t` has its place by its time, so a gap is a row of NaN."""

    __slots__ = ("_values", "count", "end", "layout", "rows", "step")

    def __init__(self, step: int, rows: int | None = None) -> None:
        self.step = step
        self.rows = ROWS[step] if rows is None else rows
        self.layout: Layout = NOTHING
        self.end = 0
        """The time of the newest row; 0 while there is none."""
        self.count = 0
        """How many rows there are, with the gaps between them."""
        self._values: Floats = np.empty((self.rows, 0), np.float32)

    @property
    def nbytes(self) -> int:
        """What the numbers take."""
        return int(self._values.nbytes)

    def adopt(self, layout: Layout) -> None:
        """Change over to other columns; what both have is kept, what is new is unknown."""
        if layout is self.layout:
            return
        values = np.full((self.rows, len(layout)), np.nan, np.float32)
        if self.count:
            here, there = layout.moved_from(self.layout)
            values[:, here] = self._values[:, there]
        self.layout = layout
        self._values = values

    def put(self, time: int, row: Floats) -> None:
        """Take a row of the layout's columns: the newest one, or one that the archive still reaches back to."""
        slot = (time // self.step) % self.rows
        if time > self.end:
            new = (time - self.end) // self.step if self.end else 1
            if new > 1:
                self._values[self._slots(time - self.step, min(new - 1, self.rows))] = np.nan
            self.count = min(self.rows, self.count + new)
            self.end = time
        elif time <= self.end - self.rows * self.step:
            return
        else:
            self.count = max(self.count, (self.end - time) // self.step + 1)
        self._values[slot] = row

    def fill(self, time: int, columns: Indexes, values: Floats) -> None:
        """Set some columns of a row that is there already."""
        if self.end - self.count * self.step < time <= self.end:
            self._values[(time // self.step) % self.rows, columns] = values

    def clear(self) -> None:
        """Forget the rows."""
        self._values[:] = np.nan
        self.end = self.count = 0

    def newest(self) -> Floats:
        """The newest row; a view."""
        row: Floats = self._values[(self.end // self.step) % self.rows]
        return row

    def of(self, owner: Owner) -> Floats:
        """The rows of one owner, oldest first: (count, its data sources)."""
        found: Floats = self._values[self._slots(self.end, self.count), owner.columns]
        return found

    def columns(self, columns: Indexes) -> Floats:
        """The rows of some columns, oldest first."""
        found: Floats = self._values[np.ix_(self._slots(self.end, self.count), columns)]
        return found

    def _slots(self, end: int, count: int) -> Indexes:
        newest = end // self.step
        return np.arange(newest - count + 1, newest + 1, dtype=np.intp) % self.rows
