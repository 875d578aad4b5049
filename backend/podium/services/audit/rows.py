"""Rows of the log within a transaction: the newest one, new ones behind it, and intents that are done with."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from podium.db.audit import AuditIntentRow, AuditRow
from podium.model.audit import FIRST, AuditSubject
from podium.services.audit.anchor import Mark
from podium.services.audit.chain import Content, sealed

log = structlog.get_logger(__name__)

_LOCK: Final = 0x706F6475_61756474  # "poduaudt": one process at a time adds to the chain


class Entry(NamedTuple):
    """A record to be. `intent`: the call that it ends."""

    event: str
    subject: AuditSubject
    data: Mapping[str, Any]
    intent: str | None


async def newest(tx: AsyncSession) -> Mark:
    """The newest record, with nobody adding another one until the transaction ends (SQLite sees to that itself)."""
    if tx.get_bind().dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    asked = select(AuditRow.seq, AuditRow.id, AuditRow.time_ms).order_by(AuditRow.seq.desc()).limit(1)
    row = (await tx.execute(asked)).first()
    return Mark(0, FIRST, 0) if row is None else Mark(row.seq, row.id, row.time_ms)


async def append(tx: AsyncSession, last: Mark, entries: Sequence[Entry], *, now_ms: int) -> Mark:
    """Add records behind `last`; the new last one. Their times never go back, whatever the clock does."""
    rows = []
    for entry in entries:
        now = max(last.time, now_ms)
        record_id, body = _sealed(last.id, now, entry)
        last = Mark(last.seq + 1, record_id, now)
        rows.append({"seq": last.seq, "id": record_id, "time_ms": now, "event": entry.event, "body": body})
    await tx.execute(insert(AuditRow), rows)
    return last


async def delete_intents(tx: AsyncSession, ids: Sequence[str]) -> None:
    await tx.execute(
        delete(AuditIntentRow).where(AuditIntentRow.id.in_(ids)).execution_options(synchronize_session=False)
    )


def _sealed(previous: str, now: int, entry: Entry) -> tuple[str, bytes]:
    """One record that cannot be encoded must not keep the others from being written."""
    content = Content(previous_id=previous, time=now, event=entry.event, subject=entry.subject, data=dict(entry.data))
    try:
        return sealed(content)
    except (TypeError, ValueError, RecursionError):
        log.exception("an audit record's data cannot be encoded", record_event=entry.event)
        return sealed(msgspec.structs.replace(content, data={"leftOut": "not encodable"}))
