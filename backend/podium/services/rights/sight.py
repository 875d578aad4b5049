"""Sight: what the holders of one set of grants see of the cache. Each object is judged once, and again when it changes.

An object that reaches into others (a pool, a host, an SR, a VM) may let them in or shut them out without their having
changed; what was seen at earlier revisions is therefore remembered, for those who follow the cache from there.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import count
from typing import Final

from podium.cache.commit import Change
from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.model.base import XoObject
from podium.services.rights import containment
from podium.services.rights.verdict import Verdict
from podium.stream.hub import Hub

REMEMBERED: Final = 4_096
"""Revisions at which somebody looked."""
MOST_TURNED: Final = 200_000
_versions: Final = count(1)

VerdictOn = Callable[[str], Verdict]
"""On reading objects of an RBAC resource."""


class Sight:
    """The memory of one set of grants. Whoever asks brings it up to date first: it costs nothing while nobody looks."""

    def __init__(self, objects: Objects, hub: Hub, verdict: VerdictOn, *, reaches: bool) -> None:
        self._objects = objects
        self._hub = hub
        self._verdict = verdict
        self._reaches = reaches
        self._revision = hub.revision
        self._seen: set[Entry] = set()
        self._unseen: set[Entry] = set()
        self._kinds: set[str] = set()
        self._versions: dict[str, int] = {}
        self._turned: OrderedDict[int, dict[str, bool]] = OrderedDict()
        """By revision: the objects that came into sight (False) or went (True) between the one before and this one."""
        self._size = 0
        self.follow()

    def sees(self, entry: Entry) -> bool:
        """Whether they see it."""
        if self._revision != self._hub.revision:
            self._catch_up()
        if entry in self._seen:
            return True
        return entry not in self._unseen and self._judged(entry)

    def select(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of the entries that they see."""
        if self._revision != self._hub.revision:
            self._catch_up()
        seen, unseen, judged = self._seen, self._unseen, self._judged
        return [entry for entry in entries if entry in seen or (entry not in unseen and judged(entry))]

    def version(self, kind: str) -> int:
        """Names what they see of a type: grows when that changes, whatever else does. Never the same in two Sights."""
        self._catch_up()
        self._kinds.add(kind)
        return self._versions.setdefault(kind, next(_versions))

    def follow(self) -> None:
        """What changes from this revision on will be asked for."""
        self._catch_up()
        self._turned.setdefault(self._revision, {})

    async def warm(self, kind: str) -> None:
        """Judge all objects of a type, in turns."""
        self._kinds.add(kind)
        entries = self._objects.ordered(kind)
        with Turns() as turns:
            await turns.begin(len(entries))
            for entry in entries:
                self.sees(entry)
                await turns.rest()

    def changes(self, kind: str, since: int, net: Mapping[str, Change]) -> Collection[Change] | None:
        """See `View.changes`."""
        self._catch_up()
        turned = self._turned_since(since)
        if turned is None:
            return None
        found = []
        for object_id in {**net, **turned}:
            change = net.get(object_id)
            now = self._objects.get(object_id)
            before, after = (now, now) if change is None else (change.before, change.after)
            sees = after is not None and self.sees(after)
            saw = turned.get(object_id, sees)
            before = before if saw and before is not None and before.resource.type == kind else None
            after = after if sees and after is not None and after.resource.type == kind else None
            if before is not None or after is not None:
                found.append(Change(object_id, before, after))
        return found

    def _turned_since(self, since: int) -> dict[str, bool] | None:
        if since not in self._turned:
            return None
        found: dict[str, bool] = {}
        for revision in reversed(self._turned):
            if revision <= since:
                break
            found.update(self._turned[revision])
        return found

    def _judged(self, entry: Entry) -> bool:
        sees = self._judge(entry)
        if self._objects.get(entry.id) is entry:
            (self._seen if sees else self._unseen).add(entry)
            self._kinds.add(entry.resource.type)
        return sees

    def _judge(self, entry: Entry) -> bool:
        return self._verdict(entry.resource.privilege).of(entry.object, self._containers)

    def _containers(self, obj: object) -> list[XoObject]:
        return containment.containers(obj, self._objects) if isinstance(obj, XoObject) else []

    def _catch_up(self) -> None:
        revision = self._hub.revision
        if self._revision == revision:
            return
        net = self._hub.net(self._revision)
        self._revision = revision
        if net is None:
            self._forget()
            return
        turned: dict[str, bool] = {}
        for change in [*net.values(), *self._affected(net)]:
            self._step(change, turned)
        self._turned[revision] = turned
        self._size += len(turned)
        while len(self._turned) > REMEMBERED or (self._size > MOST_TURNED and len(self._turned) > 1):
            self._size -= len(self._turned.popitem(last=False)[1])

    def _step(self, change: Change, turned: dict[str, bool]) -> None:
        """Judge an object again. What was never judged before is judged as it would have been."""
        before, after = change.before, change.after
        saw = before is not None and self._was_seen(before)
        sees = False
        if after is not None and after.resource.type in self._kinds:
            self._unseen.discard(after)
            self._seen.discard(after)
            sees = self._judged(after)
        if saw != sees:
            turned[change.id] = saw
        if saw or sees:
            for entry in (before, after):
                if entry is not None and entry.resource.type in self._versions:
                    self._versions[entry.resource.type] = next(_versions)

    def _was_seen(self, entry: Entry) -> bool:
        if entry in self._seen:
            self._seen.remove(entry)
            return True
        if entry in self._unseen:
            self._unseen.remove(entry)
            return False
        return entry.resource.type in self._kinds and self._judge(entry)

    def _affected(self, net: Mapping[str, Change]) -> Iterable[Change]:
        """What did not change itself, but may be let in or shut out by a change of what it is inside of."""
        if not self._reaches:
            return ()
        found: dict[str, Change] = {}
        for change in net.values():
            if self._matters(change):
                for one in (change.before, change.after):
                    if one is not None:
                        for object_id, entry in containment.inside(one.object, self._objects).items():
                            if object_id not in net:
                                found[object_id] = Change(object_id, entry, entry)
        return found.values()

    def _matters(self, change: Change) -> bool:
        return self._reach_of(change.before) != self._reach_of(change.after)

    def _reach_of(self, entry: Entry | None) -> object:
        """On what it depends whether the object lets others in: itself, and what it is inside of."""
        if entry is None:
            return None
        verdict = self._verdict(entry.resource.privilege)
        around = tuple(parent.id for parent in containment.parents(entry.object, self._objects))
        return verdict.reaching(entry.resource.privilege, entry.object), around

    def _forget(self) -> None:
        """Too much has happened since somebody looked."""
        self._seen.clear()
        self._unseen.clear()
        self._turned.clear()
        self._size = 0
        self._versions = {kind: next(_versions) for kind in self._versions}
        self._turned[self._revision] = {}
