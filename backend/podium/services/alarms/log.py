"""Alarms of our own: written down with the messages that tell of them, shown in the cache, kept as history."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, Protocol
from uuid import uuid4

import structlog
from msgspec import UNSET
from sqlalchemy import delete, or_, select, update

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.db.alarm import AcknowledgementRow, AlarmRow
from podium.db.base import Database
from podium.db.notification import NotificationRow
from podium.model.alarm import AlarmEvent, AlarmRule
from podium.model.base import PoolObject
from podium.model.message import Acknowledged, Alarm, AlarmBody, AlarmObject
from podium.model.registry import BY_TYPE
from podium.services.alarms.acknowledgements import Acknowledgements
from podium.services.alarms.texts import Facts, Outcome, plain, sentence, unit_of

log = structlog.get_logger(__name__)

SHOWN_MS: Final = 24 * 3_600_000
"""An alarm that has ended stays in the collection so long, or until it is acknowledged."""
ROWS: Final = 200
"""Alarms that are dealt with at once; then others have their turn."""
MOST: Final = 10_000
"""Alarms that one question about the past is answered with."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an alarm. text: only its sentence has changed, and nobody is told."""

    kind: Literal["raised", "ended", "text"]
    rule: AlarmRule
    row: AlarmRow
    facts: Facts
    acknowledged: Acknowledged | None = None


class Outgoing(Protocol):
    """What is needed of the outbox."""

    def compose(self, event: AlarmEvent, rule: AlarmRule, changes: Sequence[Change]) -> list[NotificationRow]: ...
    def take(self, rows: Sequence[NotificationRow]) -> None: ...


class AlarmLog:
    """`keep_ms`: how long alarms that have ended are remembered."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        acknowledgements: Acknowledgements,
        outbox: Outgoing,
        *,
        now_ms: Callable[[], int],
        keep_ms: int,
    ) -> None:
        self._database = database
        self._objects = objects
        self._acknowledgements = acknowledgements
        self._outbox = outbox
        self._now_ms = now_ms
        self._keep_ms = keep_ms
        self._rows: dict[str, AlarmRow] = {}
        self.revision = 0
        """Grows with everything that changes the history."""

    @property
    def rows(self) -> Mapping[str, AlarmRow]:
        """Those in the collection, by id; not to be changed."""
        return MappingProxyType(self._rows)

    async def load(self) -> None:
        """Show what is in the collection. Once, at start."""
        recent = AlarmRow.ended_ms > self._now_ms() - SHOWN_MS
        async with self._database.read() as tx:
            found = list(await tx.scalars(select(AlarmRow).where(or_(AlarmRow.ended_ms.is_(None), recent))))
        self._rows = {row.id: row for row in found if not self._is_done(row)}
        self._objects.apply(None, [self.alarm(row) for row in self._rows.values()])

    def new(self, rule: AlarmRule, entry: Entry, value: float) -> AlarmRow:
        """An alarm of `rule` about that object, to be written."""
        one = entry.object
        return AlarmRow(
            id=str(uuid4()),
            rule_id=rule.id,
            object_id=entry.id,
            object_type=entry.resource.type,
            object_name=plain(getattr(one, "name_label", "")) or entry.id,
            pool_id=plain(one.pool) if isinstance(one, PoolObject) else "",
            metric=rule.metric,
            severity=rule.severity,
            value=value,
            text="",
            raised_ms=self._now_ms(),
        )

    async def write(self, changes: list[Change]) -> None:
        """Write changes down, with the messages about them, all in one transaction; then show them.

        The list is empty afterwards. When this raises (DBAPIError, OSError) it is as before, and can be written later.
        """
        if not changes:
            return
        messages = self._messages(changes)
        fresh = {change.row.id for change in changes if change.kind == "raised"}
        async with self._database.begin() as tx:
            for start in range(0, len(changes), ROWS):
                for change in changes[start : start + ROWS]:
                    if change.kind == "raised":
                        tx.add(_copy(change.row))
                    elif change.row.id not in fresh:
                        values = {"text": change.row.text, "ended_ms": change.row.ended_ms}
                        await tx.execute(update(AlarmRow).where(AlarmRow.id == change.row.id).values(values))
                await tx.flush()
                await asyncio.sleep(0)
            tx.add_all(messages)
        self.revision += 1
        self._outbox.take(messages)
        rows = list({change.row.id: change.row for change in changes}.values())
        changes.clear()
        for start in range(0, len(rows), ROWS):
            self._show(rows[start : start + ROWS])
            await asyncio.sleep(0)

    def _messages(self, changes: Sequence[Change]) -> list[NotificationRow]:
        """Put the changes into the rows; what is to be told of them, rule by rule."""
        groups: dict[tuple[AlarmEvent, str], list[Change]] = {}
        now = self._now_ms()
        for change in changes:
            change.row.text = sentence(change.facts)
            if change.kind == "ended":
                change.row.ended_ms = change.row.ended_ms or now
            if change.kind != "text":
                groups.setdefault((change.kind, change.rule.id), []).append(change)
        found: list[NotificationRow] = []
        for (event, _), group in groups.items():
            found += self._outbox.compose(event, group[0].rule, group)
        return found

    def _show(self, rows: Sequence[AlarmRow]) -> None:
        done = {row.id for row in rows if self._is_done(row)}
        for row in rows:
            if row.id in done:
                self._rows.pop(row.id, None)
            else:
                self._rows[row.id] = row
        self._objects.apply(None, [self.alarm(row) for row in rows if row.id not in done], done)

    def settle(self, alarm_id: str) -> None:
        """After an acknowledgement came or went: one that has ended and is acknowledged leaves the collection."""
        self.revision += 1
        row = self._rows.get(alarm_id)
        if row is not None and self._is_done(row):
            del self._rows[alarm_id]
            self._objects.discard("alarm", alarm_id)

    async def remove(self, alarm_id: str) -> None:
        """Forget an alarm altogether."""
        async with self._database.begin() as tx:
            await self._acknowledgements.erase(tx, alarm_id)
            await tx.execute(delete(AlarmRow).where(AlarmRow.id == alarm_id))
        self.revision += 1
        self._rows.pop(alarm_id, None)
        self._objects.discard("alarm", alarm_id)
        self._acknowledgements.show(alarm_id, None)

    def sweep(self) -> None:
        """Let go of what has been in the collection for long enough. Often; it costs little."""
        old = [row for row in self._rows.values() if self._is_done(row)]
        for row in old:
            del self._rows[row.id]
        if old:
            self._objects.apply(None, [], [row.id for row in old])

    async def prune(self) -> None:
        """Forget what ended long ago. Once a day."""
        old = AlarmRow.ended_ms < self._now_ms() - self._keep_ms
        async with self._database.begin() as tx:
            ids = select(AlarmRow.id).where(old)
            await tx.execute(
                delete(AcknowledgementRow)
                .where(AcknowledgementRow.alarm_id.in_(ids))
                .execution_options(synchronize_session=False)
            )
            await tx.execute(delete(AlarmRow).where(old).execution_options(synchronize_session=False))
        self.revision += 1
        await self._acknowledgements.prune()

    async def history(
        self,
        *,
        alarm_id: str | None = None,
        object_id: str | None = None,
        rule_id: str | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> list[Alarm]:
        """Alarms of ours, also those that have left the collection; the newest ten thousand, newest first.

        `since_ms`, `until_ms`: raised in that time.
        """
        asked = select(AlarmRow).order_by(AlarmRow.raised_ms.desc(), AlarmRow.id).limit(MOST)
        for column, value in ((AlarmRow.id, alarm_id), (AlarmRow.object_id, object_id), (AlarmRow.rule_id, rule_id)):
            if value is not None:
                asked = asked.where(column == value)
        if since_ms is not None:
            asked = asked.where(AlarmRow.raised_ms >= since_ms)
        if until_ms is not None:
            asked = asked.where(AlarmRow.raised_ms < until_ms)
        async with self._database.read() as tx:
            rows = list(await tx.scalars(asked))
        return [self.alarm(row, self._acknowledgements.of(row.id)) for row in rows]

    def alarm(self, row: AlarmRow, acknowledged: Acknowledged | None = None) -> Alarm:
        """As clients see it, in Xen Orchestra's shape."""
        percent = unit_of(row.object_type, row.metric) == "percent"
        return Alarm(
            id=row.id,
            uuid=row.id,
            pool=row.pool_id,
            pool_id=row.pool_id,
            xapi_ref="",
            name="ALARM",
            body=AlarmBody(row.metric, f"{row.value:.1f}" if percent else f"{row.value:.12g}"),
            object=self._object(row),
            time=row.raised_ms,
            severity=row.severity,  # type: ignore[arg-type]  # the table's constraint says which there are
            rule=row.rule_id,
            state="raised" if row.ended_ms is None else "ended",
            ended_at=UNSET if row.ended_ms is None else row.ended_ms,
            text=row.text,
            acknowledged=UNSET if acknowledged is None else acknowledged,
        )

    def _object(self, row: AlarmRow) -> AlarmObject:
        entry = self._objects.of_type(row.object_type).get(row.object_id)
        if entry is None:
            return AlarmObject(row.object_type, row.object_id)
        return AlarmObject(row.object_type, row.object_id, f"/rest/v0/{BY_TYPE[row.object_type].collection}/{entry.id}")

    def _is_done(self, row: AlarmRow) -> bool:
        """Whether it has nothing to do in the collection any more."""
        if row.ended_ms is None:
            return False
        return row.ended_ms <= self._now_ms() - SHOWN_MS or self._acknowledgements.of(row.id) is not None


def facts_of(rule: AlarmRule, row: AlarmRow, outcome: Outcome, *, now: float, value: float | None = None) -> Facts:
    """What there is to say of an alarm. `now`: s since 1970; `value`: the newest one, if it is another."""
    return Facts(
        kind=row.object_type,
        metric=row.metric,
        name=row.object_name,
        comparison=rule.comparison,
        threshold=float(rule.threshold),
        duration_s=float(rule.duration_s),
        value=row.value if value is None else value,
        outcome=outcome,
        lasted_s=max(0.0, now - row.raised_ms / 1000),
    )


def _copy(row: AlarmRow) -> AlarmRow:
    """For the session to have: a transaction that fails leaves the row as it was."""
    return AlarmRow(
        id=row.id,
        rule_id=row.rule_id,
        object_id=row.object_id,
        object_type=row.object_type,
        object_name=row.object_name,
        pool_id=row.pool_id,
        metric=row.metric,
        severity=row.severity,
        value=row.value,
        text=row.text,
        raised_ms=row.raised_ms,
        ended_ms=row.ended_ms,
    )
