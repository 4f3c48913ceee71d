"""Opinions of answers by their wording, near-tied questions, and the revision that an event happened in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Until now nothing wrote votes, so there are none to keep."""
    op.drop_table("votes")
    op.create_table(
        "votes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_votes"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_votes_person"),
        sa.UniqueConstraint("person", "topic", "revision", name="uq_votes_person_topic_revision"),
    )
    op.create_index("ix_votes_topic", "votes", ["topic"])
    op.add_column("misses", sa.Column("tied", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("misses", sa.Column("mark", sa.Text(), nullable=True))
    op.add_column("misses", sa.Column("picked", sa.Text(), nullable=True))
    op.create_index("ix_misses_mark", "misses", ["mark"])
    op.add_column("step_events", sa.Column("revision", sa.Text(), nullable=True))
