"""Grant: a privilege without its name and place, as decisions need it."""

from typing import NamedTuple

from podium.model.role import Effect, Privilege, Reach


class Grant(NamedTuple):
    """`selector` "": any object."""

    resource: str
    action: str
    effect: Effect = "allow"
    selector: str = ""
    reach: Reach = "self"

    @classmethod
    def of(cls, privilege: Privilege) -> "Grant":
        selector = privilege.selector if isinstance(privilege.selector, str) else ""
        return cls(privilege.resource, privilege.action, privilege.effect, selector.strip(), privilege.reach)

    def words(self) -> str:
        """For people: `allow vm:start on tags:prod and what is inside`."""
        where = f" on {self.selector}" if self.selector else ""
        return f"{self.effect} {self.resource}:{self.action}{where}{' and what is inside' * (self.reach == 'inside')}"
