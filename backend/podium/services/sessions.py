"""Who is signed in just now, in memory: a request costs no database access, and a revocation is felt at once."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final
from weakref import WeakSet

from podium.services.access import Viewer, viewer_of

_SIZE: Final = 10_000


class Session:
    """One proven login. Whoever streams to it waits for `over()` and then closes the stream.

    `ended` is set when the token is revoked or the user changed or went. `token_id` is None for a password login.
    `reads_only`: the token was made for reading. `is_narrow`: it does less than its user may.
    `must_enrol`: a second factor must be set up before anything else.
    """

    __slots__ = (
        "__weakref__", "_clock", "ended", "expires", "fresh_until", "is_narrow", "must_enrol", "reads_only", "token_id",
        "viewer",
    )  # fmt: skip

    def __init__(
        self,
        viewer: Viewer,
        *,
        token_id: str | None,
        expires: float = math.inf,
        fresh_until: float = math.inf,
        clock: Callable[[], float] = time.time,
        reads_only: bool = False,
        is_narrow: bool = False,
        must_enrol: bool = False,
    ) -> None:
        self.viewer = viewer
        self.reads_only = reads_only
        self.is_narrow = is_narrow
        self.must_enrol = must_enrol
        self.token_id = token_id
        self.expires = expires
        self.fresh_until = min(expires, fresh_until)
        self.ended = asyncio.Event()
        self._clock = clock

    def seen_by(self, viewer: Viewer) -> "Session":
        """The same login, which ends with this one, for reading with other eyes."""
        other = Session(viewer, token_id=self.token_id, expires=self.expires, clock=self._clock, reads_only=True)
        other.ended = self.ended
        return other

    @property
    def is_over(self) -> bool:
        return self.ended.is_set() or self._clock() >= self.expires

    async def over(self) -> None:
        """Returns when this login counts no more: revoked, expired, or its user changed."""
        if math.isinf(self.expires):
            await self.ended.wait()
            return
        while not self.is_over:
            try:
                # a day at a time: timers run on another clock than expiry does
                await asyncio.wait_for(self.ended.wait(), min(86400.0, max(0.01, self.expires - self._clock())))
            except TimeoutError:
                continue


class Sessions:
    """The sessions that were used lately (bounded), and all that somebody still holds, by user."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        viewer: Callable[[str, str], Viewer] = viewer_of,
    ) -> None:
        self.clock = clock
        self.viewer = viewer
        """The viewer of a user, by id and global permission: `Rights.viewer`."""
        self.generation = 0
        """Grows with each ending. Note it before asking the database; `keep` refuses what was asked too early."""
        self._cache: OrderedDict[Hashable, Session] = OrderedDict()
        self._by_user: dict[str, WeakSet[Session]] = {}
        self._uses: dict[str, tuple[float, str]] = {}
        self._revoked_hooks: list[Callable[[Session], None]] = []

    def find(self, credentials: Hashable) -> Session | None:
        """The session that these credentials proved lately."""
        session = self._cache.get(credentials)
        if session is None:
            return None
        if session.ended.is_set() or self.clock() >= session.fresh_until:
            del self._cache[credentials]
            return None
        self._cache.move_to_end(credentials)
        return session

    def keep(self, credentials: Hashable, session: Session, generation: int) -> bool:
        """Remember a session. False when one ended since `generation`: what the database said may be stale."""
        if generation != self.generation:
            return False
        self._cache[credentials] = session
        if len(self._cache) > _SIZE:
            self._cache.popitem(last=False)
        self.hold(session)
        return True

    def hold(self, session: Session) -> None:
        """Somebody has a session that cannot be found again by its credentials; it ends with its user all the same."""
        self._by_user.setdefault(session.viewer.user_id, WeakSet()).add(session)

    def held(self) -> list[Session]:
        """Every session that somebody holds and that still counts."""
        return [session for sessions in self._by_user.values() for session in sessions if not session.is_over]

    def end(self, sessions: list[Session]) -> None:
        """These count no more."""
        self._end(sessions)

    def end_user(self, user_id: str) -> None:
        """The user changed or went: all his sessions end, streams included."""
        self._end(list(self._by_user.get(user_id, ())))

    def end_token(self, user_id: str, token_id: str) -> None:
        """A token was revoked."""
        self._end([session for session in self._by_user.get(user_id, ()) if session.token_id == token_id])
        self._uses.pop(token_id, None)

    def end_password_logins(self, user_id: str) -> None:
        """The user's password changed: what was proven with the old one ends; tokens stay."""
        self._end([session for session in self._by_user.get(user_id, ()) if session.token_id is None])

    def on_revoked(self, hook: Callable[[Session], None]) -> None:
        """`hook` is called, within the step, for each session that ends before its time."""
        self._revoked_hooks.append(hook)

    def note_use(self, session: Session, address: str) -> None:
        """The session's token was used. Written down later, with others (`take_uses`)."""
        if session.token_id is not None:
            self._uses[session.token_id] = (self.clock(), address)

    def take_uses(self) -> dict[str, tuple[float, str]]:
        """The last use of each token since the last call: time and address."""
        uses, self._uses = self._uses, {}
        return uses

    def _end(self, sessions: list[Session]) -> None:
        self.generation += 1
        for session in sessions:
            session.ended.set()
            for hook in self._revoked_hooks:
                hook(session)
        over = [key for key, session in self._cache.items() if session.ended.is_set()] if sessions else []
        for key in over:
            del self._cache[key]
        for user_id in {session.viewer.user_id for session in sessions}:
            if not self._by_user[user_id]:
                del self._by_user[user_id]
