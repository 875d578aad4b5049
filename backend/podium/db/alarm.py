"""Thresholds, the alarms that they raised, and who has acknowledged which alarm (also a pool's own)."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class AlarmRuleRow(Base, kw_only=True):
    """`kind`: type of the objects it is about; `channels`: ids of those who are told."""

    __tablename__ = "alarm_rule"
    __table_args__ = (
        CheckConstraint("comparison IN ('above', 'below')", name="comparison"),
        CheckConstraint("severity IN ('info', 'warning', 'critical')", name="severity"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    metric: Mapped[str] = mapped_column(String(64))
    comparison: Mapped[str] = mapped_column(String(8))
    threshold: Mapped[float]
    clear: Mapped[float]
    duration_s: Mapped[int]
    clear_duration_s: Mapped[int]
    severity: Mapped[str] = mapped_column(String(16))
    filter: Mapped[str] = mapped_column(Text, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    channels: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    created: Mapped[datetime]
    updated: Mapped[datetime]


class AlarmRow(Base, kw_only=True):
    """An alarm of ours. It holds what it takes to show it when rule and object are gone; times are ms since 1970."""

    __tablename__ = "alarm"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(36), index=True)
    object_id: Mapped[str] = mapped_column(String(255), index=True)
    object_type: Mapped[str] = mapped_column(String(16))
    object_name: Mapped[str] = mapped_column(Text)
    pool_id: Mapped[str] = mapped_column(String(255))
    metric: Mapped[str] = mapped_column(String(64))
    severity: Mapped[str] = mapped_column(String(16))
    value: Mapped[float]
    text: Mapped[str] = mapped_column(Text)
    raised_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger, default=None, index=True)


class AcknowledgementRow(Base, kw_only=True):
    """`alarm_id` may be a pool's own alarm, hence no foreign key. `seen_ms`: when that alarm was last there."""

    __tablename__ = "acknowledgement"

    alarm_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    seen_ms: Mapped[int] = mapped_column(BigInteger)
