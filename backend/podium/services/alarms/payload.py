"""What is told of alarms: the JSON of a webhook, and what templates of messages can name."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from podium.model.alarm import AlarmEvent, Comparison, Severity
from podium.model.base import Maybe
from podium.model.message import AlarmState

LISTED = 100
"""Alarms that one message lists; `count` says how many there are."""


class ToldName(msgspec.Struct, frozen=True, gc=False):
    """Something by its id, and what people call it."""

    id: str
    name: str


class ToldObject(msgspec.Struct, frozen=True, gc=False):
    """What an alarm is about. `link`: its page in the web client, where the operator has set PODIUM_PUBLIC_URL."""

    type: str
    uuid: str
    name: str
    link: str | Maybe = UNSET


class ToldAcknowledgement(msgspec.Struct, frozen=True, gc=False):
    """`by` is the user's name; `at` is ms since 1970."""

    by: str
    at: int
    note: str | Maybe = UNSET


class ToldAlarm(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One alarm. `value` and `threshold` have the unit `unit`; `value_text` is the value as people write it.

    An alarm that a pool raised by itself has no rule, threshold or comparison. Times are ms since 1970.
    """

    id: str
    severity: Severity
    text: str
    state: AlarmState
    metric: str
    value: float | str | None
    value_text: str
    unit: str
    object: ToldObject
    pool: ToldName
    raised_at: int | None
    ended_at: int | Maybe = UNSET
    rule: ToldName | Maybe = UNSET
    comparison: Comparison | Maybe = UNSET
    threshold: float | Maybe = UNSET
    acknowledged: ToldAcknowledgement | Maybe = UNSET


class Told(msgspec.Struct, frozen=True, gc=False):
    """One message's content. `alarm` is the first of `alarms`, which are at most a hundred of `count`."""

    event: AlarmEvent
    title: str
    severity: Severity
    count: int
    alarm: ToldAlarm
    alarms: tuple[ToldAlarm, ...]


def told(event: AlarmEvent, title: str, alarms: Sequence[ToldAlarm], count: int) -> Told:
    """A message of `count` alarms, of which `alarms` are the first, and at least one."""
    return Told(event, title, alarms[0].severity, count, alarms[0], tuple(alarms[:LISTED]))
