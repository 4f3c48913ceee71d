"""Roles that end by themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("staff", sa.Column("until", sa.Text(), nullable=True))
    op.add_column("invites", sa.Column("until", sa.Text(), nullable=True))
