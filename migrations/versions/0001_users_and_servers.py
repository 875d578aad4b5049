"""Users, their tokens, servers, tasks, and the last-known objects."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("name_key", sa.String(1024), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("permission", sa.String(16), nullable=False),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("name_key", name="uq_user_name_key"),
        sa.CheckConstraint("permission IN ('none', 'admin')", name=op.f("ck_user_permission")),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("description", sa.String(1024)),
        sa.Column("client_id", sa.String(255)),
        sa.Column("last_use", sa.DateTime(timezone=True)),
        sa.Column("last_address", sa.String(64)),
        sa.Column("revoked", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_token_user_id_user", ondelete="CASCADE"),
    )
    op.create_index("ix_token_user_id_client_id", "token", ["user_id", "client_id"])
    op.create_index("ix_token_expires", "token", ["expires"])
    op.create_table(
        "server",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("host_key", sa.String(255), nullable=False),
        sa.Column("username", sa.String(255), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(255)),
        sa.Column("http_proxy", sa.LargeBinary()),
        sa.Column("allow_unauthorized", sa.Boolean(), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", sa.String(128)),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pool_id", sa.String(64)),
        sa.Column("pool_label", sa.Text()),
        sa.Column("pool_description", sa.Text()),
        sa.Column("master", sa.String(64)),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("certificates", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_server"),
        sa.UniqueConstraint("host_key", name="uq_server_host_key"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
    )
    op.create_index("ix_task_status", "task", ["status"])
    op.create_table(
        "last_object",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "id", name="pk_last_object"),
    )


def downgrade() -> None:
    for table in ("last_object", "task", "server", "token", "user"):
        op.drop_table(table)
