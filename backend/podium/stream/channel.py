"""Channel: what one kind of follower sees of the cache, computed once for all who are alike."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from podium.cache.commit import Change
from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.model.base import XoObject
from podium.stream.hub import Hub

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


class View(Protocol):
    """What a channel needs of a viewer: may he read this object?"""

    def sees(self, entry: Entry) -> bool: ...


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
    """The viewer's key: viewers with equal keys see the same."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One change as the follower should learn of it. `data`: the JSON's members after those the framing adds."""

    kind: Kind
    id: str
    data: bytes


FrameKey = tuple[int, int, int | None, int, int]
"""(place, number of the first frame, final revision, since, until): what a chunk and the ids in it depend on."""


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
        self._view = view
        self._matcher = matcher
        self._picker = picker
        self._encode = encode
        self._known: dict[tuple[int, int], list[Event]] = {}
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

    async def events(self, net: Mapping[str, Change], since: int, until: int) -> list[Event]:
        """The net change between two revisions as the follower should learn of it."""
        self._refresh()
        known = self._known.get((since, until))
        if known is None:
            known = []
            with Turns() as turns:
                for count, change in enumerate(net.values(), 1):
                    known += self._event(change)
                    if count % _LOOK == 0:
                        await turns.rest()
            _keep(self._known, (since, until), known)
        return known

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
            and self._view.sees(entry)
            and (self._matcher is None or self._matcher.matches(entry.object))
        )

    def _refresh(self) -> None:
        if self._known_revision != self._hub.revision:
            self._known.clear()
            self._frames.clear()
            self._known_revision = self._hub.revision

    def _event(self, change: Change) -> Iterator[Event]:
        kind = self.selection.type
        before, after = change.before, change.after
        if (before is None or before.resource.type != kind) and (after is None or after.resource.type != kind):
            return
        was, now = self.shows(before), self.shows(after)
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
