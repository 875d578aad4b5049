"""The state of things that go wrong on purpose, asked by events and by the HTTP server at the moment they answer."""

from dataclasses import dataclass
from typing import Literal

Spoiled = Literal["", "garbage", "truncated"]


@dataclass(slots=True)
class Conditions:
    """The faults in force. Counters are used up by the answers they spoil."""

    events_lost: int = 0  # event.from answers EVENTS_LOST this many times
    garbage: int = 0  # replies that are no JSON and no XML
    truncated: int = 0  # replies that end in the middle, and the connection with them
    slow_s: float = 0.0  # seconds before each reply
    hang_until: float = 0.0  # loop time until which requests are read and not answered

    def take_events_lost(self) -> bool:
        """Whether this event.from is to fail."""
        if self.events_lost <= 0:
            return False
        self.events_lost -= 1
        return True

    def take_spoiled(self) -> Spoiled:
        """How this reply is to be spoiled."""
        if self.garbage > 0:
            self.garbage -= 1
            return "garbage"
        if self.truncated > 0:
            self.truncated -= 1
            return "truncated"
        return ""

    def clear(self) -> None:
        """End every fault."""
        self.events_lost = self.garbage = self.truncated = 0
        self.slow_s = self.hang_until = 0.0
