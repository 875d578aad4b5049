"""Objects: every object by id and by index; `apply` is the only way in, and each step of it is a Commit."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from podium.cache.commit import Change, Commit
from podium.cache.entry import Entry
from podium.model.base import Resource, XoObject

_EMPTY: Final[Mapping[str, Entry]] = MappingProxyType({})

Index = Callable[[XoObject], str | None]
Overlay = Callable[[XoObject], XoObject]
"""Lays what we know of an object over what its pool says: the same object, or another with more members set."""


class Objects:
    """The cache that REST, SSE and the database read.

    `epoch` names this process's life: revisions of two epochs are not comparable. `publish` hears each commit at once,
    in order, within the step that made it, so that no reader sees a commit that the stream does not know.
    """

    def __init__(
        self,
        *,
        epoch: str,
        publish: Callable[[Commit], None],
        resource_of: Callable[[XoObject], Resource],
        indexes: Mapping[str, Mapping[str, Index]] = MappingProxyType({}),
    ) -> None:
        self.epoch = epoch
        self.revision = 0
        self._publish = publish
        self._resource_of = resource_of
        self._indexes = indexes
        self._by_id: dict[str, Entry] = {}
        self._by_type: dict[str, dict[str, Entry]] = {}
        self._type_revision: dict[str, int] = {}
        self._ids: dict[str, list[str]] = {}
        self._order: dict[str, list[Entry]] = {}
        self._related: dict[tuple[str, str, str], dict[str, Entry]] = {}
        self._hidden: dict[str, list[Entry]] = {}
        self._overlays: dict[str, Overlay] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, object_id: str) -> Entry | None:
        return self._by_id.get(object_id)

    def of_type(self, kind: str) -> Mapping[str, Entry]:
        """The entries of one type by id, in no order."""
        return self._by_type.get(kind, _EMPTY)

    def ordered(self, kind: str) -> Sequence[Entry]:
        """The entries of one type by ascending id. The list is never changed afterwards: safe to read across awaits."""
        found = self._order.get(kind)
        if found is None:
            entries = self._by_type.get(kind, _EMPTY)
            ids = self._ids.get(kind)
            if ids is None:
                ids = self._ids[kind] = sorted(entries)
            found = self._order[kind] = [entries[key] for key in ids]
        return found

    def type_revision(self, kind: str) -> int:
        """The revision at which that type last changed."""
        return self._type_revision.get(kind, 0)

    def related(self, kind: str, index: str, value: str) -> Sequence[Entry]:
        """The entries of one type whose secondary index has that value, by ascending id."""
        found = self._related.get((kind, index, value))
        return [found[key] for key in sorted(found)] if found else []

    def of_pool(self, pool: str) -> list[Entry]:
        """Every entry of one pool."""
        found = [entry for entry in self._by_id.values() if entry.pool == pool]
        found.extend(entry for entries in self._hidden.values() for entry in entries if entry.pool == pool)
        return found

    def pooled(self) -> list[Entry]:
        """Every entry that comes from a pool."""
        return [entry for entry in self._by_id.values() if entry.pool is not None]

    def overlay(self, kind: str, lay: Overlay) -> None:
        """Have every object of that type pass through `lay` when it enters. When that would say something new: `again`.

        `lay` decides all of what it lays: it gets objects that have passed through it before.
        """
        self._overlays[kind] = lay

    def again(self, object_id: str) -> None:
        """Show an object with what its type's overlay says of it now; nothing when it is not here."""
        entry = self._by_id.get(object_id)
        if entry is not None:
            self.apply(entry.pool, [entry.object])

    def put(self, shown: XoObject) -> None:
        """Set an object that is not a pool's (a server, a task, a user)."""
        self.apply(None, [shown])

    def discard(self, kind: str, object_id: str) -> None:
        """Remove such an object."""
        entry = self._by_type.get(kind, _EMPTY).get(object_id)
        if entry is not None:
            self.apply(None, [], [object_id])

    def apply(self, pool: str | None, shown: Iterable[XoObject], gone: Iterable[str] = ()) -> Commit | None:
        """Take one batch of one pool's changes: removals first, then what is shown now. None when nothing changed.

        An object whose value is the same is no change. An id that another pool shows already stays the other pool's;
        this pool's object waits behind it and comes forward when the first one goes (ANCHOR 2.3).
        """
        revision = self.revision + 1
        before: dict[str, Entry | None] = {}
        for object_id in gone:
            self._remove(pool, object_id, before)
        for one in shown:
            self._set(pool, one, revision, before)
        return self._commit(before)

    def restore(self, entries: Iterable[Entry]) -> Commit | None:
        """Put last-known entries back (read from the database at start). What is known already is newer and stays."""
        before: dict[str, Entry | None] = {}
        for entry in entries:
            if entry.id not in self._by_id:
                entry.revision = self.revision + 1
                before[entry.id] = None
                self._store(entry)
        return self._commit(before)

    def _set(self, pool: str | None, shown: XoObject, revision: int, before: dict[str, Entry | None]) -> None:
        resource = self._resource_of(shown)
        if (lay := self._overlays.get(resource.type)) is not None:
            shown = lay(shown)
        entry = Entry.of(resource, shown, revision, pool)
        old = self._by_id.get(shown.id)
        if old is not None:
            if old.pool != pool:
                others = [other for other in self._hidden.get(shown.id, []) if other.pool != pool]
                self._hidden[shown.id] = [*others, entry]
                return
            # the bytes differ where a map came in another order: then the values decide
            if old.resource is resource and (old.body == entry.body or old.object == shown):
                return
        before.setdefault(shown.id, old)
        if old is not None and old.resource is not resource:
            self._drop(old)
        self._store(entry)

    def _remove(self, pool: str | None, object_id: str, before: dict[str, Entry | None]) -> None:
        old = self._by_id.get(object_id)
        if old is None:
            return
        if old.pool != pool:
            if hidden := [other for other in self._hidden.pop(object_id, []) if other.pool != pool]:
                self._hidden[object_id] = hidden
            return
        before.setdefault(object_id, old)
        self._drop(old)
        del self._by_id[object_id]
        if waiting := self._hidden.get(object_id):
            self._store(waiting.pop(0))
            if not waiting:
                del self._hidden[object_id]

    def _store(self, entry: Entry) -> None:
        kind = entry.resource.type
        same_type = self._by_type.setdefault(kind, {})
        old = same_type.get(entry.id)
        self._by_id[entry.id] = same_type[entry.id] = entry
        self._order.pop(kind, None)
        if old is None and (ids := self._ids.get(kind)) is not None:
            insort(ids, entry.id)
        for name, index in self._indexes.get(kind, {}).items():
            if old is not None and (key := index(old.object)) is not None:
                self._unrelate(kind, name, key, entry.id)
            if (key := index(entry.object)) is not None:
                self._related.setdefault((kind, name, key), {})[entry.id] = entry

    def _drop(self, entry: Entry) -> None:
        """Take an entry out of its type's tables."""
        kind = entry.resource.type
        self._by_type[kind].pop(entry.id, None)
        self._order.pop(kind, None)
        if (ids := self._ids.get(kind)) is not None:
            del ids[bisect_left(ids, entry.id)]
        for name, index in self._indexes.get(kind, {}).items():
            if (key := index(entry.object)) is not None:
                self._unrelate(kind, name, key, entry.id)

    def _unrelate(self, kind: str, name: str, key: str, object_id: str) -> None:
        entries = self._related.get((kind, name, key))
        if entries is not None:
            entries.pop(object_id, None)
            if not entries:
                del self._related[kind, name, key]

    def _commit(self, before: dict[str, Entry | None]) -> Commit | None:
        changes = []
        size = 0
        for object_id, old in before.items():
            new = self._by_id.get(object_id)
            if old is None and new is None:
                continue
            if old is not None and new is not None and old.resource is new.resource and old.body == new.body:
                continue  # removed and shown again within one batch, unchanged
            changes.append(Change(object_id, old, new))
            size += 200 + (0 if old is None else len(old.body))
        if not changes:
            return None
        self.revision += 1
        for change in changes:
            for entry in (change.before, change.after):
                if entry is not None:
                    self._type_revision[entry.resource.type] = self.revision
        commit = Commit(self.revision, tuple(changes), size)
        self._publish(commit)
        return commit
