"""Logins: who may come in, which sessions live, and when they end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from xensim.clock import Clock, epoch
from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.schema import NULL_REF

IDLE_S = 24 * 3600  # inactive_session_timeout
REFRESH_S = 600  # last_active is written at most this often
LIMITS = {"internal": 400, "external": 400, "originator": 500, "name": 500}


@dataclass(slots=True)
class Credentials:
    """The one account of every host."""

    user: str = "root"
    password: str = "xensim"  # noqa: S105 - of a simulated host


class Sessions:
    """The sessions of the coordinator; rows of class `session`, which make no events."""

    def __init__(self, db: Database, clock: Clock, credentials: Credentials, coordinator: Callable[[], str]) -> None:
        self._db = db
        self._clock = clock
        self._credentials = credentials
        self._coordinator = coordinator
        self._ended: dict[str, asyncio.Event] = {}
        self.local: set[str] = set()  # slave_local_login: good for emergency calls only
        self.penalty_s = 2.0  # PAM's delay after a wrong password
        self.idle_s: float = IDLE_S

    async def login(self, user: str, password: str, originator: str = "") -> str:
        """A new session for an account of the host. Raises SESSION_AUTHENTICATION_FAILED, late as PAM does."""
        await self._authenticate(user, password)
        return self.open(user, originator=originator)

    async def local_login(self, user: str, password: str) -> str:
        """A session that works without the database: at members, and in an emergency."""
        await self._authenticate(user, password)
        ref = self._db.new_ref()
        self.local.add(ref)
        return ref

    async def _authenticate(self, user: str, password: str) -> None:
        expected = self._credentials
        if user == expected.user and password == expected.password:
            return
        await asyncio.sleep(self.penalty_s)
        reason = "User not known to the underlying authentication module"
        if user == expected.user:
            reason = "Authentication failure"
        raise XapiFailure("SESSION_AUTHENTICATION_FAILED", user, reason)

    def open(self, user: str, *, originator: str = "", internal: bool = False, ref: str | None = None) -> str:
        """A session without asking for a password."""
        now = self._clock.wire()
        ref = self._db.create(
            "session",
            {
                "this_host": self._coordinator(),
                "this_user": NULL_REF,
                "last_active": now,
                "pool": internal,
                "is_local_superuser": True,
                "validation_time": now,
                "auth_user_name": user,
                "originator": originator,
            },
            ref=ref,
        )
        self._ended[ref] = asyncio.Event()
        self._limit(ref)
        return ref

    def check(self, ref: object) -> str:
        """The session if it lives, and note that it is in use. Raises SESSION_INVALID."""
        if not isinstance(ref, str) or not self._db.exists("session", ref):
            raise XapiFailure("SESSION_INVALID", str(ref))
        record = self._db.record("session", ref)
        if self._clock.now() - epoch(str(record["last_active"])) >= REFRESH_S:
            self._db.set("session", ref, last_active=self._clock.wire())
        return ref

    def is_valid(self, ref: str) -> bool:
        return self._db.exists("session", ref)

    def end(self, ref: str) -> None:
        """Log out; calls that wait for events under this session wake. Silent when it is gone already."""
        event = self._ended.pop(ref, None)
        if event is not None:
            event.set()
        if self._db.exists("session", ref):
            self._db.destroy("session", ref)
        self._db.changed.set()

    def end_all(self) -> None:
        """What a restart, or a new coordinator, does to sessions."""
        for ref in list(self._db.refs("session")):
            self.end(ref)
        self.local.clear()

    def attach_task(self, session: str, task: str) -> None:
        self._set_tasks(session, [*self._tasks(session), task])

    def detach_task(self, session: str, task: str) -> None:
        self._set_tasks(session, [other for other in self._tasks(session) if other != task])

    def _tasks(self, session: str) -> list[str]:
        if not self._db.exists("session", session):
            return []
        return [str(task) for task in self._db.items("session", session, "tasks")]

    def _set_tasks(self, session: str, tasks: list[str]) -> None:
        if self._db.exists("session", session):
            self._db.set("session", session, tasks=tasks)

    def collect(self) -> None:
        """End sessions that were idle too long, except those with work in progress."""
        now = self._clock.now()
        for ref, row in list(self._db.rows("session").items()):
            if now - epoch(str(row.record["last_active"])) > self.idle_s and not self._busy(ref):
                self.end(ref)

    def _busy(self, ref: str) -> bool:
        tasks = self._db.rows("task")
        return any(task in tasks and tasks[task].record["status"] == "pending" for task in self._tasks(ref))

    def _limit(self, newest: str) -> None:
        """Keep each group within its limit; the least recently active go first."""
        rows = self._db.rows("session")
        group = _group(rows[newest].record)
        if len(rows) <= LIMITS[group[0]]:
            return
        members = [ref for ref, row in rows.items() if _group(row.record) == group and ref != newest]
        members.sort(key=lambda ref: str(rows[ref].record["last_active"]))
        for ref in members[: max(0, len(members) + 1 - LIMITS[group[0]])]:
            self.end(ref)


def _group(record: dict[str, object]) -> tuple[str, str]:
    """Sessions compete for places only within their group, PROTOCOL.md 2."""
    if record["pool"]:
        return "internal", ""
    if record["auth_user_name"] not in ("", "root"):
        return "name", str(record["auth_user_name"])
    if record["originator"]:
        return "originator", str(record["originator"])
    return "external", ""
