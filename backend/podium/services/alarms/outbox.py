"""Outbox: which messages an event makes, as rows that are stored together with the event."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import uuid4

import msgspec
from msgspec import UNSET

from podium.cache.objects import Objects
from podium.db.notification import NotificationRow
from podium.model.alarm import AlarmEvent, AlarmRule, Language, NotificationChannel, Severity
from podium.model.base import Maybe
from podium.model.message import Acknowledged, Alarm
from podium.model.registry import BY_TYPE
from podium.services.alarms.channels import Channels
from podium.services.alarms.log import Change
from podium.services.alarms.payload import LISTED, ToldAcknowledgement, ToldAlarm, ToldName, ToldObject, told
from podium.services.alarms.texts import plain, pool_sentence, sentence, unit_of, value_text

TOGETHER: Final = 10
"""More alarms than so many of one rule at once make one message: nobody reads ten thousand mails."""
POOLS_SEVERITY: Final[Severity] = "warning"
"""Of alarms that pools raise: XAPI's own priorities are not what people set."""
_MANY: Final[dict[Language, dict[AlarmEvent, str]]] = {
    "en": {
        "raised": "{} alarms: {}",
        "ended": "{} alarms have ended: {}",
        "acknowledged": "{} alarms are acknowledged: {}",
    },
    "fr": {
        "raised": "{} alarmes : {}",
        "ended": "{} alarmes terminées : {}",
        "acknowledged": "{} alarmes acquittées : {}",
    },
}


class Outbox:
    """`deliver` hears the rows when they are stored. `public_url`: where people reach the web client; "" if unknown."""

    def __init__(
        self,
        objects: Objects,
        channels: Channels,
        deliver: Callable[[Sequence[NotificationRow]], None],
        *,
        now_ms: Callable[[], int],
        public_url: str,
    ) -> None:
        self._objects = objects
        self._channels = channels
        self._deliver = deliver
        self._now_ms = now_ms
        self._public_url = public_url.rstrip("/")

    def compose(self, event: AlarmEvent, rule: AlarmRule, changes: Sequence[Change]) -> list[NotificationRow]:
        """The messages about what happened to alarms of that rule, to be stored with it."""
        found: list[NotificationRow] = []
        for channel in self._channels.told_of(rule.channels, event, rule.severity):
            alarms = [self._of_rule(one, channel.language) for one in changes[:LISTED]]
            found.extend(self._rows(channel, event, rule.name, alarms, len(changes)))
        return found

    def tells_of_pools(self) -> bool:
        """Whether anybody wants to know of alarms that pools raise."""
        return bool(self._channels.told_of_pools("raised", POOLS_SEVERITY))

    def compose_pools(
        self, event: AlarmEvent, alarms: Sequence[Alarm], acknowledged: Acknowledged | None = None
    ) -> list[NotificationRow]:
        """The messages about alarms that one pool raised."""
        found: list[NotificationRow] = []
        for channel in self._channels.told_of_pools(event, POOLS_SEVERITY):
            content = [self._of_pool(one, channel.language, acknowledged) for one in alarms[:LISTED]]
            found.extend(self._rows(channel, event, content[0].pool.name, content, len(alarms)))
        return found

    def take(self, rows: Sequence[NotificationRow]) -> None:
        """They are stored: deliver them."""
        if rows:
            self._deliver(rows)

    def _of_rule(self, change: Change, language: Language) -> ToldAlarm:
        row, rule = change.row, change.rule
        unit = unit_of(row.object_type, row.metric)
        return ToldAlarm(
            id=row.id,
            severity=rule.severity,
            text=sentence(change.facts, language),
            state="raised" if row.ended_ms is None else "ended",
            metric=row.metric,
            value=change.facts.value,
            value_text=value_text(change.facts.value, unit, language),
            unit=unit,
            object=ToldObject(
                row.object_type, row.object_id, row.object_name, self._link(row.object_type, row.object_id)
            ),
            pool=self._pool(row.pool_id),
            raised_at=row.raised_ms,
            ended_at=UNSET if row.ended_ms is None else row.ended_ms,
            rule=ToldName(rule.id, rule.name),
            comparison=rule.comparison,
            threshold=float(rule.threshold),
            acknowledged=self._acknowledgement(change.acknowledged),
        )

    def _of_pool(self, alarm: Alarm, language: Language, acknowledged: Acknowledged | None) -> ToldAlarm:
        about = alarm.object
        value = None if alarm.body.value is UNSET else alarm.body.value
        text_of_value = "" if value is None else f"{value} %"
        name = self._name(about.uuid)
        return ToldAlarm(
            id=alarm.id,
            severity=POOLS_SEVERITY,
            text=pool_sentence(name, alarm.body.name, text_of_value, language),
            state="raised",
            metric=alarm.body.name,
            value=value,
            value_text=text_of_value,
            unit="" if value is None else "percent",
            object=ToldObject(about.type, about.uuid, name, self._link(about.type, about.uuid)),
            pool=self._pool(alarm.pool),
            raised_at=alarm.time,
            acknowledged=self._acknowledgement(acknowledged),
        )

    def _rows(
        self, channel: NotificationChannel, event: AlarmEvent, about: str, alarms: Sequence[ToldAlarm], count: int
    ) -> list[NotificationRow]:
        """One message each, or one for all of them when they are many; `alarms` are the first of `count`."""
        if count > TOGETHER:
            title = _MANY[channel.language][event].format(count, about)
            return [self._row(channel, event, title, alarms, count)]
        return [self._row(channel, event, one.text, [one], 1) for one in alarms]

    def _row(
        self, channel: NotificationChannel, event: AlarmEvent, title: str, alarms: Sequence[ToldAlarm], count: int
    ) -> NotificationRow:
        content = told(event, title, alarms, count)
        now = self._now_ms()
        return NotificationRow(
            id=str(uuid4()),
            channel_id=channel.id,
            alarm_id=plain(content.alarm.id),
            alarms=content.count,
            event=event,
            severity=content.severity,
            title=title,
            payload=msgspec.json.encode(content),
            state="queued",
            attempts=0,
            created_ms=now,
            since_ms=now,
            next_ms=now,
        )

    def _name(self, object_id: str) -> str:
        entry = self._objects.get(object_id)
        found = None if entry is None else getattr(entry.object, "name_label", None)
        return (plain(found) if isinstance(found, str) else "") or plain(object_id)

    def _pool(self, pool_id: str) -> ToldName:
        return ToldName(pool_id, self._name(pool_id))

    def _link(self, kind: str, object_id: str) -> str | Maybe:
        if not self._public_url or kind not in BY_TYPE:
            return UNSET
        return f"{self._public_url}/{BY_TYPE[kind].collection}/{object_id}"

    def _acknowledgement(self, made: Acknowledged | None) -> ToldAcknowledgement | Maybe:
        if made is None:
            return UNSET
        user = self._objects.of_type("user").get(made.by)
        name = made.by if user is None else getattr(user.object, "name", made.by)
        return ToldAcknowledgement(name, made.at, made.note)
