"""One person comes in by several doors: a chat, and browsers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "doors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_doors_person"),
        sa.PrimaryKeyConstraint("id", name="pk_doors"),
        sa.UniqueConstraint("channel", "user_id", name="uq_doors_channel_user_id"),
    )
    op.create_index("ix_doors_person", "doors", ["person"])
