"""Holding: nobody grants what he does not hold, neither by giving a right nor by taking away what denies it."""

from collections.abc import Iterable

from podium.cache.filter import parse_filter
from podium.errors import CannotGrant
from podium.services.access import Viewer
from podium.services.catalogue import covers
from podium.services.rights.grant import Grant
from podium.services.rights.rules import GrantedRules

ADMINISTRATION = {"action": "*", "resource": "*"}
"""What the global permission "admin" comes to."""


def require_held(by: Viewer, wanted: Iterable[Grant]) -> None:
    """Raises CannotGrant, with what of it `by` does not hold himself. The effect of the grants does not matter."""
    if by.is_admin:
        return
    held = by.rules.grants if isinstance(by.rules, GrantedRules) else frozenset[Grant]()
    missing = [grant for grant in wanted if not holds(held, grant)]
    if missing:
        raise CannotGrant([_described(grant) for grant in missing])


def require_gains(by: Viewer, before: Iterable[Grant], after: Iterable[Grant]) -> None:
    """Raises CannotGrant unless `by` holds what somebody gains whose grants were those and become these."""
    old, new = set(before), set(after)
    gains = [grant for grant in new - old if grant.effect == "allow"]
    gains += [grant for grant in old - new if grant.effect == "deny"]
    require_held(by, gains)


def require_administrator(by: Viewer) -> None:
    """Raises CannotGrant unless `by` is an administrator himself."""
    if not by.is_admin:
        raise CannotGrant([ADMINISTRATION])


def holds(held: Iterable[Grant], wanted: Grant) -> bool:
    """Whether one of the grants held allows all that `wanted` does, and none denies any of it.

    Where that cannot be told from the words alone, it does not.
    """
    held = list(held)
    return any(one.effect == "allow" and _includes(one, wanted) for one in held) and not any(
        one.effect == "deny" and _touches(one, wanted) for one in held
    )


def _includes(one: Grant, wanted: Grant) -> bool:
    if one.resource != wanted.resource or not covers(one.action, wanted.action):
        return False
    if wanted.reach == "inside" and one.reach != "inside":
        return False
    return one.selector in ("", wanted.selector) or _terms(one.selector) <= _terms(wanted.selector)


def _touches(denied: Grant, wanted: Grant) -> bool:
    deep = "inside" in (denied.reach, wanted.reach)
    if denied.resource != wanted.resource and not deep:
        return False
    return covers(denied.action, wanted.action) or covers(wanted.action, denied.action)


def _terms(selector: str) -> frozenset[object]:
    """The terms side by side: an object has to match them all. None are those of no selector."""
    return frozenset(parse_filter(selector).node.terms) if selector else frozenset()


def _described(grant: Grant) -> dict[str, str]:
    found = {"action": grant.action, "resource": grant.resource}
    if grant.selector:
        found["selector"] = grant.selector
    if grant.reach == "inside":
        found["reach"] = grant.reach
    return found
