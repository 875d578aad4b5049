"""Alarm rules, their alarms, acknowledgements, notification channels and the outbox."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "alarm_rule",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("comparison", sa.String(8), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("clear", sa.Double(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.Column("clear_duration_s", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_rule"),
        sa.CheckConstraint("comparison IN ('above', 'below')", name=op.f("ck_alarm_rule_comparison")),
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name=op.f("ck_alarm_rule_severity")),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("rule_id", sa.String(36), nullable=False),
        sa.Column("object_id", sa.String(255), nullable=False),
        sa.Column("object_type", sa.String(16), nullable=False),
        sa.Column("object_name", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.String(255), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )
    op.create_index("ix_alarm_rule_id", "alarm", ["rule_id"])
    op.create_index("ix_alarm_object_id", "alarm", ["object_id"])
    op.create_index("ix_alarm_ended_ms", "alarm", ["ended_ms"])
    op.create_table(
        "acknowledgement",
        sa.Column("alarm_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name="pk_acknowledgement"),
    )
    op.create_table(
        "notification_channel",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("minimum_severity", sa.String(16), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("pool_alarms", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sent_ms", sa.BigInteger()),
        sa.Column("last_error", sa.Text()),
        sa.Column("last_error_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_notification_channel"),
        sa.CheckConstraint("kind IN ('webhook', 'email')", name=op.f("ck_notification_channel_kind")),
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("channel_id", sa.String(36), nullable=False),
        sa.Column("alarm_id", sa.String(255), nullable=False),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger()),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.CheckConstraint("state IN ('queued', 'sent', 'failed')", name=op.f("ck_notification_state")),
    )
    op.create_index("ix_notification_state_created_ms", "notification", ["state", "created_ms"])


def downgrade() -> None:
    for table in ("notification", "notification_channel", "acknowledgement", "alarm", "alarm_rule"):
        op.drop_table(table)
