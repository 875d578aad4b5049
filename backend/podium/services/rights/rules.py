"""Rules of a set of grants: compiled once, shared by all users who hold that set."""

import hashlib
from collections.abc import Iterable, Sequence

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.model.base import XoObject
from podium.services.access import READ, About
from podium.services.rights import containment
from podium.services.rights.grant import Grant
from podium.services.rights.sight import Sight
from podium.services.rights.verdict import Verdict, deciding
from podium.stream.hub import Hub
from podium.stream.view import View


class GrantedRules:
    """See `access.Rules`. A grant on an object that is denied nowhere is a right to it."""

    def __init__(self, grants: frozenset[Grant], *, objects: Objects, hub: Hub) -> None:
        self.grants = grants
        self.key = key_of(grants)
        self._objects = objects
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        reaches = any(grant.reach == "inside" for grant in grants)
        self._sight = Sight(objects, hub, lambda resource: self.verdict(READ, resource), reaches=reaches)

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:
        """Without an object, only what is granted for all of the resource and denied for none is."""
        verdict = self.verdict(action, resource)
        if obj is None:
            return verdict.all
        return verdict.of(obj, lambda one: self.around(one, around))

    def might(self, action: str, resource: str) -> bool:
        return not self.verdict(action, resource).none

    def sees_all(self, resource: str) -> bool:
        return self.verdict(READ, resource).all

    def sees(self, entry: Entry) -> bool:
        return self._sight.sees(entry)

    def select(self, entries: Sequence[Entry]) -> Iterable[Entry]:
        return self._sight.select(entries)

    def version(self, kind: str) -> str | None:
        return f"s{self._sight.version(kind)}"

    def view(self) -> View:
        return self._sight

    def verdict(self, action: str, resource: str) -> Verdict:
        """What the grants say on that action."""
        found = self._verdicts.get((resource, action))
        if found is None:
            found = self._verdicts[resource, action] = Verdict(self.grants, resource, action)
        return found

    def deciding(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> Grant | None:
        """The grant that decides; None: none speaks of it."""
        return deciding(self.verdict(action, resource).grants, resource, obj, self.around(obj, around))

    def around(self, obj: object, around: Sequence[XoObject]) -> list[XoObject]:
        """All that an object is inside of, or something new will be when it is put into those."""
        if isinstance(obj, XoObject):
            return containment.containers(obj, self._objects)
        found = {one.id: one for one in around}
        for one in around:
            found.update((outer.id, outer) for outer in containment.containers(one, self._objects))
        return list(found.values())


def key_of(grants: Iterable[Grant]) -> str:
    """Names a set of grants."""
    text = "\n".join(sorted(repr(tuple(grant)) for grant in grants))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
