"""The log: one writer adds records in order, many in a transaction; whoever asked waits until his is committed."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Self

import msgspec
import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from podium.db.audit import AuditIntentRow, AuditRow
from podium.db.base import Database
from podium.errors import AuditUnavailable
from podium.model.audit import AuditSubject
from podium.services.audit.anchor import Anchor, Mark
from podium.services.audit.chain import PRUNED
from podium.services.audit.rows import Entry, append, delete_intents, newest

log = structlog.get_logger(__name__)

DAY_MS: Final = 24 * 3600 * 1000
AT_ONCE: Final = 200
"""Records in one transaction."""
WAIT_S: Final = 10.0
"""After which whoever waits for the database is told that it does not answer."""
RETRY_S: Final = 2.0
BACKLOG: Final = 10_000
"""Records kept in memory while the database is away; what is beyond is in the service's log alone."""
ANCHOR_S: Final = 0.5
"""The anchor is written at most so often, and at the end."""
PRUNE_S: Final = 3600.0
INTERRUPTED: Final = "apiCallInterrupted"


class _Intent(NamedTuple):
    id: str
    body: bytes


class _Item(NamedTuple):
    what: Entry | _Intent
    done: "asyncio.Future[None]"


class AuditLog:
    """Used as `async with`: what was begun and never ended is recorded first, what waits is written last.

    `keep_days`: older records are removed; 0 keeps them for ever. `owner` names this process's life. Without `recover`
    what others have begun is left alone: for commands that run beside the service.
    """

    def __init__(
        self,
        database: Database,
        anchor: Anchor,
        *,
        owner: str,
        keep_days: float = 0,
        recover: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._anchor = anchor
        self._owner = owner
        self._keep_days = keep_days
        self._recovers = recover
        self._clock = clock
        self._waiting: deque[_Item] = deque()
        self._wake = asyncio.Event()
        self._mark: Mark | None = None
        self._marked = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self.trouble: str | None = None
        """Why nothing can be written at the moment."""

    async def __aenter__(self) -> Self:
        if self._recovers:
            await self._recover()
        self._tasks = [
            asyncio.create_task(self._write(), name="audit writer"),
            asyncio.create_task(self._keep_anchor(), name="audit anchor"),
        ]
        if self._keep_days:
            self._tasks.append(asyncio.create_task(self._prune_now_and_then(), name="audit retention"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        self._wake.set()
        writer, *others = self._tasks
        for one in others:
            one.cancel()
        await asyncio.wait([writer], timeout=WAIT_S)
        writer.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._mark is not None:
            await asyncio.to_thread(self._anchor.write, self._mark)
        for item in self._waiting:
            if isinstance(item.what, Entry):
                log.error("an audit record was not written", record=_shown(item.what))

    async def add(
        self, event: str, subject: AuditSubject, data: Mapping[str, Any], *, intent: str | None = None
    ) -> None:
        """Add a record; returns when it is committed. `intent`: what was announced, and ends with it.

        Raises AuditUnavailable when the database does not take it now: it is logged then, and written when it does.
        """
        await self.committed(self.add_soon(event, subject, data, intent=intent))

    def add_soon(
        self, event: str, subject: AuditSubject, data: Mapping[str, Any], *, intent: str | None = None
    ) -> "asyncio.Future[None]":
        """As `add`, for whom cannot wait."""
        return self._put(Entry(event, subject, data, intent))

    async def announce(self, intent: str, subject: AuditSubject, data: Mapping[str, Any]) -> None:
        """Store that something is about to be done, before it is. Raises AuditUnavailable."""
        body = msgspec.json.encode({"subject": subject, "data": data})
        await self.committed(self._put(_Intent(intent, body)))

    async def prune(self) -> int:
        """Remove what is older than the setting; how many were. The newest record always stays."""
        before_ms = self._now() - int(self._keep_days * DAY_MS)
        async with self._database.begin() as tx:
            last = await newest(tx)
            young = await tx.scalar(select(func.min(AuditRow.seq)).where(AuditRow.time_ms >= before_ms))
            through = (last.seq if young is None else int(young)) - 1
            row = (await tx.execute(select(AuditRow.seq, AuditRow.id).where(AuditRow.seq == through))).first()
            if row is None:
                return 0
            gone = await tx.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.seq <= through)) or 0
            data = {"removed": gone, "through": {"seq": row.seq, "id": row.id}, "before": before_ms}
            mark = await append(tx, last, [Entry(PRUNED, AuditSubject(), data, None)], now_ms=self._now())
            await tx.execute(
                delete(AuditRow).where(AuditRow.seq <= through).execution_options(synchronize_session=False)
            )
        self._reached(mark)
        log.info("old audit records were removed", removed=gone)
        return int(gone)

    def _put(self, what: Entry | _Intent) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_seen)
        self._waiting.append(_Item(what, done))
        self._wake.set()
        return done

    async def committed(self, done: "asyncio.Future[None]") -> None:
        """Wait for what `add_soon` returned. Raises AuditUnavailable."""
        try:
            # while it is known to be away, nobody is kept waiting for long
            await asyncio.wait_for(asyncio.shield(done), WAIT_S if self.trouble is None else RETRY_S)
        except TimeoutError as error:
            self.trouble = self.trouble or "the database does not answer"
            raise AuditUnavailable(f"the audit log cannot be written: {self.trouble}") from error

    async def _write(self) -> None:
        while self._waiting or not self._closing:
            self._wake.clear()
            if not self._waiting:
                await self._wake.wait()
                continue
            items = [self._waiting[place] for place in range(min(AT_ONCE, len(self._waiting)))]
            try:
                await self._write_some(items)
            except (SQLAlchemyError, OSError) as error:
                self._failed(error)
                if self._closing:
                    return
                await self._pause()

    async def _write_some(self, items: list[_Item]) -> None:
        entries = [item.what for item in items if isinstance(item.what, Entry)]
        mark = None
        async with self._database.begin() as tx:
            for item in items:
                if isinstance(item.what, _Intent):
                    tx.add(AuditIntentRow(id=item.what.id, owner=self._owner, time_ms=self._now(), body=item.what.body))
            if entries:
                mark = await append(tx, await newest(tx), entries, now_ms=self._now())
                if ended := [entry.intent for entry in entries if entry.intent is not None]:
                    await tx.flush()  # an intent may be of this very transaction
                    await delete_intents(tx, ended)
        for _ in items:
            self._waiting.popleft()
        for item in items:
            if not item.done.done():
                item.done.set_result(None)
        if self.trouble is not None:
            log.info("the audit log is written again", records=len(entries))
            self.trouble = None
        if mark is not None:
            self._reached(mark)

    def _reached(self, mark: Mark) -> None:
        """The newest record, for the anchor: written behind, for no answer has to wait for it."""
        if self._mark is None or mark.seq > self._mark.seq:
            self._mark = mark
            self._marked.set()

    async def _keep_anchor(self) -> None:
        while True:
            await self._marked.wait()
            self._marked.clear()
            if self._mark is not None:
                await asyncio.to_thread(self._anchor.write, self._mark)
            await asyncio.sleep(ANCHOR_S)

    def _failed(self, error: Exception) -> None:
        """Whoever waits is told; records stay, to be written later, and are in the service's log until then."""
        self.trouble = str(error.__cause__ or error)[:200]
        kept: deque[_Item] = deque()
        for item in self._waiting:
            first = not item.done.done()
            if first:
                item.done.set_exception(AuditUnavailable(f"the audit log cannot be written: {self.trouble}"))
            if isinstance(item.what, Entry):
                if first:
                    log.error("an audit record cannot be written yet", error=self.trouble, record=_shown(item.what))
                kept.append(item)
        while len(kept) > BACKLOG:
            log.error("an audit record is given up", record=_shown(kept.popleft().what))
        self._waiting = kept

    async def _pause(self) -> None:
        """Until it is tried again: soon, and at once when there is something new."""
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), RETRY_S)

    async def _recover(self) -> None:
        """Records for what was announced in an earlier life of the service and never ended."""
        async with self._database.begin() as tx:
            rows = list(await tx.scalars(select(AuditIntentRow).order_by(AuditIntentRow.time_ms)))
            if not rows:
                return
            entries = []
            for row in rows:
                found = msgspec.json.decode(row.body, type=_Announced)
                entries.append(Entry(INTERRUPTED, found.subject, found.data, None))
            mark = await append(tx, await newest(tx), entries, now_ms=self._now())
            await delete_intents(tx, [row.id for row in rows])
        self._reached(mark)
        log.warning("calls were interrupted by the end of the service", calls=len(rows))

    async def _prune_now_and_then(self) -> None:
        while True:
            try:
                await self.prune()
            except SQLAlchemyError:
                log.exception("old audit records could not be removed")
            await asyncio.sleep(PRUNE_S)

    def _now(self) -> int:
        return int(self._clock() * 1000)


class _Announced(msgspec.Struct):
    subject: AuditSubject
    data: dict[str, Any]


def _seen(done: "asyncio.Future[None]") -> None:
    """Nobody may be waiting any more; that it failed was logged."""
    if not done.cancelled():
        done.exception()


def _shown(what: object) -> str:
    return msgspec.json.encode(what._asdict() if isinstance(what, Entry) else {}).decode()
