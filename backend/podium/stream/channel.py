"""Channel: what one kind of follower sees of the cache, computed once for all who are alike."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

import msgspec

from podium.cache.commit import Change
from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.model.base import XoObject
from podium.stream.hub import Hub

Kind = Literal["add", "update", "patch", "remove"]

SLICE: Final = 250
"""A snapshot is encoded so many objects at a time, so that nobody else waits long."""


class Matcher(Protocol):
    """What a channel needs of a filter."""

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


FrameKey = tuple[int, int, int | None]
"""(place, number of the first frame, final revision): what the ids in a chunk depend on."""


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
        self._frames: dict[FrameKey, bytes] = {}
        self._objects = objects
        self._hub = hub
        self._view = view
        self._matcher = matcher
        self._picker = picker
        self._encode = encode
        self._known: dict[int, list[Event]] = {}
        self._known_revision = -1

    def snapshot(self) -> list[Entry]:
        """The entries the follower may see now, by id. Read `hub.revision` in the same step, with no await between."""
        return [entry for entry in self._objects.ordered(self.selection.type) if self._shows(entry)]

    def added(self, entries: list[Entry]) -> Iterator[list[Event]]:
        """A snapshot's events in slices, to be sent with pauses."""
        for start in range(0, len(entries), SLICE):
            yield [Event("add", entry.id, self._data(entry)) for entry in entries[start : start + SLICE]]

    def since(self, revision: int) -> list[Event] | None:
        """The net change after `revision`, each object once; None when it is too long ago: begin with a snapshot."""
        self._refresh()
        known = self._known.get(revision)
        if known is None:
            net = self._hub.net(revision)
            if net is None:
                return None
            known = [event for change in net.values() for event in self._event(change)]
            self._known[revision] = known
        return known

    def frames(self, key: FrameKey) -> bytes | None:
        """The encoded frames that another follower in the same place has already asked for."""
        self._refresh()
        return self._frames.get(key)

    def keep_frames(self, key: FrameKey, chunk: bytes) -> None:
        """Keep encoded frames for the others, until the cache moves on."""
        self._frames[key] = chunk

    def _refresh(self) -> None:
        if self._known_revision != self._hub.revision:
            self._known.clear()
            self._frames.clear()
            self._known_revision = self._hub.revision

    def _shows(self, entry: Entry | None) -> bool:
        return (
            entry is not None
            and entry.resource.type == self.selection.type
            and (self._matcher is None or self._matcher.matches(entry.object))
            and self._view.sees(entry)
        )

    def _event(self, change: Change) -> Iterator[Event]:
        kind = self.selection.type
        before, after = change.before, change.after
        if (before is None or before.resource.type != kind) and (after is None or after.resource.type != kind):
            return
        was, now = self._shows(before), self._shows(after)
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
