"""Can: whether somebody may, and which privilege decides, without trying."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET

from podium.cache.objects import Objects
from podium.model.base import Maybe, XoObject
from podium.model.role import Privilege
from podium.services.access import Viewer
from podium.services.catalogue import require_known
from podium.services.people import People
from podium.services.rights.grant import Grant
from podium.services.rights.rules import GrantedRules


class Deciding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The privilege that decides. `words`: it for people."""

    id: str
    role_id: str
    role: str
    words: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """About one object; without `id`, about the resource as such, or something new.

    `privilege` is left out where no privilege says anything, where it is one's own right, and for administrators.
    """

    id: str | Maybe = UNSET
    allowed: bool
    privilege: Deciding | Maybe = UNSET


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One check: `allowed` when it is for all of its objects."""

    action: str
    resource: str
    allowed: bool
    answers: tuple[Answer, ...]


class Can:
    """Answers for one viewer at a time."""

    def __init__(self, people: People, objects: Objects) -> None:
        self._people = people
        self._objects = objects

    def check(
        self, action: str, resource: str, ids: Sequence[str] | None, body: Mapping[str, object] | None, *, by: Viewer
    ) -> Checked:
        """Raises InvalidParameters for what is not in the catalogue. What does not exist is not allowed."""
        require_known(resource, action)
        if ids is None:
            about = None if body is None else dict(body)
            answers = [self._answer(action, resource, about, UNSET, by)]
        else:
            answers = [self._about(action, resource, one, by) for one in ids]
        return Checked(
            action=action, resource=resource, allowed=all(one.allowed for one in answers), answers=tuple(answers)
        )

    def _about(self, action: str, resource: str, object_id: str, by: Viewer) -> Answer:
        entry = self._objects.get(object_id)
        if entry is None or entry.resource.privilege != resource:
            return Answer(id=object_id, allowed=False)
        answer = self._answer(action, resource, entry.object, object_id, by)
        # what denies somebody an object would tell him that there is one
        return answer if answer.allowed or by.sees(entry) else Answer(id=object_id, allowed=False)

    def _answer(
        self, action: str, resource: str, about: XoObject | dict[str, object] | None, object_id: str | Maybe, by: Viewer
    ) -> Answer:
        allowed = by.may(action, resource, about)
        rules = by.rules
        grant = rules.deciding(action, resource, about) if isinstance(rules, GrantedRules) else None
        deciding: Deciding | Maybe = UNSET
        if grant is not None and allowed == (grant.effect == "allow"):
            deciding = self._deciding(grant, by.user_id)
        return Answer(id=object_id, allowed=allowed, privilege=deciding)

    def _deciding(self, grant: Grant, user_id: str) -> Deciding | Maybe:
        found: Privilege | None = next(
            (one for one in self._people.rights.privileges(user_id) if Grant.of(one) == grant), None
        )
        if found is None:
            return UNSET
        role = self._people.role(found.role_id)
        return Deciding(id=found.id, role_id=role.id, role=role.name, words=grant.words())
