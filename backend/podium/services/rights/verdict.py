"""Verdict: who of all the grants has a say on one action on one resource, and what they say of an object."""

from collections.abc import Callable, Iterable, Sequence

from podium.model.base import XoObject
from podium.model.registry import BY_STRUCT
from podium.services.catalogue import covers
from podium.services.rights.grant import Grant
from podium.services.rights.selectors import Selectors

Containers = Callable[[object], Sequence[XoObject]]
"""What an object is inside of."""


class Verdict:
    """Allowed is what one grant allows and none denies."""

    __slots__ = ("_allow", "_allow_inside", "_deny", "_deny_inside", "all", "grants", "none", "reaches")

    def __init__(self, grants: Iterable[Grant], resource: str, action: str) -> None:
        said = [grant for grant in grants if covers(grant.action, action)]
        direct = [grant for grant in said if grant.resource == resource]
        deep = [grant for grant in said if grant.reach == "inside"]
        self.grants = tuple(grant for grant in said if grant.resource == resource or grant.reach == "inside")
        self._allow = Selectors(grant.selector for grant in direct if grant.effect == "allow")
        self._deny = Selectors(grant.selector for grant in direct if grant.effect == "deny")
        self._allow_inside = _by_resource(grant for grant in deep if grant.effect == "allow")
        self._deny_inside = _by_resource(grant for grant in deep if grant.effect == "deny")
        self.reaches = bool(self._allow_inside or self._deny_inside)
        """Whether what an object is inside of makes a difference."""
        self.all = self._allow.everything and self._deny.none and not self._deny_inside
        self.none = (self._allow.none and not self._allow_inside) or self._deny.everything

    def of(self, obj: object, containers: Containers) -> bool:
        """What they say of an object; `containers` is asked only where that makes a difference."""
        if self.all or self.none:
            return self.all
        if not self.reaches:
            return self._allow.match(obj) and not self._deny.match(obj)
        if self._deny.match(obj):
            return False
        around = [(BY_STRUCT[type(one)].privilege, one) for one in containers(obj)]
        if not (self._allow.match(obj) or _any_inside(self._allow_inside, around)):
            return False
        return not _any_inside(self._deny_inside, around)

    def reaching(self, resource: str, obj: XoObject) -> tuple[bool, bool]:
        """What they say of all that is inside `obj` on its account: whether allowed, whether denied."""
        return _hit(self._allow_inside, resource, obj), _hit(self._deny_inside, resource, obj)


def deciding(grants: Iterable[Grant], resource: str, obj: object, around: Sequence[XoObject]) -> Grant | None:
    """The grant that decides on an object, of those on the action: the first that denies, else the first that allows.

    None: nothing is said, so it is denied.
    """
    found = None
    for grant in sorted(grants, key=lambda one: one.effect != "deny"):
        selects = Selectors([grant.selector])
        hit = grant.resource == resource and (selects.everything if obj is None else selects.match(obj))
        if not hit and grant.reach == "inside":
            hit = any(BY_STRUCT[type(one)].privilege == grant.resource and selects.match(one) for one in around)
        if hit:
            found = grant
            break
    return found


def _by_resource(grants: Iterable[Grant]) -> dict[str, Selectors]:
    texts: dict[str, list[str]] = {}
    for grant in grants:
        texts.setdefault(grant.resource, []).append(grant.selector)
    return {resource: Selectors(some) for resource, some in texts.items()}


def _hit(inside: dict[str, Selectors], resource: str, obj: XoObject) -> bool:
    selects = inside.get(resource)
    return selects is not None and selects.match(obj)


def _any_inside(inside: dict[str, Selectors], around: Sequence[tuple[str, XoObject]]) -> bool:
    return any(_hit(inside, resource, one) for resource, one in around)
