"""The school's lists that were applied, and the sessions that they changed, for a day in which they can be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "rosters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("undone_at", sa.Text),
    )
    op.create_table(
        "roster_resets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("roster", sa.Integer, sa.ForeignKey("rosters.id"), nullable=False),
        sa.Column("person", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("was", sa.Text, nullable=False),
        sa.UniqueConstraint("roster", "person"),
    )
