"""Groups, roles, privileges, and who has them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "group",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("name_key", sa.String(1024), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("provider_group_id", sa.String(512)),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_group"),
    )
    op.create_index("ix_group_provider_name_key", "group", ["provider", "name_key"], unique=True)
    op.create_table(
        "acl_role",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("template_id", sa.String(36)),
        sa.Column("grant_key", sa.String(255)),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acl_role"),
        sa.UniqueConstraint("grant_key", name="uq_acl_role_grant_key"),
    )
    op.create_table(
        "acl_privilege",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("role_id", sa.String(36), nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("effect", sa.String(8), nullable=False),
        sa.Column("selector", sa.Text()),
        sa.Column("reach", sa.String(8), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acl_privilege"),
        sa.ForeignKeyConstraint(
            ["role_id"], ["acl_role.id"], name="fk_acl_privilege_role_id_acl_role", ondelete="CASCADE"
        ),
        sa.CheckConstraint("effect IN ('allow', 'deny')", name=op.f("ck_acl_privilege_effect")),
        sa.CheckConstraint("reach IN ('self', 'inside')", name=op.f("ck_acl_privilege_reach")),
    )
    op.create_index("ix_acl_privilege_role_id", "acl_privilege", ["role_id"])
    _link("membership", "group_id", "group", "user_id", "user")
    _link("acl_role_user", "role_id", "acl_role", "user_id", "user")
    _link("acl_role_group", "role_id", "acl_role", "group_id", "group")


def downgrade() -> None:
    for table in ("acl_role_group", "acl_role_user", "membership", "acl_privilege", "acl_role", "group"):
        op.drop_table(table)


def _link(table: str, one: str, of_one: str, other: str, of_other: str) -> None:
    op.create_table(
        table,
        sa.Column(one, sa.String(36), nullable=False),
        sa.Column(other, sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint(one, other, name=f"pk_{table}"),
        sa.ForeignKeyConstraint([one], [f"{of_one}.id"], name=f"fk_{table}_{one}_{of_one}", ondelete="CASCADE"),
        sa.ForeignKeyConstraint([other], [f"{of_other}.id"], name=f"fk_{table}_{other}_{of_other}", ondelete="CASCADE"),
    )
    op.create_index(f"ix_{table}_{other}", table, [other])
