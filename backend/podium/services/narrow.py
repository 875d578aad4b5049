"""Tokens that do less than their user may: a Viewer seen through a scope and a filter."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from podium.cache.commit import Change
from podium.cache.entry import Entry
from podium.cache.filter import Filter, parse_filter
from podium.model.base import XoObject
from podium.services.access import READ, About, Rules, Viewer
from podium.stream.view import View

_READS: Final = frozenset({READ, "export", "export-content"})
"""What changes nothing. `export:logs` is a kind of `export`."""
_MARK: Final = "\n"


class NarrowViewer(Viewer):
    """Asks the whole viewer first, so that it follows his rights, and then its own scope. It never allows more."""

    __slots__ = ("_reads_only", "_scope", "_wanted", "_whole")

    def __init__(self, whole: Viewer, *, reads_only: bool, wanted: Filter | None, scope: str) -> None:
        super().__init__(whole.user_id, whole.rules, is_admin=False)
        self._whole = whole
        self._reads_only = reads_only
        self._wanted = wanted
        self._scope = scope

    @property
    def changed_at(self) -> int:
        return self._whole.changed_at

    @changed_at.setter
    def changed_at(self, revision: int) -> None:
        """The whole viewer's changes."""

    @property
    def is_admin(self) -> bool:
        """An administrator's shortcuts go round a filter, so there are none."""
        return self._whole.is_admin and self._wanted is None

    @property
    def key(self) -> str:
        return f"{self._whole.key}{_MARK}{self._scope}"

    @property
    def rules(self) -> Rules:
        return self._whole.rules

    def may(self, action: str, resource: str, obj: About | None = None, *, around: Sequence[XoObject] = ()) -> bool:
        reads = action.partition(":")[0] in _READS
        if self._reads_only and not reads:
            return False
        # nothing that the filter could select: such a token makes nothing new
        if self._wanted is not None and (not self._wanted.matches(obj) if isinstance(obj, XoObject) else not reads):
            return False
        return self._whole.may(action, resource, obj, around=around)

    def sees(self, entry: Entry) -> bool:
        return (self._wanted is None or self._wanted.matches(entry.object)) and self._whole.sees(entry)

    def select(self, entries: Sequence[Entry]) -> Iterable[Entry]:
        found = self._whole.select(entries)
        wanted = self._wanted
        return found if wanted is None else (entry for entry in found if wanted.matches(entry.object))

    def sees_all(self, resource: str) -> bool:
        return self._wanted is None and self._whole.sees_all(resource)

    def version(self, kind: str) -> str | None:
        found = self._whole.version(kind)
        return None if found is None else f"{found}{_MARK}{self._scope}"

    def view(self, kind: str) -> tuple[str, View]:
        key, view = self._whole.view(kind)
        if self._wanted is None:
            return key, view
        return f"{key}{_MARK}{self._scope}", _NarrowView(view, self._wanted)


class _NarrowView:
    """What of a view the filter selects."""

    def __init__(self, whole: View, wanted: Filter) -> None:
        self._whole = whole
        self._wanted = wanted

    def sees(self, entry: Entry) -> bool:
        return self._wanted.matches(entry.object) and self._whole.sees(entry)

    def follow(self) -> None:
        self._whole.follow()

    async def warm(self, kind: str) -> None:
        await self._whole.warm(kind)

    def changes(self, kind: str, since: int, net: Mapping[str, Change]) -> Collection[Change] | None:
        found = self._whole.changes(kind, since, net)
        if found is None:
            return None
        sides = [Change(one.id, self._kept(one.before), self._kept(one.after)) for one in found]
        return [one for one in sides if one.before is not None or one.after is not None]

    def _kept(self, entry: Entry | None) -> Entry | None:
        return entry if entry is not None and self._wanted.matches(entry.object) else None


def narrowed(whole: Viewer, *, reads_only: bool, text: str | None) -> Viewer:
    """`whole`, or what is left of it for a token that only reads, or is good for what the filter `text` selects."""
    if not reads_only and text is None:
        return whole
    scope = hashlib.sha256(f"{reads_only}{text}".encode()).hexdigest()[:16]
    return NarrowViewer(whole, reads_only=reads_only, wanted=None if text is None else parse_filter(text), scope=scope)
