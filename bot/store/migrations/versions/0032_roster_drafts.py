"""Lists of the school that are shown before they are applied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "roster_drafts",
        sa.Column("id", Id, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("channel", "notice", "made_by", "made_at")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("done", "not_done")),
        sa.PrimaryKeyConstraint("id", name="pk_roster_drafts"),
        sqlite_autoincrement=True,
    )
