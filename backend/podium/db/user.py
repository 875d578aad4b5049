"""Who may sign in."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class UserRow(Base, kw_only=True):
    """`name_key` is the name as compared: two accounts never differ by case or Unicode form alone.

    `provider` ("oidc", "ldap") vouches for the user, whom it knows as `provider_subject`; his `password_hash` is empty.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("permission IN ('none', 'admin')", name="permission"),
        Index("ix_user_provider_provider_subject", "provider", "provider_subject", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    name_key: Mapped[str] = mapped_column(String(1024), unique=True, repr=False)
    password_hash: Mapped[str] = mapped_column(String(255), repr=False)
    permission: Mapped[str] = mapped_column(String(16))
    preferences: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict, repr=False)
    created: Mapped[datetime]
    provider: Mapped[str | None] = mapped_column(String(64), default=None)
    provider_subject: Mapped[str | None] = mapped_column(String(512), default=None)
