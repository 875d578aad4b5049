"""Tops: the objects with the highest values of a metric."""

import heapq
from collections.abc import Sequence
from typing import Final

import msgspec

from podium.cache.filter import Filter
from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.services.access import Viewer
from podium.services.measures.fleet import Fleet
from podium.services.measures.series import DIGITS

AHEAD: Final = 4


class Top(msgspec.Struct, frozen=True):
    """One of the highest. `value` is in the metric's unit."""

    id: str
    href: str
    name_label: str
    value: float


async def top(
    objects: Objects,
    fleet: Fleet,
    kind: str,
    metric: str,
    *,
    limit: int,
    by: Viewer,
    pool: str | None = None,
    selected: Filter | None = None,
) -> list[Top]:
    """The `limit` objects with the highest values, highest first, of those that the viewer may see."""
    entries = objects.of_type(kind)
    values = fleet.latest(kind, metric)
    asked = min(len(values), limit * AHEAD)
    kept: list[Top] = []
    looked_at: set[str] = set()
    with Turns() as turns:
        while len(kept) < limit and len(looked_at) < len(values):
            # more than are wanted, for some may not be shown; all are put in order only where few may
            found = _of(heapq.nlargest(asked, values.items(), key=lambda item: item[1]))
            for object_id, value in found:
                if object_id in looked_at:
                    continue
                looked_at.add(object_id)
                await turns.rest()
                entry = entries.get(object_id)
                if entry is None or (pool is not None and entry.pool != pool) or not by.sees(entry):
                    continue
                if selected is None or selected.matches(entry.object):
                    name = getattr(entry.object, "name_label", "")
                    kept.append(Top(object_id, entry.href, name, round(value, DIGITS)))
                    if len(kept) == limit:
                        break
            asked = min(len(values), asked * AHEAD * AHEAD)
    return kept


def _of(items: Sequence[tuple[str, float]]) -> Sequence[tuple[str, float]]:
    """Equal values by id, so that they do not change places."""
    return sorted(items, key=lambda item: (-item[1], item[0]))
