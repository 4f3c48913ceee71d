"""The admin who is to answer a question."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("misses", sa.Column("assignee", sa.Text(), nullable=True))
