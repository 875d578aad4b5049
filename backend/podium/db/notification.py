"""Channels, and the outbox: what has to be told to whom, until it has been."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class ChannelRow(Base, kw_only=True):
    """`settings` are those that may be shown; `secrets` a sealed JSON object of the others."""

    __tablename__ = "notification_channel"
    __table_args__ = (CheckConstraint("kind IN ('webhook', 'email')", name="kind"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    enabled: Mapped[bool] = mapped_column(default=True)
    minimum_severity: Mapped[str] = mapped_column(String(16))
    events: Mapped[list[str]] = mapped_column(JSON)
    pool_alarms: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(8))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, repr=False)
    secrets: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    created: Mapped[datetime]
    updated: Mapped[datetime]
    last_sent_ms: Mapped[int | None] = mapped_column(BigInteger, default=None)
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
    last_error_ms: Mapped[int | None] = mapped_column(BigInteger, default=None)


class NotificationRow(Base, kw_only=True):
    """One message. `payload` is the event as JSON; times are ms since 1970. Its channel may be gone."""

    __tablename__ = "notification"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sent', 'failed')", name="state"),
        Index("ix_notification_state_created_ms", "state", "created_ms"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    channel_id: Mapped[str] = mapped_column(String(36))
    alarm_id: Mapped[str] = mapped_column(String(255))
    alarms: Mapped[int]
    event: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Text)
    payload: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    created_ms: Mapped[int] = mapped_column(BigInteger)
    since_ms: Mapped[int] = mapped_column(BigInteger)
    """When trying began: at `created_ms`, or when somebody asked for it again."""
    next_ms: Mapped[int | None] = mapped_column(BigInteger, default=None)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger, default=None)
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
