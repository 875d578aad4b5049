"""Time as an argument: a clock that tests may set, and dates in wire form."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

NEVER = "19700101T00:00:00Z"


class Clock:
    """Seconds since the epoch, from the machine or from whoever drives the test."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0

    def now(self) -> float:
        return self._source() + self._offset

    def advance(self, seconds: float) -> None:
        """Let time jump; nothing that sleeps wakes by it."""
        self._offset += seconds

    def wire(self, at: float | None = None) -> str:
        """`at` (or now) as XAPI writes dates: 20260821T10:15:30Z."""
        return wire_date(self.now() if at is None else at)


def wire_date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H:%M:%SZ")


def epoch(text: str) -> float:
    """Seconds since the epoch of a date in wire form; either style, no zone means UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
