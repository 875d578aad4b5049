"""Reading the log: records in pages, one by its id, and the whole chain verified."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import func, select

from podium.db.audit import AuditRow
from podium.db.base import Database
from podium.errors import NotFound
from podium.model.audit import AuditRecord, AuditSubject
from podium.services.audit.anchor import Anchor, Mark
from podium.services.audit.chain import Chain, Fault, Stored, is_id, record_of

PAGE: Final = 500
_COLUMNS: Final = (AuditRow.seq, AuditRow.id, AuditRow.time_ms, AuditRow.event, AuditRow.body)


class Verdict(NamedTuple):
    """`faults` empty: the chain is whole. `first` and `last`: sequence numbers of what there is; None: nothing."""

    checked: int
    first: int | None
    last: int | None
    newest: str | None
    faults: Sequence[Fault]


class AuditReader:
    """Reads beside the writer, page by page, so that the log may be of any size."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, *, through: int) -> int:
        async with self._database.read() as tx:
            return int(await tx.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.seq <= through)) or 0)

    async def newest(self) -> int:
        """The sequence number of the newest record, 0 without one. What is added later is not of a list begun now."""
        async with self._database.read() as tx:
            return int(await tx.scalar(select(func.max(AuditRow.seq))) or 0)

    async def get(self, record_id: str) -> AuditRecord:
        """Raises NotFound."""
        return record_of(await self._row(record_id))

    async def seq_of(self, record_id: str) -> int:
        """Raises NotFound."""
        return (await self._row(record_id)).seq

    async def pages(self, *, through: int, oldest_first: bool = False) -> AsyncIterator[list[AuditRecord]]:
        """The records up to the sequence number `through`, newest first. What was made unreadable says so."""
        async for rows in self._rows(through=through, oldest_first=oldest_first):
            yield [_readable(row) for row in rows]

    async def verify(self, anchor: Anchor, *, start: str | None = None) -> Verdict:
        """Check every record from `start` (an id) or from the oldest one on, and the end against the anchor.

        Raises NotFound for an unknown `start`.
        """
        mark = _mark_of(anchor)  # first: what is added meanwhile must not look like an end cut off
        chain = Chain()
        since = 0 if start is None else await self.seq_of(start)
        async for rows in self._rows(since=since, oldest_first=True):
            chain.take(rows)
        chain.end(partial=start is not None)
        faults = [*chain.faults, *await self._against(mark, anchor, chain.last)]
        first, last = chain.first, chain.last
        return Verdict(
            checked=chain.checked,
            first=None if first is None else first.seq,
            last=None if last is None else last.seq,
            newest=None if last is None else last.id,
            faults=faults,
        )

    async def _against(self, mark: Mark | Fault | None, anchor: Anchor, last: Stored | None) -> list[Fault]:
        """The anchor is never ahead of the table, for it is written after it."""
        if isinstance(mark, Fault):
            return [mark]
        if mark is None:
            if last is None:
                return []
            return [Fault("anchor", 0, "", f"there is no {anchor.path}: whether the end was cut off cannot be told")]
        if last is None or last.seq < mark.seq:
            end = "no record is left" if last is None else f"the newest one left is {last.seq}"
            return [Fault("truncated", mark.seq, mark.id, f"record {mark.seq} ({mark.id}) is gone: {end}")]
        async with self._database.read() as tx:
            row = (await tx.execute(select(AuditRow.id).where(AuditRow.seq == mark.seq))).first()
        if row is not None and row.id != mark.id:
            text = (
                f"record {mark.seq} has the id {row.id}, but it was {mark.id}: all from some place on was written anew"
            )
            return [Fault("rewritten", mark.seq, row.id, text)]
        return []

    async def _row(self, record_id: str) -> Stored:
        if is_id(record_id):
            async with self._database.read() as tx:
                row = (await tx.execute(select(*_COLUMNS).where(AuditRow.id == record_id))).first()
            if row is not None:
                return Stored(*row)
        raise NotFound("audit-record", record_id)

    async def _rows(
        self, *, since: int = 0, through: int | None = None, oldest_first: bool = False
    ) -> AsyncIterator[list[Stored]]:
        """From `since` to `through`, both included."""
        asked = select(*_COLUMNS).order_by(AuditRow.seq if oldest_first else AuditRow.seq.desc()).limit(PAGE)
        while True:
            wanted = asked.where(AuditRow.seq >= since)
            if through is not None:
                wanted = wanted.where(AuditRow.seq <= through)
            async with self._database.read() as tx:
                rows = [Stored(*row) for row in await tx.execute(wanted)]
            if rows:
                yield rows
            if len(rows) < PAGE:
                return
            if oldest_first:
                since = rows[-1].seq + 1
            else:
                through = rows[-1].seq - 1


def _mark_of(anchor: Anchor) -> Mark | Fault | None:
    try:
        return anchor.read()
    except msgspec.DecodeError:
        return Fault("anchor", 0, "", f"{anchor.path} is damaged: whether the end was cut off cannot be told")


def _readable(row: Stored) -> AuditRecord:
    try:
        return record_of(row)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return AuditRecord(
            id=row.id,
            previous_id="",
            time=row.time_ms,
            event=row.event,
            subject=AuditSubject(),
            data={"unreadable": True},
        )
