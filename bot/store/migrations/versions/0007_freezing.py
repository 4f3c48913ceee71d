"""A large audience is written down in pieces before a broadcast runs; join codes; questions counted by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# What could start before; now it freezes first.
STARTS = ("draft", "approved", "scheduled")


def upgrade() -> None:
    """Add the state `freezing` between a draft and a running broadcast, and the columns that go with it."""
    op.add_column("broadcasts", sa.Column("freezing", sa.Text()))
    moves = sa.table("broadcast_moves", sa.column("source", sa.Text), sa.column("target", sa.Text))
    pairs = [*((source, "freezing") for source in STARTS), ("freezing", "running"), ("freezing", "cancelled")]
    op.bulk_insert(moves, [{"source": source, "target": target} for source, target in pairs])
    broadcasts = sa.table("broadcasts", sa.column("state", sa.Text), sa.column("came_from", sa.Text))
    op.execute(
        broadcasts.update()
        .where(broadcasts.c.state == "running", broadcasts.c.came_from.in_(STARTS))
        .values(came_from="freezing")
    )
    op.create_table(
        "asked",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("cohort", sa.Text(), nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_asked"),
        sa.UniqueConstraint(
            "channel", "day", "notice", "cohort", "reached", name="uq_asked_channel_day_notice_cohort_reached"
        ),
    )
    op.execute(moves.delete().where(moves.c.source.in_(STARTS), moves.c.target == "running"))
