"""Second factors, recovery codes, signing keys; what tokens may do; which provider vouches for a user."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factor"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_second_factor_user_id_user", ondelete="CASCADE"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("user_id", "digest", name="pk_recovery_code"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_recovery_code_user_id_user", ondelete="CASCADE"),
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(36), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.LargeBinary()),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_key"),
    )
    # the key that is derived from the secret, which signed all tokens until now
    op.execute("INSERT INTO signing_key (kid, created) VALUES ('0', CURRENT_TIMESTAMP)")
    op.add_column("token", sa.Column("scope", sa.String(16), nullable=False, server_default="all"))
    op.add_column("token", sa.Column("filter", sa.Text()))
    op.add_column("token", sa.Column("created_by", sa.String(36)))
    op.add_column("token", sa.Column("created_address", sa.String(64)))
    op.add_column("user", sa.Column("provider", sa.String(64)))
    op.add_column("user", sa.Column("provider_subject", sa.String(512)))
    op.create_index("ix_user_provider_provider_subject", "user", ["provider", "provider_subject"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_user_provider_provider_subject", "user")
    for table, columns in (
        ("user", ("provider_subject", "provider")),
        ("token", ("created_address", "created_by", "filter", "scope")),
    ):
        for column in columns:
            op.drop_column(table, column)
    for table in ("signing_key", "recovery_code", "second_factor"):
        op.drop_table(table)
