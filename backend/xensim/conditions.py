"""The state of things that go wrong on purpose, asked by events and by the HTTP server at the moment they answer."""

from dataclasses import dataclass
from typing import Literal

from xensim.stream import Limits

Spoiled = Literal["", "garbage", "truncated"]


@dataclass(slots=True)
class Conditions:
    """The faults in force. Counters are used up by the answers they spoil."""

    events_lost: int = 0  # event.from answers EVENTS_LOST this many times
    garbage: int = 0  # replies that are no JSON and no XML
    truncated: int = 0  # replies that end in the middle, and the connection with them
    slow_s: float = 0.0  # seconds before each reply
    hang_until: float = 0.0  # loop time until which requests are read and not answered

    transfer_rate: float = 0.0  # bytes a second that go through a handler's connection; 0 is as many as can
    cut_after: int = 0  # bytes after which the next transfers are cut
    cuts: int = 0  # how many of them
    refused: int = 0  # requests to handlers that answer 500 before they look at anything

    def take_limits(self) -> Limits:
        """What is to go wrong with this transfer."""
        cut = self.cuts > 0
        self.cuts -= cut
        return Limits(self.transfer_rate, self.cut_after if cut else 0)

    def take_refused(self) -> bool:
        """Whether this request to a handler is to fail."""
        if self.refused <= 0:
            return False
        self.refused -= 1
        return True

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
        self.events_lost = self.garbage = self.truncated = self.refused = self.cuts = 0
        self.slow_s = self.hang_until = self.transfer_rate = 0.0
