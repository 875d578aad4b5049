"""The audit log: which calls that change something were made, by whom, and how they ended."""

from collections import deque
from dataclasses import dataclass

from xensim.clock import Clock

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. `at` is in seconds since the epoch, `outcome` OK or the code of a failure."""

    at: float
    host: str
    user: str
    session: str
    method: str
    outcome: str

    def line(self, clock: Clock) -> str:
        """As a line of the log."""
        stamp = clock.wire(self.at).replace("Z", f".{int(self.at % 1 * 1000):03d}Z")
        result = f"'{self.outcome}'" if self.outcome == "OK" else f"'ERROR:{self.outcome}'"
        call = f"'trackid={self.session}' 'LOCAL_SUPERUSER' '{self.user}' 'ALLOWED' {result} 'API' '{self.method}'"
        return f"[{stamp}|info|{self.host}|0 |{self.method}|audit] ({call} ())"


class Audit:
    """The newest entries."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def since(self, at: float) -> list[Entry]:
        """The entries from `at` on, the oldest first."""
        return [entry for entry in self._entries if entry.at >= at]
