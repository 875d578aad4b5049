"""View: what one kind of viewer sees of the cache, now and since."""

from collections.abc import Collection, Mapping
from typing import Protocol

from podium.cache.commit import Change
from podium.cache.entry import Entry


class View(Protocol):
    """What a channel needs to know of a viewer. It never changes: another view takes its place."""

    def sees(self, entry: Entry) -> bool:
        """Whether he may read this object."""

    def follow(self) -> None:
        """Somebody follows from this very revision on: `changes` since it will be asked for."""

    async def warm(self, kind: str) -> None:
        """Look at all objects of a type beforehand, giving way to others."""

    def changes(self, kind: str, since: int, net: Mapping[str, Change]) -> Collection[Change] | None:
        """What changed for him after the revision `since`, of objects of one type: a side that he may not see is None.

        `net` is what changed altogether. An object may come or go without having changed itself. None: it is not
        known any more what he saw then.
        """


class Steady:
    """Root of the views that depend on nothing but the object itself."""

    def sees(self, entry: Entry) -> bool:
        """Whether he may read this object."""
        raise NotImplementedError

    def follow(self) -> None:
        """There is nothing to remember."""

    async def warm(self, kind: str) -> None:
        """There is nothing to prepare."""

    def changes(self, kind: str, since: int, net: Mapping[str, Change]) -> Collection[Change] | None:  # noqa: ARG002
        """The net change, without what he may not see."""
        return [seen for change in net.values() if (seen := self._seen(kind, change)) is not None]

    def _seen(self, kind: str, change: Change) -> Change | None:
        before, after = change.before, change.after
        if before is not None and (before.resource.type != kind or not self.sees(before)):
            before = None
        if after is not None and (after.resource.type != kind or not self.sees(after)):
            after = None
        if before is change.before and after is change.after:
            return change
        return None if before is None and after is None else Change(change.id, before, after)
