"""What a machine is like: how its activities follow the waves, drawn from the seed and its uuid."""

from collections.abc import Callable
from hashlib import blake2b
from struct import unpack

import numpy as np

from xensim.rrd import waves
from xensim.rrd.waves import Floats

# The activities of a machine, each between 0 and 1 at any time. ON is 1 while it is on and not paused.
CPU_A, CPU_B, READ, WRITE, RX, TX, MEMORY, ON = range(8)
ACTIVITIES = 8
_CPU, _IO = (CPU_A, CPU_B), (READ, WRITE, RX, TX)
_DAY = 1  # among the periods
_FAST = (5, 6, 7, 8, 9, 10)
_NIGHT, _WORK, _OFTEN = (0, 1), (2, 3), (4, 5, 6, 7, 8, 9, 10, 11)


class Draw:
    """A machine's chances: reproducible numbers from its seed and uuid, each for one purpose."""

    def __init__(self, seed: int, uuid: str, purpose: str = "") -> None:
        self._key = f"{seed}/{uuid}/{purpose}".encode()
        self._numbers: list[int] = []
        self._block = 0

    def number(self) -> float:
        """Between 0 and 1."""
        if not self._numbers:
            digest = blake2b(self._key + self._block.to_bytes(2), digest_size=64).digest()
            self._block += 1
            self._numbers = list(unpack(">32H", digest))
        return self._numbers.pop() / 65535

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.number()

    def one_of(self, values: tuple[int, ...]) -> int:
        return values[min(len(values) - 1, int(self.number() * len(values)))]


class _Activities:
    """Weights in the making; whatever is added to an activity raises its ceiling by as much."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.weights = np.zeros((ACTIVITIES, waves.COUNT))

    def level(self, activity: int, height: float) -> None:
        self.weights[activity, 0] += height

    def sine(self, activity: int, period: int, height: float, phase: float | None = None) -> None:
        """Between 0 and `height`; `phase` in turns, by chance when it is left out."""
        angle = 2 * np.pi * (self.draw.number() if phase is None else phase)
        row = self.weights[activity]
        row[0] += height / 2
        row[waves.SINES + period] += height / 2 * np.cos(angle)
        row[waves.COSINES + period] += height / 2 * np.sin(angle)

    def noise(self, activity: int, height: float) -> None:
        """Three quick sines, which together look like chance."""
        for share in (0.5, 0.3, 0.2):
            self.sine(activity, self.draw.one_of(_FAST), height * share)

    def pulse(self, activity: int, pulse: int, height: float) -> None:
        self.weights[activity, waves.BUMPS + pulse] += height


def activities(seed: int, uuid: str) -> Floats:
    """The weights of a machine's activities, shape (ACTIVITIES, waves.COUNT)."""
    draw = Draw(seed, uuid)
    made = _Activities(draw)
    roll = draw.number()
    kind = next(kind for share, kind in _KINDS if roll <= share)
    kind(made)
    made.level(MEMORY, draw.between(0.1, 0.5))
    made.sine(MEMORY, _DAY, 0.25)
    made.noise(MEMORY, 0.15)
    made.level(ON, 1.0)
    return made.weights


def _idle(made: _Activities) -> None:
    for activity in (*_CPU, *_IO):
        made.level(activity, made.draw.between(0.002, 0.015))
        made.noise(activity, made.draw.between(0.005, 0.03))
    pulse, height = made.draw.one_of(_OFTEN), made.draw.between(0.02, 0.08)
    for activity in (*_CPU, READ, WRITE):
        made.pulse(activity, pulse, height)


def _steady(made: _Activities) -> None:
    level = made.draw.between(0.15, 0.5)
    for activity in (*_CPU, *_IO):
        made.level(activity, level * made.draw.between(0.7, 1.0))
        made.sine(activity, _DAY, 0.08)
        made.noise(activity, made.draw.between(0.05, 0.15))


def _daily(made: _Activities) -> None:
    """Busy by day; disks are also busy at night, when it is backed up."""
    height, phase = made.draw.between(0.25, 0.5), made.draw.between(0.55, 0.7)
    for activity in (*_CPU, *_IO):
        made.level(activity, made.draw.between(0.02, 0.08))
        made.sine(activity, _DAY, height * 0.5, phase)
        made.pulse(activity, made.draw.one_of(_WORK), height * 0.4)
        made.noise(activity, made.draw.between(0.06, 0.14))
    for activity in (READ, TX):
        made.pulse(activity, made.draw.one_of(_NIGHT), 0.2)


def _spiky(made: _Activities) -> None:
    pulse, other = made.draw.one_of(_OFTEN), made.draw.one_of(_OFTEN)
    for activity in (*_CPU, *_IO):
        made.level(activity, made.draw.between(0.01, 0.06))
        made.noise(activity, 0.06)
        made.pulse(activity, pulse, made.draw.between(0.3, 0.55))
        made.pulse(activity, other, made.draw.between(0.1, 0.3))


def _hot(made: _Activities) -> None:
    for activity in _CPU:
        made.level(activity, made.draw.between(0.86, 0.92))
        made.noise(activity, 0.07)
    for activity in _IO:
        made.level(activity, made.draw.between(0.3, 0.6))
        made.noise(activity, 0.3)


_Kind = Callable[[_Activities], None]
_KINDS: tuple[tuple[float, _Kind], ...] = ((0.68, _idle), (0.76, _steady), (0.88, _daily), (0.985, _spiky), (1.0, _hot))
