"""The functions of time that all values are made of, and their means over windows.

A value is a constant plus weighted waves: sines with periods from a week to half a minute, and pulses, which are smooth
bumps that come back. Each VM draws its weights from its uuid, see `character`. Because a value is linear in the waves,
the mean of a value is the same sum over the waves' means: a row of 60 s is the exact mean of its twelve measurements of
5 s, without anybody evaluating 12 times as much. A row of an hour is exact too; for a row of a day the waves are looked
at every 55 s only, which is right to a part in a hundred.
"""

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xensim.rrd.archives import STEP, Archive

Floats = NDArray[np.float64]
Values = NDArray[np.float32]  # RRDs keep single precision

DAY = 86400
PERIODS = (7 * DAY, DAY, DAY // 2, DAY // 4, 6171, 2311, 887, 307, 113, 47, 23)
# Pulses: period and offset in seconds, and how narrow they are: 5 lasts a third of the period, 500 a thirtieth.
PULSES = (
    (DAY, 2 * 3600, 60.0),  # at night
    (DAY, 4 * 3600, 200.0),
    (DAY, 14 * 3600, 5.0),  # the working day
    (DAY, 12 * 3600 + 1800, 60.0),
    (3600, 120, 120.0),  # on the hour
    (3600, 1920, 400.0),
    (5400, 700, 30.0),
    (1800, 300, 100.0),
    (900, 450, 60.0),
    (613, 40, 40.0),
    (251, 20, 20.0),
    (131, 90, 15.0),
)
SINES = 1  # where the sines begin; 0 is the constant
COSINES = SINES + len(PERIODS)
BUMPS = COSINES + len(PERIODS)
COUNT = BUMPS + len(PULSES)

_SPARSE = 11  # of the windows of two hours, every how many measurements are looked at
_KEPT = 8000  # windows whose means are remembered, for each length, until all are forgotten
_AT_ONCE = 1 << 15  # points in time looked at without letting others run
_PERIODS = np.array(PERIODS, np.int64)[:, None]
_EVERY, _OFFSETS = (np.array([pulse[at] for pulse in PULSES], np.int64)[:, None] for at in (0, 1))
_NARROW = np.array([pulse[2] for pulse in PULSES])[:, None]


def at(times: NDArray[np.int64]) -> Floats:
    """Every wave at the given times, shape (COUNT, times)."""
    angles = (times % _PERIODS) * (2 * np.pi / _PERIODS)
    turns = ((times - _OFFSETS) % _EVERY) * (2 * np.pi / _EVERY)
    bumps = np.exp(_NARROW * (np.cos(turns) - 1))
    return np.concatenate([np.ones((1, times.size)), np.sin(angles), np.cos(angles), bumps])


class Waves:
    """The means of every wave over the windows that rows are cut into, remembered."""

    def __init__(self) -> None:
        self._means: dict[int, dict[int, Floats]] = {}

    async def prepare(self, archive: Archive, ends: Sequence[int]) -> None:
        """Compute what `parts` is about to need, in slices that let others run."""
        per, indices = _windows(archive, ends)
        missing = self._missing(per, indices)
        some = max(1, _AT_ONCE // len(_back(per)))
        for first in range(0, len(missing), some):
            self._compute(per, missing[first : first + some])
            await asyncio.sleep(0)

    def parts(self, archive: Archive, ends: Sequence[int]) -> Floats:
        """The means in each part of the rows that end at `ends`, shape (rows, parts, COUNT), the oldest part first."""
        per, indices = _windows(archive, ends)
        self._compute(per, self._missing(per, indices))
        known = self._means[per]
        return np.array([known[index] for index in indices]).reshape(len(ends), archive.parts, COUNT)

    def _missing(self, per: int, indices: Sequence[int]) -> list[int]:
        known = self._means.setdefault(per, {})
        if len(known) > _KEPT:
            known.clear()
        return [index for index in indices if index not in known]

    def _compute(self, per: int, indices: Sequence[int]) -> None:
        if not indices:
            return
        known = self._means[per]
        back = _back(per)
        times = (np.array(indices, np.int64)[:, None] * (per * STEP) - back).reshape(-1)
        means = at(times).reshape(COUNT, len(indices), back.size).mean(axis=2).T.copy()
        known.update(zip(indices, means, strict=True))


def _back(per: int) -> NDArray[np.int64]:
    """The measurements of a window that are looked at, in seconds before its end."""
    stride = _SPARSE if per > 60 else 1
    return np.arange(stride // 2, per, stride, dtype=np.int64) * STEP


def _windows(archive: Archive, ends: Sequence[int]) -> tuple[int, list[int]]:
    """How many measurements a part has, and the numbers of the parts of all rows: a part ends at number · length."""
    per = archive.per_row // archive.parts
    length = per * STEP
    return per, [end // length - back for end in ends for back in range(archive.parts - 1, -1, -1)]
