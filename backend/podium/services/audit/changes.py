"""What a call changed: the objects that it names, before and after, as JSON merge patches (RFC 7386)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from podium.cache.entry import Entry
from podium.cache.objects import Objects

NAMED: Final = 100
"""Objects of one call that are looked at; the larger batches name the rest by id alone."""
_VISITED: Final = 5_000
"""Values of a body that are looked at for ids."""

Before = dict[str, Entry | None]


def named(objects: Objects, *values: object) -> Before:
    """The objects whose ids stand somewhere in `values` (JSON), as they are now. Entries are never changed: no copy."""
    found: Before = {}
    for text in _texts(values):
        if text not in found and (entry := objects.get(text)) is not None:
            found[text] = entry
            if len(found) == NAMED:
                break
    return found


def changes(objects: Objects, before: Before, made: Iterable[str]) -> list[dict[str, Any]]:
    """For each object that is not as it was: its id, type, and patches in both directions.

    `after` holds what is new, `before` what was there instead; null means absent. A new object has no `before`, one
    that is gone no `after`.
    """
    found = []
    for object_id, old in [*before.items(), *((one, None) for one in made if one not in before)]:
        new = objects.get(object_id)
        if new is old or (old is None and new is None):
            continue
        was, now = _members(old), _members(new)
        if was == now:
            continue
        shown = new or old
        assert shown is not None  # noqa: S101 -- one of the two is there
        one: dict[str, Any] = {"id": object_id, "type": shown.resource.type}
        if was is None or now is None:
            one |= {"before": was} if now is None else {"after": now}
        else:
            one |= {"before": patch(now, was), "after": patch(was, now)}
        found.append(one)
    return found


def patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that makes `new` of `old`."""
    found: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        was = old.get(name)
        if name not in old:
            found[name] = value
        elif isinstance(was, dict) and isinstance(value, dict):
            if inner := patch(was, value):
                found[name] = inner
        elif was != value:
            found[name] = value
    return found


def _members(entry: Entry | None) -> dict[str, Any] | None:
    return None if entry is None else msgspec.json.decode(entry.plain, type=dict[str, Any])


def _texts(values: tuple[object, ...]) -> Iterator[str]:
    """Texts and names of members, outermost first."""
    level: list[object] = list(values)
    visited = 0
    while level:
        inner: list[object] = []
        for one in level:
            visited += 1
            if visited > _VISITED:
                return
            if isinstance(one, str):
                yield one
            elif isinstance(one, Mapping):
                yield from (name for name in one if isinstance(name, str))
                inner.extend(one.values())
            elif isinstance(one, list | tuple):
                inner.extend(one)
        level = inner
