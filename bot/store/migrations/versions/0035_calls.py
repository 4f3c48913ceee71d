"""Whom the school's lists name, and calls that staff made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "listed_codes",
        sa.Column("id", Id, nullable=False),
        sa.Column("roster", Id, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("channel", "notice", "code")),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("said_done", sa.Boolean, nullable=False),
        sa.Column("class_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_listed_codes"),
        sa.ForeignKeyConstraint(["roster"], ["rosters.id"], name="fk_listed_codes_roster"),
    )
    op.create_index("ix_listed_codes_channel_notice_code", "listed_codes", ["channel", "notice", "code"])
    op.create_index("ix_listed_codes_roster", "listed_codes", ["roster"])
    op.create_table(
        "calls",
        sa.Column("id", Id, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("channel", "code")),
        sa.Column("person", Id),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("outcome", "at", "who")),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_calls_person"),
    )
    op.create_index("ix_calls_channel_code", "calls", ["channel", "code"])
    op.create_index("ix_calls_person", "calls", ["person"])
