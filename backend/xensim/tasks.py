"""Task rows: of calls that clients started with `Async.`, of synchronous ones while they run, and of `task.create`."""

import asyncio
from collections.abc import Callable

from xensim.clock import Clock, epoch
from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.schema import Type
from xensim.sessions import Sessions
from xensim.xmlrpc import fragment

# What the collector of finished tasks allows, PROTOCOL.md 4.4.
KEEP_FINISHED_S = 65 * 60
KEEP_PENDING_S = 24 * 3600
KEEP_COUNT = 200
_ENDED = ("success", "failure", "cancelled")


class Tasks:
    """The tasks of a pool; the rows are ordinary rows of class `task`."""

    def __init__(self, db: Database, clock: Clock, sessions: Sessions, coordinator: Callable[[], str]) -> None:
        self._db = db
        self._clock = clock
        self._session_rows = sessions
        self._coordinator = coordinator
        self._cancels: dict[str, asyncio.Event] = {}
        self._doomed: set[str] = set()
        self._adopted: set[str] = set()
        self._sessions: dict[str, str] = {}

    def create(self, label: str, session: str, *, description: str = "", cancellable: bool = False) -> str:
        """A pending task; the ref."""
        ref = self._db.create(
            "task",
            {
                "name_label": label,
                "name_description": description,
                "created": self._clock.wire(),
                "status": "pending",
                "resident_on": self._coordinator(),
                "type": "<none/>",
                "backtrace": "()",
                "allowed_operations": ["cancel"] if cancellable else [],
            },
        )
        self._cancels[ref] = asyncio.Event()
        self._sessions[ref] = session
        self._session_rows.attach_task(session, ref)
        return ref

    def progress(self, task: str, fraction: float) -> None:
        if self._db.exists("task", task):
            self._db.set("task", task, progress=float(fraction))

    def succeed(self, task: str, result: object, type_: Type | None) -> None:
        """End a task; `result` becomes the XML-RPC value that `task.result` holds, `""` without a type."""
        text = fragment(result, type_) if type_ is not None else ""
        self._end(task, "success", result=text)

    def fail(self, task: str, failure: XapiFailure) -> None:
        cancelled = failure.code == "TASK_CANCELLED"
        self._end(task, "cancelled" if cancelled else "failure", error_info=failure.description, backtrace=_BACKTRACE)

    def _end(self, task: str, status: str, **fields: object) -> None:
        db = self._db
        self._cancels.pop(task, None)
        self._adopted.discard(task)
        if not db.exists("task", task):
            return
        # XAPI writes these one after the other, so that a client may see a finished task still pending.
        db.set("task", task, finished=self._clock.wire(), progress=1.0, allowed_operations=[], **fields)
        db.set("task", task, status=status)
        if task in self._doomed:
            self.remove(task)

    def cancel(self, task: str) -> None:
        """Ask a task to stop; one that cannot be interrupted goes on, and keeps the mark in current_operations."""
        db = self._db
        operations = db.entries("task", task, "current_operations")
        if db.field("task", task, "status") == "pending":
            key = f"DummyRef:|{db.new_uuid()}|task.cancel"
            db.set("task", task, current_operations={**operations, key: "cancel"})
        if task in self._cancels:
            self._cancels[task].set()

    def keep(self, task: str) -> None:
        """What is under way cannot be stopped any more."""
        if self._db.exists("task", task):
            self._db.set("task", task, allowed_operations=[])

    def tracks(self, task: str) -> bool:
        """Whether the task can be cancelled: it is no dummy, and has not ended."""
        return task in self._cancels

    def is_cancelled(self, task: str) -> bool:
        event = self._cancels.get(task)
        return event is not None and event.is_set()

    def adopt(self, task: str) -> None:
        """Work under a task that a client made: it can be cancelled, and goes only when the work is over."""
        self._cancels.setdefault(task, asyncio.Event())
        self._adopted.add(task)
        self._db.set("task", task, allowed_operations=["cancel"])

    async def cancelled(self, task: str) -> None:
        """Return when somebody asks the task to stop."""
        await self._cancels.setdefault(task, asyncio.Event()).wait()

    async def sleep(self, task: str, seconds: float) -> None:
        """Wait, but not longer than until the task is cancelled."""
        event = self._cancels.get(task)
        if event is None:
            await asyncio.sleep(seconds)
            return
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return

    def destroy(self, task: str) -> None:
        """Remove a task that ended; a pending one goes when it has ended."""
        operations = self._db.entries("task", task, "current_operations")
        if self.is_pending(task) and task in self._cancels and self._runs(task):
            self._doomed.add(task)
            key = f"DummyRef:|{self._db.new_uuid()}|task.destroy"
            self._db.set("task", task, current_operations={**operations, key: "destroy"})
        else:
            self.remove(task)

    def remove(self, task: str) -> None:
        self._cancels.pop(task, None)
        self._adopted.discard(task)
        self._doomed.discard(task)
        self._session_rows.detach_task(self._sessions.pop(task, ""), task)
        if self._db.exists("task", task):
            self._db.destroy("task", task)

    def forget_all(self) -> None:
        """What a restart of the coordinator does."""
        for task in list(self._db.refs("task")):
            self.remove(task)

    def is_pending(self, task: str) -> bool:
        db = self._db
        return db.exists("task", task) and db.field("task", task, "status") == "pending"

    def collect(self) -> None:
        """Drop tasks that nobody destroyed, as the coordinator does now and then."""
        db, now = self._db, self._clock.now()
        ended: list[tuple[float, str]] = []
        for ref, row in list(db.rows("task").items()):
            if row.record["status"] in _ENDED:
                ended.append((epoch(str(row.record["finished"])), ref))
            elif now - epoch(str(row.record["created"])) > KEEP_PENDING_S:
                self.remove(ref)
        ended.sort()
        surplus = max(0, len(ended) - KEEP_COUNT)
        for at, (finished, ref) in enumerate(ended):
            if at < surplus or now - finished > KEEP_FINISHED_S:
                self.remove(ref)

    def _runs(self, task: str) -> bool:
        """Whether we work on it; a task made by `task.create` belongs to its client until it is adopted."""
        if task in self._adopted:
            return True
        label = str(self._db.field("task", task, "name_label"))
        return label.startswith(("Async.", "InternalAsync.")) or label in self._db.schema.methods


# A real one is long; clients only show it.
_BACKTRACE = "(((process xapi)(filename xensim)(line 1)))"
