"""Alarms of our own: every rule held against the newest values, and what comes of it written down."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from podium.cache.entry import Entry
from podium.cache.filter import parse_filter
from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.db.alarm import AlarmRow
from podium.model.alarm import AlarmRule, RuleType, Severity
from podium.services.alarms.log import AlarmLog, Change, facts_of
from podium.services.alarms.rules import AlarmRules
from podium.services.alarms.state import Condition, RuleState, Transition
from podium.services.alarms.texts import Outcome

log = structlog.get_logger(__name__)

IDLE_S: Final = 30.0
"""Without any new value the rules are held against the old ones so often: time passes all the same."""
MEMBERS_S: Final = 10.0
"""Every so often it is looked whether the rules are still about what they have raised alarms for."""
GONE_S: Final = 60.0
"""An object is gone when its pool has been there without it for so long."""
AWAY_S: Final = 3_600.0
"""... and when its pool has not been there either for so long."""
MAX_ID: Final = 255
"""What a column holds. Ids are uuids; a pool that lies may call its objects anything."""
_DAY_S: Final = 86_400.0
_FIRST_PRUNE_S: Final = 3_600.0
"""By then pools have shown what they have."""


class Values(Protocol):
    """What is needed of the fleet."""

    def latest(self, kind: str, metric: str) -> Mapping[str, float]:
        """The newest value of every object that has one, by id."""

    async def polled(self) -> None:
        """Returns when new values have come."""


class Matcher:
    """Whether a rule is about an object; remembered until the object changes."""

    def __init__(self, objects: Objects, rule: AlarmRule) -> None:
        self._objects = objects
        self._kind = rule.kind
        self._matches = parse_filter(rule.filter).matches if rule.filter.strip() else None
        self._known: dict[str, tuple[Entry, bool]] = {}

    def __call__(self, object_id: str) -> bool:
        entry = self._objects.of_type(self._kind).get(object_id)
        if entry is None or len(object_id) > MAX_ID or not object_id.isprintable():
            self._known.pop(object_id, None)
            return False
        if self._matches is None:
            return True
        known = self._known.get(object_id)
        if known is None or known[0] is not entry:
            known = self._known[object_id] = (entry, self._matches(entry.object))
        return known[1]


class Watched:
    """A rule at work. `rows`: its raised alarms by the object's id."""

    def __init__(self, rule: AlarmRule, objects: Objects, rows: Mapping[str, AlarmRow]) -> None:
        self.rule = rule
        self.rows = dict(rows)
        self.matches = Matcher(objects, rule)
        self.state = RuleState(condition_of(rule), raised=self.rows)
        self.missing: dict[str, float] = {}
        """Since when raised objects have not been in the cache."""

    def follow(self, rule: AlarmRule, objects: Objects) -> None:
        """The rule was changed, but is about the same metric: what is raised stays, and is measured anew."""
        self.state.ask_again()
        if condition_of(rule) != self.state.condition:
            self.state = RuleState(condition_of(rule), raised=self.rows)
        self.rule = rule
        self.matches = Matcher(objects, rule)


class Alarms:
    """One evaluation after the other: what the last one found is written down before the next one begins."""

    def __init__(
        self,
        objects: Objects,
        values: Values,
        rules: AlarmRules,
        alarm_log: AlarmLog,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._objects = objects
        self._values = values
        self._rules = rules
        self._log = alarm_log
        self._clock = clock
        self._watched: dict[str, Watched] = {}
        self._unwritten: list[Change] = []
        self._looked = 0.0
        self._pruned = clock() - _DAY_S + _FIRST_PRUNE_S

    async def run(self) -> None:
        """For ever."""
        polled: asyncio.Future[None] | None = None
        changed: asyncio.Future[None] | None = None
        try:
            while True:
                polled = polled or asyncio.ensure_future(self._values.polled())
                changed = changed or asyncio.ensure_future(self._rules.sleeper.sleep())
                await asyncio.wait({polled, changed}, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
                if polled.done():
                    polled.result()
                    polled = None
                if changed.done():
                    changed = None
                await self.evaluate()
        finally:
            for one in (polled, changed):
                if one is not None:
                    one.cancel()

    async def evaluate(self) -> None:
        """Hold every rule against the newest values. What cannot be written down now is written next time."""
        now = self._clock()
        self._follow_rules(now)
        if now - self._looked >= MEMBERS_S:
            self._looked = now
            for watched in self._watched.values():
                watched.state.ask_again()
                self._look_for(watched, now)
            self._log.sweep()
        with Turns() as turns:
            for watched in list(self._watched.values()):
                await turns.rest()
                values = self._values.latest(watched.rule.kind, watched.rule.metric)
                for transition in watched.state.step(now, values, watched.matches):
                    self._note(watched, transition, now)
        try:
            await self._log.write(self._unwritten)
            if now - self._pruned >= _DAY_S:
                self._pruned = now
                await self._log.prune()
        except (SQLAlchemyError, OSError):
            log.exception("alarms could not be written down; it is tried again", alarms=len(self._unwritten))

    def _follow_rules(self, now: float) -> None:
        """Take up new rules, and let go of those that were changed, switched off or deleted."""
        rules = {rule.id: rule for rule in self._rules.all() if rule.enabled}
        for rule_id, watched in list(self._watched.items()):
            rule = rules.get(rule_id)
            if rule is watched.rule:
                continue
            if rule is None or (rule.kind, rule.metric) != (watched.rule.kind, watched.rule.metric):
                for row in watched.rows.values():
                    self._end(watched, row, "rule", now)
                watched.rows.clear()
                del self._watched[rule_id]
            else:
                watched.follow(rule, self._objects)
        for rule_id, rule in rules.items():
            if rule_id not in self._watched:
                self._watched[rule_id] = Watched(rule, self._objects, {})

    def adopt(self) -> None:
        """Take up the alarms that were raised before this process began. Once, when rules and alarms are loaded."""
        raised = [row for row in self._log.rows.values() if row.ended_ms is None]
        for rule in self._rules.all():
            rows = {row.object_id: row for row in raised if row.rule_id == rule.id}
            if rows:
                self._watched[rule.id] = Watched(rule, self._objects, rows)
        now = self._clock()
        for row in raised:
            if row.rule_id not in self._watched:  # deleted, and this process's forerunner died before it ended them
                rule = _forgotten(row)
                self._unwritten.append(Change("ended", rule, row, facts_of(rule, row, "rule", now=now)))

    def _note(self, watched: Watched, transition: Transition, now: float) -> None:
        key = transition.object_id
        value = None if transition.value is None else float(transition.value)
        match transition.kind:
            case "raised":
                entry = self._objects.of_type(watched.rule.kind).get(key)
                if entry is None or value is None:
                    watched.state.drop(key)
                    return
                row = watched.rows[key] = self._log.new(watched.rule, entry, value)
                self._unwritten.append(
                    Change("raised", watched.rule, row, facts_of(watched.rule, row, "raised", now=now))
                )
            case "ended":
                self._end(watched, watched.rows.pop(key), "back", now, value)
            case "silent" | "heard":
                row = watched.rows[key]
                outcome: Outcome = "silent" if transition.kind == "silent" else "raised"
                self._unwritten.append(Change("text", watched.rule, row, facts_of(watched.rule, row, outcome, now=now)))

    def _end(self, watched: Watched, row: AlarmRow, outcome: Outcome, now: float, value: float | None = None) -> None:
        facts = facts_of(watched.rule, row, outcome, now=now, value=value)
        self._unwritten.append(Change("ended", watched.rule, row, facts))

    def _look_for(self, watched: Watched, now: float) -> None:
        """End alarms of what is gone, or is not what the rule is about any more."""
        known = self._objects.of_type(watched.rule.kind)
        for key in [one for one in watched.state.pending if one not in known]:
            watched.state.drop(key)
        for key, row in list(watched.rows.items()):
            if key in known:
                watched.missing.pop(key, None)
                if watched.matches(key):
                    continue
                outcome: Outcome = "left"
            else:
                since = watched.missing.setdefault(key, now)
                pool_is_there = row.pool_id in self._objects.of_type("pool")
                if now - since < (GONE_S if pool_is_there else AWAY_S):
                    continue
                outcome = "gone"
                watched.missing.pop(key, None)
            del watched.rows[key]
            watched.state.drop(key)
            self._end(watched, row, outcome, now)


def condition_of(rule: AlarmRule) -> Condition:
    return Condition(
        above=rule.comparison == "above",
        threshold=float(rule.threshold),
        clear=float(rule.clear),
        duration_s=float(rule.duration_s),
        clear_duration_s=float(rule.clear_duration_s),
    )


def _forgotten(row: AlarmRow) -> AlarmRule:
    """Of a rule that is gone what its alarm still says; it tells nobody."""
    return AlarmRule(
        id=row.rule_id,
        name="",
        kind=msgspec.convert(row.object_type, RuleType),
        metric=row.metric,
        comparison="above",
        threshold=row.value,
        clear=row.value,
        duration_s=0,
        clear_duration_s=0,
        severity=msgspec.convert(row.severity, Severity),
        filter="",
        enabled=False,
        channels=(),
        created_at=row.raised_ms,
        updated_at=row.raised_ms,
    )
