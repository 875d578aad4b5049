"""What goes wrong on purpose with the measurements of single hosts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Shape = Literal["", "old", "xml"]


@dataclass(slots=True)
class Misbehaviour:
    """The faults of one host. Counters are used up by the answers they spoil."""

    skew_s: float = 0.0  # its clock is so far ahead
    frozen_at: float | None = None  # its clock when it stopped measuring
    fails: int = 0  # answers of `status`
    status: int = 500
    slow_s: float = 0.0
    truncated: int = 0
    garbage: int = 0
    shape: Shape = ""  # "old": JSON5 as before xapi 23.31; "xml": no JSON at all
    coarser: int = 0  # archives further on than the right one


class Misbehaviours:
    """By host, of which each has its own."""

    def __init__(self) -> None:
        self._each: dict[str, Misbehaviour] = {}

    def of(self, host: str) -> Misbehaviour:
        known = self._each.get(host)
        if known is None:
            known = self._each[host] = Misbehaviour()
        return known

    def clear(self, host: str) -> None:
        self._each.pop(host, None)

    def state(self) -> dict[str, dict[str, object]]:
        """The faults in force by host."""
        return {host: asdict(each) for host, each in self._each.items() if each != Misbehaviour()}
