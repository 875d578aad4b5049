"""The user's Tasks: every action runs as one, is shown while it runs, and is remembered after its end."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, Self, TypeVar

import msgspec
import structlog
from msgspec import UNSET
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.task import TaskRow
from podium.errors import Aborted, IncorrectState, NotFound, PodiumError
from podium.model.task import Task, TaskNote, TaskProperties
from podium.services.access import Viewer

log = structlog.get_logger(__name__)

T = TypeVar("T")

KEPT: Final = 1000
NOTES: Final = 100
"""Infos, and warnings, that one Task keeps: the newest."""
PACE_S: Final = 0.1
"""A Task is shown anew at most so often on account of those within it; with a thousand of them, ten times as seldom."""
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Progress:
    """What running work may say about itself; each word of it is shown at once.

    `start` and `end`: the part of the whole (0 to 100) that this is about; `part` makes smaller ones.
    """

    def __init__(self, tasks: "Tasks", task_id: str, start: float = 0.0, end: float = 100.0) -> None:
        self.task_id = task_id
        self._tasks = tasks
        self._start = start
        self._end = end

    def at(self, percent: float) -> None:
        """How much of this part is done, 0 to 100."""
        done = min(100.0, max(0.0, percent))
        whole = round(self._start + (self._end - self._start) * done / 100, 1)
        if self._tasks.get(self.task_id).progress != whole:
            self._tasks.change(self.task_id, progress=whole)

    def part(self, start: float, end: float) -> "Progress":
        """Of this, the part from `start` to `end` percent: given to one of several steps."""
        span = (self._end - self._start) / 100
        return Progress(self._tasks, self.task_id, self._start + span * start, self._start + span * end)

    def info(self, message: str, data: Mapping[str, Any] | None = None) -> None:
        task = self._tasks.get(self.task_id)
        self._tasks.change(self.task_id, infos=(*(task.infos or ()), _note(message, data))[-NOTES:])

    def warning(self, message: str, data: Mapping[str, Any] | None = None) -> None:
        task = self._tasks.get(self.task_id)
        self._tasks.change(self.task_id, warnings=(*(task.warnings or ()), _note(message, data))[-NOTES:])

    async def nested(
        self, name: str, work: "Callable[[Progress], Awaitable[T]]", *, about: tuple[str, str] | None = None
    ) -> T:
        """Do a part of the work as a Task within this one, with a state and a progress of its own."""
        return await self._tasks.nested(self.task_id, name, work, about=about)


Work = Callable[[Progress], Awaitable[T]]


class Running(Generic[T]):
    """An action under way. `attendant` ends when its Task is written down."""

    def __init__(self, task_id: str, work: "asyncio.Task[T]", attendant: "asyncio.Task[None]") -> None:
        self.task_id = task_id
        self.work = work
        self.attendant = attendant

    async def result(self) -> T:
        """What the work came to. Raises what it raised; Aborted when somebody aborted it."""
        await asyncio.wait({self.attendant})
        if self.work.cancelled():
            raise Aborted("the task was aborted")
        return self.work.result()


class Tasks:
    """Owns the running work of all users. Used as `async with`: leaving it ends and awaits all of it."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        *,
        clock: Callable[[], float] = time.time,
        ended: Callable[[Task], Awaitable[None]] | None = None,
    ) -> None:
        """`ended` hears of each Task that came to its end, in the context that began it."""
        self._database = database
        self._objects = objects
        self._ended = ended
        self._clock = clock
        self._running: dict[str, Running[Any]] = {}
        self._last_ms = 0
        self._closing = False
        self._nested: dict[str, dict[str, Task]] = {}
        self._inside: dict[str, str] = {}
        self._showing: dict[str, asyncio.TimerHandle] = {}

    async def __aenter__(self) -> Self:
        await self._load()
        return self

    async def __aexit__(self, *_: object) -> None:
        """What still runs is interrupted, and written down as such."""
        self._closing = True
        running = list(self._running.values())
        for one in running:
            one.work.cancel()
        if running:
            await asyncio.wait({one.attendant for one in running})

    def get(self, task_id: str) -> Task:
        """Also one within another, while it runs. Raises NotFound."""
        if (parent := self._inside.get(task_id)) is not None:
            return self._nested[parent][task_id]
        entry = self._objects.of_type("task").get(task_id)
        if entry is None:
            raise NotFound("task", task_id)
        assert isinstance(entry.object, Task)  # noqa: S101
        return entry.object

    async def start(
        self,
        name: str,
        work: Work[T],
        *,
        viewer: Viewer,
        about: tuple[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Running[T]:
        """Begin an action as a Task, shown and stored when this returns. `about`: type and id of its object."""
        now = self._now()
        properties = TaskProperties(
            name=name,
            type="xo:rest-api:action",
            object_id=UNSET if about is None else about[1],
            object_type=UNSET if about is None else about[0],
            user_id=viewer.user_id,
            params=dict(params) if params else UNSET,
        )
        task = Task(id=self._new_id(now), status="pending", start=now, updated_at=now, properties=properties)
        await self._insert(task)
        self._objects.put(task)
        doing = asyncio.ensure_future(work(Progress(self, task.id)))
        assert isinstance(doing, asyncio.Task)  # noqa: S101 -- of a coroutine, it is one
        doing.set_name(f"task {task.id}")
        attendant = asyncio.create_task(self._attend(task.id, doing), name=f"attend {task.id}")
        running = self._running[task.id] = Running(task.id, doing, attendant)
        return running

    async def wait(self, task_id: str) -> Task:
        """The Task once it is not pending any more. Raises NotFound, also when it is deleted meanwhile."""
        task = self.get(task_id)
        if task.status == "pending" and task_id in self._running:
            await asyncio.wait({self._running[task_id].attendant})
            task = self.get(task_id)
        return task

    async def abort(self, task_id: str, *, viewer: Viewer) -> None:
        """Ask a running Task to stop, and wait for it. Raises NotFound when it does not run, MissingPrivileges."""
        task = self.get(task_id)
        viewer.require("abort", "task", task)
        running = self._running.get(task_id)
        if running is None:
            raise NotFound("running task", task_id)
        self.change(task_id, abortion_requested_at=self._now())
        running.work.cancel(Aborted.code)
        await asyncio.wait({running.attendant})

    async def delete(self, task_id: str, *, viewer: Viewer) -> None:
        """Forget a Task that has ended. Raises NotFound, MissingPrivileges, IncorrectState."""
        task = self.get(task_id)
        viewer.require("delete", "task", task)
        if task_id in self._running:
            raise IncorrectState("the task is still running: abort it first")
        await self._forget([task_id])

    async def clear(self, *, viewer: Viewer) -> None:
        """Forget every Task that has ended and that the viewer may delete."""
        await self._forget(
            [
                entry.id
                for entry in self._objects.ordered("task")
                if entry.id not in self._running and viewer.may("delete", "task", entry.object)
            ]
        )

    def change(self, task_id: str, **changes: Any) -> Task:
        """Show a new state of a running Task."""
        task = msgspec.structs.replace(self.get(task_id), updated_at=self._now(), **changes)
        if (parent := self._inside.get(task_id)) is not None:
            self._nested[parent][task_id] = task
            self._show_soon(parent)
        else:
            self._objects.put(task)
        return task

    async def nested(self, parent: str, name: str, work: Work[T], *, about: tuple[str, str] | None = None) -> T:
        """Do `work` as a Task within another one. Raises what it raises."""
        now = self._now()
        properties = TaskProperties(
            name=name,
            object_id=UNSET if about is None else about[1],
            object_type=UNSET if about is None else about[0],
            user_id=self.get(parent).properties.user_id,
        )
        task = Task(id=self._new_id(now), status="pending", start=now, updated_at=now, properties=properties)
        self._inside[task.id] = parent
        self._nested.setdefault(parent, {})[task.id] = task
        self._show_soon(parent)
        doing = asyncio.ensure_future(work(Progress(self, task.id)))
        assert isinstance(doing, asyncio.Task)  # noqa: S101 -- of a coroutine, it is one
        try:
            return await doing
        finally:
            if not doing.done():  # asked to stop: this ends when the work has ended
                await asyncio.wait({doing})
            self.change(task.id, **self._ending(doing), end=self._now())

    def _show_soon(self, task_id: str) -> None:
        if (outer := self._inside.get(task_id)) is not None:
            self._nested[outer][task_id] = self._whole(task_id)
            self._show_soon(outer)
        elif task_id not in self._showing:
            pause_s = PACE_S * max(1.0, len(self._nested[task_id]) / 100)
            self._showing[task_id] = asyncio.get_running_loop().call_later(pause_s, self._show, task_id)

    def _show(self, task_id: str) -> None:
        self._showing.pop(task_id, None)
        if task_id in self._running:
            self._objects.put(self._whole(task_id))

    def _whole(self, task_id: str) -> Task:
        """A Task with those within it."""
        within = tuple(self._nested.get(task_id, {}).values())
        return msgspec.structs.replace(self.get(task_id), tasks=within or UNSET, updated_at=self._now())

    def _close_nested(self, task_id: str) -> Task:
        """The Task with those within it, which are not to change any more."""
        if (timer := self._showing.pop(task_id, None)) is not None:
            timer.cancel()
        task = self._whole(task_id)
        for one in self._nested.pop(task_id, {}):
            self._inside.pop(one, None)
            self._nested.pop(one, None)
        return task

    async def _load(self) -> None:
        """Show what is remembered. Whatever was pending was interrupted by the end of the process that ran it."""
        async with self._database.read() as tx:
            bodies = list(await tx.scalars(select(TaskRow.body).order_by(TaskRow.id.desc()).limit(KEPT)))
        tasks = [msgspec.json.decode(body, type=Task) for body in bodies]
        now = self._now()
        interrupted = [
            msgspec.structs.replace(task, status="interrupted", end=now, updated_at=now)
            for task in tasks
            if task.status == "pending"
        ]
        for task in interrupted:
            await self._update(task)
            await self._tell(task)
        self._objects.apply(None, [*(task for task in tasks if task.status != "pending"), *interrupted])

    async def _attend(self, task_id: str, work: "asyncio.Task[Any]") -> None:
        """See the work to its end, and write down how it ended."""
        try:
            await asyncio.wait({work})
            task = msgspec.structs.replace(self._close_nested(task_id), **self._ending(work), end=self._now())
            if task.status == "success" and task.progress is not UNSET:
                task = msgspec.structs.replace(task, progress=100)
            await self._tell(task)
            self._objects.put(task)
            await self._update(task)
        except SQLAlchemyError:
            log.exception("the end of a task could not be written down", task=task_id)
        finally:
            del self._running[task_id]
        await self._prune()

    async def _tell(self, task: Task) -> None:
        if self._ended is not None:
            await self._ended(task)

    def _ending(self, work: "asyncio.Task[Any]") -> dict[str, Any]:
        if work.cancelled():
            if self._closing:
                return {"status": "interrupted"}
            return {"status": "failure", "result": {"code": Aborted.code, "name": "Aborted", "message": "aborted"}}
        error = work.exception()
        if error is None:
            result = work.result()
            return {"status": "success", "result": UNSET if result is None else msgspec.to_builtins(result)}
        if isinstance(error, PodiumError):
            return {"status": "failure", "result": {"name": type(error).__name__, **error.described()}}
        log.error("a task failed unexpectedly", exc_info=error)
        message = "an unexpected error; the service's log says more"
        return {"status": "failure", "result": {"code": PodiumError.code, "name": "Error", "message": message}}

    async def _prune(self) -> None:
        """The newest thousand are kept, and what still runs."""
        entries = self._objects.ordered("task")
        if len(entries) > KEPT:
            await self._forget([entry.id for entry in entries[:-KEPT] if entry.id not in self._running])

    async def _forget(self, task_ids: list[str]) -> None:
        for start in range(0, len(task_ids), 500):
            some = task_ids[start : start + 500]
            async with self._database.begin() as tx:
                await tx.execute(
                    delete(TaskRow).where(TaskRow.id.in_(some)).execution_options(synchronize_session=False)
                )
            self._objects.apply(None, [], some)

    async def _insert(self, task: Task) -> None:
        async with self._database.begin() as tx:
            tx.add(TaskRow(id=task.id, status=task.status, start_ms=task.start, body=msgspec.json.encode(task)))

    async def _update(self, task: Task) -> None:
        async with self._database.begin() as tx:
            await tx.execute(
                update(TaskRow)
                .where(TaskRow.id == task.id)
                .values(status=task.status, body=msgspec.json.encode(task))
                .execution_options(synchronize_session=False)
            )

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _new_id(self, now: int) -> str:
        """Sorts by time of creation: milliseconds in base 36, then chance, so that no two processes make the same.

        Nothing but letters and digits, as Xen Orchestra's: xo-powershell takes `[0-9a-z]+` out of a task's address.
        """
        self._last_ms = max(now, self._last_ms + 1)
        digits, rest = "", self._last_ms
        while rest:
            rest, digit = divmod(rest, 36)
            digits = _DIGITS[digit] + digits
        return f"{digits:0>9}{''.join(secrets.choice(_DIGITS) for _ in range(10))}"


def _note(message: str, data: Mapping[str, Any] | None) -> TaskNote:
    return TaskNote(message=message, data=UNSET if data is None else dict(data))
