"""Answers and templates that staff save to use again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    texts = ("channel", "kind", "title", "text", "buttons", "made_by", "made_at")
    op.create_table(
        "saved_texts",
        sa.Column("id", Id, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("classes", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_saved_texts"),
        sqlite_autoincrement=True,
    )
