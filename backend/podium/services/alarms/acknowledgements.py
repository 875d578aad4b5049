"""Who has acknowledged which alarm: kept in our database, and laid over alarms as they enter the cache."""

from collections.abc import Callable

import msgspec
from msgspec import UNSET
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from podium.cache.objects import Objects
from podium.db.alarm import AcknowledgementRow
from podium.db.base import Database
from podium.model.base import XoObject
from podium.model.message import Acknowledged, Alarm

FORGOTTEN_MS = 30 * 86_400_000
"""An acknowledgement goes when nobody has shown its alarm for so long."""


class Acknowledgements:
    """Also of alarms that pools hold: XAPI knows no such thing. An alarm without one is exactly what its pool says."""

    def __init__(self, database: Database, objects: Objects, *, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._objects = objects
        self._now_ms = now_ms
        self._known: dict[str, Acknowledged] = {}
        objects.overlay("alarm", self._lay)

    async def load(self) -> None:
        """Once, at start, before the cache fills."""
        async with self._database.read() as tx:
            rows = await tx.scalars(select(AcknowledgementRow))
            self._known = {row.alarm_id: Acknowledged(row.user_id, row.at_ms, row.note or UNSET) for row in rows}

    def of(self, alarm_id: str) -> Acknowledged | None:
        return self._known.get(alarm_id)

    async def write(self, tx: AsyncSession, alarm_id: str, by: str, note: str) -> Acknowledged:
        """Write it down, in place of an earlier one; `show` it when the transaction is committed."""
        now = self._now_ms()
        await tx.execute(delete(AcknowledgementRow).where(AcknowledgementRow.alarm_id == alarm_id))
        tx.add(AcknowledgementRow(alarm_id=alarm_id, user_id=by, at_ms=now, note=note or None, seen_ms=now))
        return Acknowledged(by, now, note or UNSET)

    async def erase(self, tx: AsyncSession, alarm_id: str) -> None:
        await tx.execute(delete(AcknowledgementRow).where(AcknowledgementRow.alarm_id == alarm_id))

    def show(self, alarm_id: str, made: Acknowledged | None) -> None:
        """None: it is not acknowledged any more."""
        if made is None:
            self._known.pop(alarm_id, None)
        else:
            self._known[alarm_id] = made
        self._objects.again(alarm_id)

    async def prune(self) -> None:
        """Forget those whose alarm has not been there for a month. Once a day."""
        now = self._now_ms()
        there = [one for one in self._known if self._objects.get(one) is not None]
        async with self._database.begin() as tx:
            for start in range(0, len(there), 500):
                some = AcknowledgementRow.alarm_id.in_(there[start : start + 500])
                await tx.execute(update(AcknowledgementRow).where(some).values(seen_ms=now))
            old = AcknowledgementRow.seen_ms < now - FORGOTTEN_MS
            gone = list(await tx.scalars(select(AcknowledgementRow.alarm_id).where(old)))
            await tx.execute(delete(AcknowledgementRow).where(old))
        for one in gone:
            self._known.pop(one, None)

    def _lay(self, shown: XoObject) -> XoObject:
        if not isinstance(shown, Alarm):
            return shown
        made = self._known.get(shown.id, UNSET)
        return shown if shown.acknowledged == made else msgspec.structs.replace(shown, acknowledged=made)
