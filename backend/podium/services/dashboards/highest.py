"""Highest: the objects of a pool with the highest of some values, of those that the viewer may see."""

from collections.abc import Mapping
from typing import Final, Protocol

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.services.access import Viewer

FIVE: Final = 5


class Latest(Protocol):
    """What is needed of the fleet's metrics (services/measures/fleet.py)."""

    def latest(self, kind: str, metric: str) -> Mapping[str, float]:
        """The newest value of each object of that type, by id; unknown ones are left out."""
        ...


async def highest(
    objects: Objects, kind: str, values: Mapping[str, float], viewer: Viewer, *, pool: str, limit: int = FIVE
) -> list[tuple[Entry, float]]:
    """The entries of one type and pool with the highest values, highest first, equal ones by id.

    The pool decides first, then the privilege, and only as many objects are asked about as it takes to find `limit`.
    """
    entries = objects.of_type(kind)
    candidates = []
    with Turns() as turns:
        for number, (object_id, value) in enumerate(values.items()):
            entry = entries.get(object_id)
            if entry is not None and entry.pool == pool:
                candidates.append((-value, object_id, entry))
            if not number % 256:
                await turns.rest()
        candidates.sort(key=lambda one: one[:2])
        found = []
        for negative, _, entry in candidates:
            if viewer.sees(entry):
                found.append((entry, -negative))
                if len(found) == limit:
                    break
            await turns.rest()
    return found
