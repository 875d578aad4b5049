"""Roles, what they allow and deny, and who has them. The built-in templates are not stored: they are this version's."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class RoleRow(Base, kw_only=True):
    """`template_id`: the built-in template it is a copy of. `grant_key`: made for a classic grant, and for no other."""

    __tablename__ = "acl_role"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text, default=None)
    template_id: Mapped[str | None] = mapped_column(String(36), default=None)
    grant_key: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    created: Mapped[datetime]


class PrivilegeRow(Base, kw_only=True):
    """`selector`: in the language of filters; None: any object. `reach`: "self", or "inside" what it selects, too."""

    __tablename__ = "acl_privilege"
    __table_args__ = (
        CheckConstraint("effect IN ('allow', 'deny')", name="effect"),
        CheckConstraint("reach IN ('self', 'inside')", name="reach"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    role_id: Mapped[str] = mapped_column(ForeignKey("acl_role.id", ondelete="CASCADE"), index=True)
    resource: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    effect: Mapped[str] = mapped_column(String(8))
    selector: Mapped[str | None] = mapped_column(Text, default=None)
    reach: Mapped[str] = mapped_column(String(8))
    created: Mapped[datetime]


class RoleOfUserRow(Base, kw_only=True):
    """A user has a role."""

    __tablename__ = "acl_role_user"

    role_id: Mapped[str] = mapped_column(ForeignKey("acl_role.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)


class RoleOfGroupRow(Base, kw_only=True):
    """Everybody in a group has a role."""

    __tablename__ = "acl_role_group"

    role_id: Mapped[str] = mapped_column(ForeignKey("acl_role.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("group.id", ondelete="CASCADE"), primary_key=True, index=True)
