"""The one decision point: who may see and do what. REST, streams, consoles and exports all ask a Viewer."""

from typing import Final, Protocol

from podium.cache.entry import Entry
from podium.errors import MissingPrivileges
from podium.model.base import XoObject

READ: Final = "read"


class Rules(Protocol):
    """What one user's rights come down to. Roles and privileges will be another implementation of this."""

    key: str
    """Viewers whose rules have equal keys see the same."""

    def may(self, action: str, resource: str, obj: XoObject | None) -> bool: ...

    def sees_all(self, resource: str) -> bool: ...


class Everything:
    """Permission "admin"."""

    key = "admin"

    def may(self, action: str, resource: str, obj: XoObject | None) -> bool:  # noqa: ARG002
        return True

    def sees_all(self, resource: str) -> bool:  # noqa: ARG002
        return True


class OnlyOneself:
    """Permission "none": reads itself and keeps its own preferences."""

    _OWN: Final = frozenset({READ, "update:preferences"})

    def __init__(self, user_id: str) -> None:
        self.key = f"user:{user_id}"
        self._user_id = user_id

    def may(self, action: str, resource: str, obj: XoObject | None) -> bool:
        return resource == "user" and obj is not None and obj.id == self._user_id and action in self._OWN

    def sees_all(self, resource: str) -> bool:  # noqa: ARG002
        return False


class Viewer:
    """A user as the rest of Podium sees him. Immutable: when his rights change, his sessions end and begin anew."""

    __slots__ = ("_rules", "is_admin", "key", "user_id")

    def __init__(self, user_id: str, rules: Rules, *, is_admin: bool) -> None:
        self.user_id = user_id
        self.is_admin = is_admin
        self.key = rules.key
        self._rules = rules

    def may(self, action: str, resource: str, obj: XoObject | None = None) -> bool:
        """Whether the viewer may do `action` ("read", "update:tags") to `obj` of the RBAC `resource` ("vm-snapshot").

        Without an object: to the resource as such, e.g. create one.
        """
        return self._rules.may(action, resource, obj)

    def sees(self, entry: Entry) -> bool:
        """Whether the viewer may read that object."""
        return self._rules.sees_all(entry.resource.privilege) or self._rules.may(
            READ, entry.resource.privilege, entry.object
        )

    def sees_all(self, resource: str) -> bool:
        """Whether rows of that resource need no filter for this viewer."""
        return self._rules.sees_all(resource)

    def require(self, action: str, resource: str, obj: XoObject | None = None) -> None:
        """Raises MissingPrivileges unless the viewer may."""
        if not self.may(action, resource, obj):
            missing: dict[str, str] = {"action": action, "resource": resource}
            if obj is not None:
                missing["objectId"] = obj.id
            raise MissingPrivileges([missing])

    def __repr__(self) -> str:
        return f"Viewer({self.user_id}, {self.key})"


def viewer_of(user_id: str, permission: str) -> Viewer:
    """The viewer for a user with that global permission."""
    if permission == "admin":
        return Viewer(user_id, Everything(), is_admin=True)
    return Viewer(user_id, OnlyOneself(user_id), is_admin=False)
