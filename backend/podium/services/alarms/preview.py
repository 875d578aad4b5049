"""What a rule would do now: which objects it is about, and for which of them it would raise an alarm."""

from typing import Final

import msgspec

from podium.cache.filter import parse_filter
from podium.cache.objects import Objects
from podium.model.alarm import AlarmRule
from podium.services.access import Viewer
from podium.services.alarms.evaluator import Values, condition_of
from podium.services.query import Query, select

LISTED: Final = 100


class WouldRaise(msgspec.Struct, frozen=True):
    """An object beyond the threshold."""

    id: str
    href: str
    name_label: str
    value: float


class RulePreview(msgspec.Struct, frozen=True, rename="camel"):
    """How many objects the rule is about, how many of them have a value now, and how many are beyond the threshold.

    `would_raise`: the first hundred of these, the farthest beyond first. Durations are not waited for.
    """

    matching: int
    with_value: int
    beyond: int
    would_raise: tuple[WouldRaise, ...]


async def preview(rule: AlarmRule, objects: Objects, values: Values, *, by: Viewer) -> RulePreview:
    """Of what the viewer may see."""
    asked = Query(filter=parse_filter(rule.filter) if rule.filter.strip() else None)
    page = await select(objects.ordered(rule.kind), asked, by)
    newest = values.latest(rule.kind, rule.metric)
    condition = condition_of(rule)
    known = {entry.id: entry for entry in page.entries if entry.id in newest}
    beyond = [key for key in condition.beyond(newest) if key in known]
    beyond.sort(key=lambda key: (newest[key], key), reverse=condition.above)
    shown = [
        WouldRaise(key, known[key].href, getattr(known[key].object, "name_label", ""), float(newest[key]))
        for key in beyond[:LISTED]
    ]
    return RulePreview(len(page.entries), len(known), len(beyond), tuple(shown))
