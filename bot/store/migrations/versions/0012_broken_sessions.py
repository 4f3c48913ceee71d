"""Sessions that could not be read are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "broken_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_broken_sessions_person"),
        sa.PrimaryKeyConstraint("id", name="pk_broken_sessions"),
    )
    op.create_index("ix_broken_sessions_person", "broken_sessions", ["person"])
