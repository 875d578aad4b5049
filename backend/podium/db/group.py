"""Groups of users, and who is in them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class GroupRow(Base, kw_only=True):
    """`name_key` is the name as compared, among the groups of one provider ("": made here by hand).

    A `provider` ("ldap") decides who is in its groups; it knows this one as `provider_group_id`.
    """

    __tablename__ = "group"
    __table_args__ = (Index("ix_group_provider_name_key", "provider", "name_key", unique=True),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    name_key: Mapped[str] = mapped_column(String(1024), repr=False)
    provider: Mapped[str] = mapped_column(String(64), default="")
    provider_group_id: Mapped[str | None] = mapped_column(String(512), default=None)
    created: Mapped[datetime]


class MembershipRow(Base, kw_only=True):
    """A user is in a group."""

    __tablename__ = "membership"

    group_id: Mapped[str] = mapped_column(ForeignKey("group.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)
