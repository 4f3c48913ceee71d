"""The other accounts of a person are called so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "accounts",
        sa.Column("id", big, nullable=False),
        sa.Column("person", big, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_accounts_person"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("channel", "user_id", name="uq_accounts_channel_user_id"),
    )
    op.create_index("ix_accounts_person", "accounts", ["person"])
    op.execute(
        "INSERT INTO accounts (person, channel, user_id, expires_at) "
        "SELECT person, channel, user_id, expires_at FROM doors ORDER BY id"
    )
    op.drop_table("doors")
