"""The one decision point: who may see and do what. REST, streams, consoles and exports all ask a Viewer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

from podium.cache.commit import Change
from podium.cache.entry import Entry
from podium.errors import MissingPrivileges
from podium.model.base import XoObject
from podium.model.task import Task
from podium.model.user import User
from podium.stream.view import Steady, View

READ: Final = "read"
About = XoObject | Mapping[str, object]
"""What is to be read or done something to; of something new: the request's body."""


class Rules(Protocol):
    """What one user's rights come down to. It never changes: other rules take its place (`Viewer.adopt`)."""

    @property
    def key(self) -> str:
        """Viewers whose rules have equal keys see the same, but for what is their own."""

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool: ...

    def might(self, action: str, resource: str) -> bool:
        """Whether there is anything that it may be done to, perhaps."""

    def sees_all(self, resource: str) -> bool: ...

    def sees(self, entry: Entry) -> bool: ...

    def select(self, entries: Sequence[Entry]) -> Iterable[Entry]: ...

    def version(self, kind: str) -> str | None:
        """Names what is seen of a type; None: it cannot be told without looking."""

    def view(self) -> View:
        """For streams."""


class PlainRules(Steady):
    """Root of rules that depend on nothing but the object itself."""

    key: str = ""

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:
        raise NotImplementedError

    def might(self, action: str, resource: str) -> bool:  # noqa: ARG002
        return True

    def sees_all(self, resource: str) -> bool:  # noqa: ARG002
        return False

    def sees(self, entry: Entry) -> bool:
        return self.may(READ, entry.resource.privilege, entry.object)

    def select(self, entries: Sequence[Entry]) -> Iterable[Entry]:
        return filter(self.sees, entries)

    def version(self, kind: str) -> str | None:  # noqa: ARG002
        return None

    def view(self) -> View:
        return self


class Everything(PlainRules):
    """Permission "admin"."""

    key = "admin"

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:  # noqa: ARG002
        return True

    def sees_all(self, resource: str) -> bool:  # noqa: ARG002
        return True

    def sees(self, entry: Entry) -> bool:  # noqa: ARG002
        return True


class Nothing(PlainRules):
    """No right at all, but to what is one's own."""

    key = "nothing"

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:  # noqa: ARG002
        return False

    def might(self, action: str, resource: str) -> bool:  # noqa: ARG002
        return False

    def sees(self, entry: Entry) -> bool:  # noqa: ARG002
        return False


EVERYTHING: Final = Everything()
NOTHING: Final = Nothing()

_OWN_ACTIONS: Final[dict[str, frozenset[str]]] = {
    "user": frozenset({READ, "update:preferences"}),
    "task": frozenset({READ, "abort", "delete"}),
}
"""What everybody may do: to himself, and to the Tasks that he started."""


class Viewer:
    """A user as the rest of Podium sees him. All his logins share it; his rights change while he is signed in."""

    __slots__ = ("__weakref__", "_is_admin", "_rules", "changed_at", "user_id")

    def __init__(self, user_id: str, rules: Rules, *, is_admin: bool) -> None:
        self.user_id = user_id
        self._is_admin = is_admin
        self._rules = rules
        self.changed_at = 0
        """The cache's revision at which his rights became what they are: whoever resumes from before begins anew."""

    @property
    def is_admin(self) -> bool:
        return self._is_admin

    @property
    def key(self) -> str:
        """Viewers with equal keys see the same, whatever changes."""
        return self._rules.key if self._is_admin else f"{self._rules.key}@{self.user_id}"

    @property
    def rules(self) -> Rules:
        return self._rules

    def adopt(self, rules: Rules, *, is_admin: bool, revision: int) -> None:
        """From now on, other rights. His streams notice with the commit of that revision."""
        if rules.key != self._rules.key or is_admin != self._is_admin:
            self._rules = rules
            self._is_admin = is_admin
            self.changed_at = revision

    def may(self, action: str, resource: str, obj: About | None = None, *, around: Sequence[XoObject] = ()) -> bool:
        """Whether the viewer may do `action` ("read", "update:tags") to `obj` of the RBAC `resource` ("vm-snapshot").

        What is to be made is not there yet: `obj` is the request's body then, and `around` what it will be inside of.
        """
        if action in _OWN_ACTIONS.get(resource, ()) and is_own(obj, self.user_id):
            return True
        return self._rules.may(action, resource, obj, around)

    def sees(self, entry: Entry) -> bool:
        """Whether the viewer may read that object."""
        return self._rules.sees(entry) or (
            entry.resource.privilege in _OWN_ACTIONS and is_own(entry.object, self.user_id)
        )

    def select(self, entries: Sequence[Entry]) -> Iterable[Entry]:
        """Those that the viewer may read, of entries that are all of one type or few."""
        if any(entry.resource.privilege in _OWN_ACTIONS for entry in entries[:1]):
            return filter(self.sees, entries)
        return self._rules.select(entries)

    def sees_all(self, resource: str) -> bool:
        """Whether rows of that resource need no filter for this viewer."""
        return self._rules.sees_all(resource)

    def version(self, kind: str) -> str | None:
        """Names what the viewer sees of a type, for ETags; None: it cannot be told without looking."""
        return None if kind in _OWN_ACTIONS else self._rules.version(kind)

    def view(self, kind: str) -> tuple[str, View]:
        """What he sees of a type as of now, for streams, and its key: equal keys, equal views."""
        if self._is_admin or kind not in _OWN_ACTIONS:
            return self._rules.key, self._rules.view()
        return self.key, _Personal(self._rules.view(), self.user_id)

    def require(self, action: str, resource: str, obj: About | None = None, *, around: Sequence[XoObject] = ()) -> None:
        """Raises MissingPrivileges unless the viewer may."""
        if not self.may(action, resource, obj, around=around):
            missing: dict[str, str] = {"action": action, "resource": resource}
            if isinstance(obj, XoObject):
                missing["objectId"] = obj.id
            raise MissingPrivileges([missing])

    def require_any(self, action: str, resource: str) -> None:
        """Raises MissingPrivileges when there is nothing at all that the viewer might do that to.

        To be asked before what a body names is looked for: who may do nothing learns nothing of it.
        """
        if not self.rules.might(action, resource):
            raise MissingPrivileges([{"action": action, "resource": resource}])

    def require_all(self, action: str, resource: str, objects: Sequence[XoObject]) -> None:
        """Raises MissingPrivileges, with all objects that are in the way, unless the viewer may do that to each."""
        denied = [one.id for one in objects if not self.may(action, resource, one)]
        if denied:
            which: dict[str, object] = {"objectId": denied[0]} if len(denied) == 1 else {"objectIds": denied}
            raise MissingPrivileges([{"action": action, "resource": resource, **which}])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.user_id}, {self.key})"


class _Personal:
    """A view, and what is one's own: oneself, and the Tasks that one started."""

    def __init__(self, others: View, user_id: str) -> None:
        self._others = others
        self._user_id = user_id

    def sees(self, entry: Entry) -> bool:
        return self._owns(entry) or self._others.sees(entry)

    def follow(self) -> None:
        self._others.follow()

    async def warm(self, kind: str) -> None:
        await self._others.warm(kind)

    def changes(self, kind: str, since: int, net: Mapping[str, Change]) -> Collection[Change] | None:
        others = self._others.changes(kind, since, net)
        if others is None:
            return None
        found = {change.id: change for change in others}
        for change in net.values():
            sides = (change.before, change.after)
            own = [one if one is not None and one.resource.type == kind and self._owns(one) else None for one in sides]
            if any(own):
                seen = found.get(change.id)
                before, after = (None, None) if seen is None else (seen.before, seen.after)
                found[change.id] = Change(change.id, own[0] or before, own[1] or after)
        return found.values()

    def _owns(self, entry: Entry) -> bool:
        return is_own(entry.object, self._user_id)


def is_own(obj: object, user_id: str) -> bool:
    """Whether it is the user himself, or a Task that he started."""
    if isinstance(obj, User):
        return obj.id == user_id
    return isinstance(obj, Task) and obj.properties.user_id == user_id


def viewer_of(user_id: str, permission: str) -> Viewer:
    """A viewer with that global permission and no roles, e.g. the operator at the command line."""
    if permission == "admin":
        return Viewer(user_id, EVERYTHING, is_admin=True)
    return Viewer(user_id, NOTHING, is_admin=False)
