"""Rights: who holds which privileges, by himself and through his groups, and the Viewer that comes of it."""

from collections.abc import Iterable
from weakref import WeakValueDictionary

from podium.cache.objects import Objects
from podium.model.role import Group, Privilege, Role
from podium.model.user import User
from podium.services.access import EVERYTHING, NOTHING, Rules, Viewer
from podium.services.rights.grant import Grant
from podium.services.rights.rules import GrantedRules
from podium.services.rights.set_members import implied
from podium.stream.hub import Hub


class Rights:
    """Groups, roles and privileges are read in the cache, so that no request and no event asks the database.

    A user's logins share one Viewer. When his rights change, it adopts the new ones in the step that shows the change.
    """

    def __init__(self, objects: Objects, hub: Hub) -> None:
        self._objects = objects
        self._hub = hub
        self._viewers: WeakValueDictionary[str, Viewer] = WeakValueDictionary()
        self._rules: WeakValueDictionary[frozenset[Grant], GrantedRules] = WeakValueDictionary()
        self._changed: dict[str, int] = {}

    def viewer(self, user_id: str, permission: str) -> Viewer:
        """The user's Viewer. `permission`: his global one, as the database has it just now."""
        is_admin = permission == "admin"
        rules = EVERYTHING if is_admin else self._rules_of(user_id)
        viewer = self._viewers.get(user_id)
        if viewer is None:
            viewer = self._viewers[user_id] = Viewer(user_id, rules, is_admin=is_admin)
            viewer.changed_at = self._changed.get(user_id, 0)
        else:
            self._adopt(viewer, rules, is_admin=is_admin)
        return viewer

    def of_user(self, user: User) -> Viewer:
        """The Viewer of a user whom the cache knows."""
        return self.viewer(user.id, user.permission)

    def privileges(self, user_id: str) -> list[Privilege]:
        """All that the user holds, by id."""
        found = {privilege.id: privilege for role in self.roles(user_id) for privilege in self.of_role(role)}
        return [found[key] for key in sorted(found)]

    def roles(self, user_id: str) -> list[Role]:
        """The roles that the user has, by himself or through a group."""
        groups = {group.id for group in self.groups(user_id)}
        entries = self._objects.of_type("acl-role").values()
        roles = [entry.object for entry in entries if isinstance(entry.object, Role)]
        return [role for role in roles if user_id in role.user_ids or not groups.isdisjoint(role.group_ids)]

    def groups(self, user_id: str) -> list[Group]:
        """The groups that the user is in, by id."""
        entries = self._objects.ordered("group")
        groups = [entry.object for entry in entries if isinstance(entry.object, Group)]
        return [group for group in groups if user_id in group.users]

    def of_role(self, role: Role) -> list[Privilege]:
        """What a role holds."""
        entries = [self._objects.of_type("acl-privilege").get(one) for one in role.privilege_ids]
        return [one.object for one in entries if one is not None and isinstance(one.object, Privilege)]

    def holders(self, role: Role) -> set[str]:
        """The users who have a role, by themselves or through a group."""
        found = set(role.user_ids)
        for group_id in role.group_ids:
            entry = self._objects.of_type("group").get(group_id)
            if entry is not None and isinstance(entry.object, Group):
                found.update(entry.object.users)
        return found

    def refresh(self, user_ids: Iterable[str]) -> None:
        """The rights of these users may have changed. Within the step in which the cache shows it."""
        for user_id in user_ids:
            self._changed[user_id] = self._hub.revision
            viewer = self._viewers.get(user_id)
            if viewer is None:
                continue
            entry = self._objects.of_type("user").get(user_id)
            is_admin = entry is not None and isinstance(entry.object, User) and entry.object.permission == "admin"
            self._adopt(viewer, EVERYTHING if is_admin else self._rules_of(user_id), is_admin=is_admin)

    def _adopt(self, viewer: Viewer, rules: Rules, *, is_admin: bool) -> None:
        viewer.adopt(rules, is_admin=is_admin, revision=self._hub.revision)

    def _rules_of(self, user_id: str) -> Rules:
        grants = frozenset(map(Grant.of, self.privileges(user_id))) | implied(self._objects, user_id)
        if not grants:
            return NOTHING
        rules = self._rules.get(grants)
        if rules is None:
            rules = self._rules[grants] = GrantedRules(grants, objects=self._objects, hub=self._hub)
        return rules
