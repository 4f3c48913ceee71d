"""Passkeys of the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "console_passkeys",
        sa.Column("id", _ID, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("credential", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_passkeys"),
        sa.UniqueConstraint("credential", name="uq_console_passkeys_credential"),
    )
    op.create_index("ix_console_passkeys_channel_user_id", "console_passkeys", ["channel", "user_id"])
    op.add_column("console_sessions", sa.Column("challenge", sa.Text))
