"""What people do to alarms, whoever raised them: acknowledge them, take that back, and forget those that have ended."""

import time
from collections.abc import Callable
from typing import Final

from msgspec import UNSET

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.notification import NotificationRow
from podium.errors import IncorrectState, NotFound
from podium.model.message import Acknowledged, Alarm
from podium.services.access import Viewer
from podium.services.alarms.acknowledgements import Acknowledgements
from podium.services.alarms.log import AlarmLog, Change, facts_of
from podium.services.alarms.outbox import Outbox
from podium.services.alarms.rules import AlarmRules
from podium.services.alarms.texts import Outcome

MAX_NOTE: Final = 2_000


class AlarmDesk:
    """Alarms of pools are acknowledged here, too: their pools know no such thing."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        acknowledgements: Acknowledgements,
        alarm_log: AlarmLog,
        rules: AlarmRules,
        outbox: Outbox,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._objects = objects
        self._acknowledgements = acknowledgements
        self._log = alarm_log
        self._rules = rules
        self._outbox = outbox
        self._clock = clock

    def require(self, action: str, alarm_id: str, *, by: Viewer) -> Alarm:
        """Raises NotFound, MissingPrivileges."""
        entry = self._objects.of_type("alarm").get(alarm_id)
        if entry is None or not isinstance(entry.object, Alarm):
            raise NotFound("alarm", alarm_id)
        by.require(action, "alarm", entry.object)
        return entry.object

    async def acknowledge(self, alarm_id: str, *, note: str, by: Viewer) -> None:
        """Say that somebody has seen it. Once more replaces the note. Raises NotFound, MissingPrivileges.

        An alarm of ours that has ended leaves the collection with that.
        """
        alarm = self.require("acknowledge", alarm_id, by=by)
        async with self._database.begin() as tx:
            made = await self._acknowledgements.write(tx, alarm_id, by.user_id, note)
            messages = self._messages(alarm, made) if alarm.acknowledged is UNSET else []
            tx.add_all(messages)
        self._acknowledgements.show(alarm_id, made)
        self._log.settle(alarm_id)
        self._outbox.take(messages)

    async def unacknowledge(self, alarm_id: str, *, by: Viewer) -> None:
        """Take it back. Raises NotFound, MissingPrivileges, IncorrectState when nobody has acknowledged it."""
        self.require_acknowledged(alarm_id, by=by)
        async with self._database.begin() as tx:
            await self._acknowledgements.erase(tx, alarm_id)
        self._acknowledgements.show(alarm_id, None)
        self._log.settle(alarm_id)

    def require_acknowledged(self, alarm_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, IncorrectState."""
        if self.require("acknowledge", alarm_id, by=by).acknowledged is UNSET:
            raise IncorrectState("nobody has acknowledged this alarm")

    def require_ended(self, alarm: Alarm) -> None:
        """Raises IncorrectState for an alarm of ours that is raised: it would be raised again at once."""
        if alarm.state == "raised":
            raise IncorrectState("the alarm is still raised: acknowledge it, or change its rule")

    async def forget(self, alarm: Alarm) -> None:
        """Delete an alarm of ours that has ended. Raises IncorrectState."""
        self.require_ended(alarm)
        await self._log.remove(alarm.id)

    def _messages(self, alarm: Alarm, made: Acknowledged) -> list[NotificationRow]:
        if not alarm.is_own:
            return self._outbox.compose_pools("acknowledged", [alarm], made)
        row = self._log.rows.get(alarm.id)
        rule = None if row is None else self._rules.find(row.rule_id)
        if row is None or rule is None:
            return []
        outcome: Outcome = "raised" if row.ended_ms is None else "back"
        facts = facts_of(rule, row, outcome, now=self._clock())
        return self._outbox.compose("acknowledged", rule, [Change("text", rule, row, facts, made)])
