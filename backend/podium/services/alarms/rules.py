"""Alarm rules: thresholds on metrics, stored, shown, and held to make sense."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import delete, select

from podium.cache.filter import parse_filter
from podium.cache.filter_parser import And, Node, Not, Or, Property, Truthy
from podium.cache.objects import Objects
from podium.db.alarm import AlarmRuleRow
from podium.db.base import Database
from podium.errors import FilterSyntax, InvalidParameters, NotFound
from podium.metrics.catalog import CATALOG, metric_of
from podium.model.alarm import AlarmRule, Comparison, RuleType, Severity
from podium.services.access import Viewer
from podium.services.alarms.channels import Channels
from podium.stream.follower import Sleeper

MOST: Final = 200
"""Rules. Each compares every object of its type once a second."""
LONGEST_S: Final = 86_400
PRIVILEGE: Final = "alarm-rule"


class RuleDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent of a rule; UNSET: not sent. `clear` None: the same as the threshold."""

    name: str | UnsetType = UNSET
    kind: RuleType | UnsetType = UNSET
    metric: str | UnsetType = UNSET
    comparison: Comparison | UnsetType = UNSET
    threshold: float | UnsetType = UNSET
    clear: float | UnsetType | None = UNSET
    duration_s: int | UnsetType = UNSET
    clear_duration_s: int | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    filter: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    channels: tuple[str, ...] | UnsetType = UNSET


class AlarmRules:
    """`sleeper` is woken when there is another rule, or another version of one."""

    def __init__(self, database: Database, objects: Objects, channels: Channels) -> None:
        self._database = database
        self._objects = objects
        self._channels = channels
        self.sleeper = Sleeper()

    async def load(self) -> None:
        """Show all rules in the cache. Once, at start."""
        async with self._database.read() as tx:
            rows = list(await tx.scalars(select(AlarmRuleRow)))
        self._objects.apply(None, [_rule(row) for row in rows])

    def all(self) -> Sequence[AlarmRule]:
        """By id."""
        return [one for entry in self._objects.ordered(PRIVILEGE) if isinstance(one := entry.object, AlarmRule)]

    def find(self, rule_id: str) -> AlarmRule | None:
        entry = self._objects.of_type(PRIVILEGE).get(rule_id)
        return entry.object if entry is not None and isinstance(entry.object, AlarmRule) else None

    def get(self, rule_id: str) -> AlarmRule:
        """Raises NotFound."""
        rule = self.find(rule_id)
        if rule is None:
            raise NotFound(PRIVILEGE, rule_id)
        return rule

    def telling(self, channel_id: str) -> list[str]:
        """The names of the rules that tell a channel."""
        return [rule.name for rule in self.all() if channel_id in rule.channels]

    def drafted(self, draft: RuleDraft) -> AlarmRule:
        """The rule that would be made. Raises InvalidParameters."""
        now = datetime.now(UTC)
        for name, member in (("name", "name"), ("kind", "type"), ("metric", "metric"), ("threshold", "threshold")):
            if getattr(draft, name) is UNSET:
                raise _invalid(member, "is missing")
        row = AlarmRuleRow(
            id=str(uuid4()),
            name="",
            kind="VM",
            metric="",
            comparison="above",
            threshold=0.0,
            clear=0.0,
            duration_s=0,
            clear_duration_s=0,
            severity="warning",
            created=now,
            updated=now,
        )
        _lay(row, draft)
        rule = _rule(row)
        self._validate(rule)
        return rule

    async def create(self, draft: RuleDraft, *, by: Viewer) -> str:
        """Its id. Raises MissingPrivileges, InvalidParameters."""
        by.require("create", PRIVILEGE)
        if len(self._objects.of_type(PRIVILEGE)) >= MOST:
            raise InvalidParameters(f"there can be at most {MOST} alarm rules")
        rule = self.drafted(draft)
        async with self._database.begin() as tx:
            tx.add(_row(rule))
        self._show(rule)
        return rule.id

    async def change(self, rule_id: str, draft: RuleDraft, *, by: Viewer) -> None:
        """Change what is sent. Raises MissingPrivileges, NotFound, InvalidParameters.

        Alarms of another type or metric end; others go on, and are measured by the new values.
        """
        by.require("update", PRIVILEGE)
        self.get(rule_id)
        async with self._database.begin() as tx:
            row = await tx.get(AlarmRuleRow, rule_id, with_for_update=True)
            if row is None:
                raise NotFound(PRIVILEGE, rule_id)
            _lay(row, draft)
            row.updated = datetime.now(UTC)
            rule = _rule(row)
            self._validate(rule)
        self._show(rule)

    async def delete(self, rule_id: str, *, by: Viewer) -> None:
        """Its alarms end. Raises MissingPrivileges, NotFound."""
        by.require("delete", PRIVILEGE)
        self.get(rule_id)
        async with self._database.begin() as tx:
            await tx.execute(delete(AlarmRuleRow).where(AlarmRuleRow.id == rule_id))
        self._objects.discard(PRIVILEGE, rule_id)
        self.sleeper.wake()

    def _show(self, rule: AlarmRule) -> None:
        self._objects.put(rule)
        self.sleeper.wake()

    def _validate(self, rule: AlarmRule) -> None:
        if metric_of(rule.kind, rule.metric) is None:
            names = ", ".join(one.name for one in CATALOG[rule.kind])
            raise _invalid("metric", f"{rule.metric[:64]} is no metric of {rule.kind}: choose one of {names}")
        if not (math.isfinite(rule.threshold) and math.isfinite(rule.clear)):
            raise _invalid("threshold", "must be a number")
        if rule.comparison == "above" and rule.clear > rule.threshold:
            raise _invalid("clear", "an alarm that is raised above the threshold ends at it, or below it")
        if rule.comparison == "below" and rule.clear < rule.threshold:
            raise _invalid("clear", "an alarm that is raised below the threshold ends at it, or above it")
        for member, seconds in (("durationS", rule.duration_s), ("clearDurationS", rule.clear_duration_s)):
            if not 0 <= seconds <= LONGEST_S:
                raise _invalid(member, f"must be from 0 to {LONGEST_S} seconds")
        if rule.filter.strip():
            try:
                node = parse_filter(rule.filter).node
            except FilterSyntax as error:
                raise _invalid("filter", str(error)) from error
            if _measures(node):
                raise _invalid("filter", "what is measured is for the threshold: name what the objects are")
        for channel_id in rule.channels:
            if self._channels.find(channel_id) is None:
                raise _invalid("channels", f"there is no notification channel {channel_id[:64]}")


def _measures(node: Node) -> bool:
    """Whether a filter asks for metrics, as one of a list may."""
    match node:
        case And(terms) | Or(terms):
            return any(map(_measures, terms))
        case Not(term):
            return _measures(term)
        case Property(name) | Truthy(name):
            return name == "metrics" or name.startswith("metrics.")
    return False


def _lay(row: AlarmRuleRow, draft: RuleDraft) -> None:
    """A threshold that moves takes along where its alarms end, unless that is said, too."""
    follows = row.clear == row.threshold
    for name in ("name", "kind", "metric", "comparison", "threshold", "duration_s", "clear_duration_s", "severity"):
        value = getattr(draft, name)
        if value is not UNSET:
            setattr(row, name, value)
    for name in ("filter", "enabled"):
        value = getattr(draft, name)
        if value is not UNSET:
            setattr(row, name, value)
    if draft.channels is not UNSET:
        row.channels = list(dict.fromkeys(draft.channels))
    if draft.clear is None or (draft.clear is UNSET and follows):
        row.clear = row.threshold
    elif draft.clear is not UNSET:
        row.clear = draft.clear


def _rule(row: AlarmRuleRow) -> AlarmRule:
    """As clients see it."""
    shown = {
        "id": row.id,
        "name": row.name,
        "type": row.kind,
        "metric": row.metric,
        "comparison": row.comparison,
        "threshold": _whole(row.threshold),
        "clear": _whole(row.clear),
        "durationS": row.duration_s,
        "clearDurationS": row.clear_duration_s,
        "severity": row.severity,
        "filter": row.filter,
        "enabled": row.enabled,
        "channels": row.channels,
        "createdAt": int(row.created.timestamp() * 1000),
        "updatedAt": int(row.updated.timestamp() * 1000),
    }
    return msgspec.convert(shown, AlarmRule)


def _row(rule: AlarmRule) -> AlarmRuleRow:
    return AlarmRuleRow(
        id=rule.id,
        name=rule.name,
        kind=rule.kind,
        metric=rule.metric,
        comparison=rule.comparison,
        threshold=float(rule.threshold),
        clear=float(rule.clear),
        duration_s=rule.duration_s,
        clear_duration_s=rule.clear_duration_s,
        severity=rule.severity,
        filter=rule.filter,
        enabled=rule.enabled,
        channels=list(rule.channels),
        created=datetime.fromtimestamp(rule.created_at / 1000, UTC),
        updated=datetime.fromtimestamp(rule.updated_at / 1000, UTC),
    )


def _whole(value: float) -> int | float:
    """90, not 90.0."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _invalid(member: str, text: str) -> InvalidParameters:
    return InvalidParameters(f"{member}: {text}", errors=[{"loc": ["body", member], "msg": text}])
