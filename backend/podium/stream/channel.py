"""Channel: what one kind of follower sees of the cache, computed once for all who are alike."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

import msgspec

from podium.cache.commit import Change
from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.model.base import XoObject
from podium.stream.hub import Hub
from podium.stream.view import View

K = TypeVar("K")
V = TypeVar("V")

Kind = Literal["add", "update", "patch", "remove"]

CHUNK_BYTES: Final = 64 * 1024
"""A snapshot is sent in pieces of about this size: who does not read it costs one, not a list of objects."""
_LOOK: Final = 16
_KEPT: Final = 8
"""Answers kept at a time: followers that are up to date ask for the same one, each that is late for another."""


class Matcher(Protocol):
    """What a channel needs of a filter."""

    @property
    def searches(self) -> int: ...

    def matches(self, obj: object) -> bool: ...


class Picker(Protocol):
    """What a channel needs of a list of fields."""

    def pick(self, obj: XoObject) -> dict[str, object]: ...


class Selection(msgspec.Struct, frozen=True):
    """What a follower asked for. Followers with equal selections share a channel and its frames."""

    name: str
    """Goes into frames as `$subscription`."""
    type: str
    filter: str = ""
    fields: tuple[str, ...] | None = None
    """None: all of them."""
    patch: bool = False
    xo: bool = False
    """Frames exactly as Xen Orchestra's: without ids the client did not ask for."""
    href: bool = False
    """With each object's address, as lists have it."""
    view: str = ""
    """The key of the view: equal keys, equal views."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One change as the follower should learn of it. `data`: the JSON's members after those the framing adds."""

    kind: Kind
    id: str
    data: bytes


class Step(NamedTuple):
    """What one step owes to the followers of a channel who are at the same place."""

    key: "StepKey"
    changes: Collection[Change]


StepKey = tuple[int, int, str]
"""(since, until, the key of another view that was in the place of this one until now, or "")."""

FrameKey = tuple[int, int, int | None, StepKey]
"""(place, number of the first frame, final revision, step): what a chunk and the ids in it depend on."""


class Channel:
    """One selection over the cache. It holds no follower and no backlog, only answers to the current moment's asks."""

    def __init__(
        self,
        selection: Selection,
        *,
        objects: Objects,
        hub: Hub,
        view: View,
        matcher: Matcher | None,
        picker: Picker | None,
        encode: Callable[[object], bytes],
    ) -> None:
        self.selection = selection
        self.searches = 0 if matcher is None else matcher.searches
        """What an object costs, roughly: how many of the filter's terms are expensive ones."""
        self._frames: dict[FrameKey, bytes] = {}
        self._objects = objects
        self._hub = hub
        self.view = view
        self._matcher = matcher
        self._picker = picker
        self._encode = encode
        self._known: dict[StepKey, list[Event]] = {}
        self._seen: dict[StepKey, Collection[Change] | None] = {}
        self._known_revision = -1

    def snapshot(self) -> Sequence[Entry]:
        """The entries of now, whoever may see them. Read `hub.revision` in the same step, with no await between."""
        return self._objects.ordered(self.selection.type)

    async def added(self, entries: Sequence[Entry]) -> AsyncIterator[list[Event]]:
        """A snapshot's events, those the follower may see, in slices."""
        events: list[Event] = []
        size = 0
        with Turns() as turns:
            await turns.begin(len(entries))
            for entry in entries:
                if self.shows(entry):
                    events.append(Event("add", entry.id, self._data(entry)))
                    size += len(events[-1].data)
                    if size >= CHUNK_BYTES:
                        turns.pause()
                        yield events
                        events, size = [], 0
                        turns.resume()
                await turns.rest()
        if events:
            yield events

    def changes(self, net: Mapping[str, Change], since: int, before: "Channel | None" = None) -> "Step | None":
        """What the follower may see of what changed after `since`; None: it is not known any more what he saw then.

        `before`: the channel that he followed until then, of the same selection with another view: its viewer's rights
        have changed since. To be called in the step that read `net`, with no await between.
        """
        self._refresh()
        until = self._hub.revision
        key = (since, until, "" if before is None else before.selection.view)
        if key not in self._seen:
            kind = self.selection.type
            if before is None:
                seen = self.view.changes(kind, since, net)
            else:
                seen = self._turned(before.view.changes(kind, since, net), before.view)
            _keep(self._seen, key, seen)
        seen = self._seen[key]
        return None if seen is None else Step(key, seen)

    async def events(self, step: "Step") -> list[Event]:
        """The changes of a step as the follower should learn of them."""
        self._refresh()
        known = self._known.get(step.key)
        if known is None:
            known = []
            with Turns() as turns:
                for count, change in enumerate(step.changes, 1):
                    known += self._event(change)
                    if count % _LOOK == 0:
                        await turns.rest()
            _keep(self._known, step.key, known)
        return known

    def _turned(self, changes: Collection[Change] | None, old: View) -> Collection[Change] | None:
        """What the old view saw before, and what this one sees now."""
        if changes is None:
            return None
        self.view.follow()
        sees = self.view.sees
        found = {}
        for change in changes:
            now = self._objects.get(change.id)
            after = now if now is not None and now.resource.type == self.selection.type and sees(now) else None
            found[change.id] = Change(change.id, change.before, after)
        for entry in self.snapshot():
            if entry.id not in found and (saw := old.sees(entry)) != sees(entry):
                found[entry.id] = Change(entry.id, entry, None) if saw else Change(entry.id, None, entry)
        return found.values()

    def frames(self, key: FrameKey) -> bytes | None:
        """The encoded frames that another follower in the same place has already asked for."""
        self._refresh()
        return self._frames.get(key)

    def keep_frames(self, key: FrameKey, chunk: bytes) -> None:
        """Keep encoded frames for the others, until the cache moves on."""
        _keep(self._frames, key, chunk)

    def shows(self, entry: Entry | None) -> bool:
        """Whether the follower may see it, and asked for it. In this order: no filter runs on what is not his."""
        return (
            entry is not None
            and entry.resource.type == self.selection.type
            and self.view.sees(entry)
            and (self._matcher is None or self._matcher.matches(entry.object))
        )

    def _wanted(self, entry: Entry | None) -> bool:
        return entry is not None and (self._matcher is None or self._matcher.matches(entry.object))

    def _refresh(self) -> None:
        if self._known_revision != self._hub.revision:
            self._known.clear()
            self._seen.clear()
            self._frames.clear()
            self._known_revision = self._hub.revision

    def _event(self, change: Change) -> Iterator[Event]:
        """`change` as the view sees it: only the filter is still to be asked."""
        kind = self.selection.type
        before, after = change.before, change.after
        was, now = self._wanted(before), self._wanted(after)
        if after is not None and now:
            if before is None or not was:
                # Xen Orchestra never says "add" of a task, and its clients wait for "update"
                new: Kind = "update" if self.selection.xo and kind == "task" else "add"
                yield Event(new, change.id, self._data(after))
                return
            data = self._data(after)
            if data == self._data(before):
                return
            patch = self._patch(before, after) if self.selection.patch else None
            yield Event("update", change.id, data) if patch is None else Event("patch", change.id, patch)
        elif before is not None and was:
            yield Event("remove", change.id, self._data(before) if self.selection.xo else _identity(before))

    def _picked(self, entry: Entry) -> dict[str, object]:
        if self._picker is None:
            whole: dict[str, object] = msgspec.json.decode(entry.body if self.selection.href else entry.plain)
            return whole
        picked = self._picker.pick(entry.object)
        if self.selection.href:
            return {"href": entry.href, **picked}
        return picked if self.selection.xo else {"id": entry.id, **picked}

    def _data(self, entry: Entry) -> bytes:
        if self._picker is None:
            return entry.body[1:] if self.selection.href else entry.members
        return self._encode(self._picked(entry))[1:]

    def _patch(self, before: Entry, after: Entry) -> bytes | None:
        old = msgspec.json.decode(self._encode(self._picked(before)))
        new = msgspec.json.decode(self._encode(self._picked(after)))
        patch = merge_patch(old, new)
        if patch is None:
            return None
        return b'"id":%b,"patch":%b}' % (self._encode(after.id), self._encode(patch))


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    """Keep one more, and no more than a few."""
    if len(kept) >= _KEPT:
        del kept[next(iter(kept))]
    kept[key] = value


def merge_patch(old: dict[str, object], new: dict[str, object]) -> dict[str, object] | None:
    """The RFC 7386 patch that makes `old` into `new`; None where it cannot say so (a member becomes null)."""
    patch: dict[str, object] = {}
    for key, value in new.items():
        known = old.get(key)
        if key in old and known == value and type(known) is type(value):
            continue
        if isinstance(known, dict) and isinstance(value, dict):
            inner = merge_patch(known, value)
            if inner is None:
                return None
            patch[key] = inner
        elif _holds_null(value):
            return None
        else:
            patch[key] = value
    for key in old:
        if key not in new:
            patch[key] = None
    return patch


def _holds_null(value: object) -> bool:
    """Whether a merge patch would drop a part of `value`: null, or null in an object (arrays go whole)."""
    return value is None or (isinstance(value, dict) and any(_holds_null(inner) for inner in value.values()))


def _identity(entry: Entry) -> bytes:
    """What is left to say of an object that is gone."""
    return msgspec.json.encode({"id": entry.id, "type": entry.resource.type})[1:]
