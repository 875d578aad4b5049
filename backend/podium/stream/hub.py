"""Hub: a ring of commits, and the pulse at which those who follow it are woken."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from podium.cache.commit import Change, Commit

QUIET_S: Final = 0.02
"""Under load followers are woken at most so often; a first change after quiet wakes them at once."""
CROWDED_S: Final = 1.0
"""However many followers there are, they are woken at least so often."""
SHARE: Final = 8
"""The pause between pulses is so many times the CPU time that serving the last one took: about 1/9 of a core."""


NETS: Final = 64
"""Net changes kept until the next commit, for those who ask for the same one."""


class Follower(Protocol):
    """One who keeps a revision of his own and asks what changed since."""

    def wake(self) -> None:
        """There is something new, or the service closes. Never raises, never blocks."""


class Hub:
    """The recent past of the cache.

    A follower that falls behind gets the net change, each object once: nothing is queued per follower, so a slow one
    costs no memory. One that falls out of the ring (bounded by commits and bytes) begins again with a snapshot.
    """

    def __init__(
        self,
        *,
        time: Callable[[], float],
        cpu_time: Callable[[], float],
        max_commits: int = 20_000,
        max_bytes: int = 32 * 1024 * 1024,
    ) -> None:
        self.revision = 0
        self.closing = False
        self._time = time
        self._cpu_time = cpu_time
        self._max_commits = max_commits
        self._max_bytes = max_bytes
        self._ring: deque[Commit] = deque()
        self._bytes = 0
        self._net: dict[int, dict[str, Change]] = {}
        self._followers: set[Follower] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._last_pulse = 0.0
        self._pause = QUIET_S

    @property
    def followers(self) -> int:
        return len(self._followers)

    def join(self, follower: Follower) -> None:
        """Wake `follower` from now on, until it leaves."""
        self._followers.add(follower)

    def leave(self, follower: Follower) -> None:
        self._followers.discard(follower)

    def publish(self, commit: Commit) -> None:
        """Take a commit in, in the step that made it."""
        self.revision = commit.revision
        self._ring.append(commit)
        self._bytes += commit.size
        while len(self._ring) > 1 and (len(self._ring) > self._max_commits or self._bytes > self._max_bytes):
            self._bytes -= self._ring.popleft().size
        self._net.clear()
        if self._followers and self._timer is None:
            delay = max(0.0, self._last_pulse + self._pause - self._time())
            self._timer = asyncio.get_running_loop().call_later(delay, self._beat)

    def net(self, since: int) -> dict[str, Change] | None:
        """What changed after revision `since`, by id, each object once. None: the ring does not reach back so far."""
        if since == self.revision:
            return {}
        known = self._net.get(since)
        if known is not None:
            return known
        if not self._ring or since < self._ring[0].revision - 1 or since > self.revision:
            return None
        found: dict[str, Change] = {}
        for commit in self._since(since):
            for change in commit.changes:
                first = found.get(change.id)
                found[change.id] = change if first is None else Change(change.id, first.before, change.after)
        # new and gone again before anybody looked: nothing happened
        found = {key: change for key, change in found.items() if change.before is not change.after}
        if len(self._net) >= NETS:  # of many who are late, each at another place
            self._net.clear()
        self._net[since] = found
        return found

    def close(self) -> None:
        """Tell everybody that it is over."""
        self.closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for follower in list(self._followers):
            follower.wake()

    def _since(self, revision: int) -> list[Commit]:
        found = []
        for commit in reversed(self._ring):
            if commit.revision <= revision:
                break
            found.append(commit)
        found.reverse()
        return found

    def _beat(self) -> None:
        self._timer = None
        self._last_pulse = self._time()
        began = self._cpu_time()
        for follower in list(self._followers):
            follower.wake()
        # the woken run before this callback does: what they take until then is what one pulse costs
        asyncio.get_running_loop().call_soon(self._measure, began)

    def _measure(self, began: float) -> None:
        self._pause = min(CROWDED_S, max(QUIET_S, (self._cpu_time() - began) * SHARE))
