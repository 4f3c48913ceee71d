"""A graduate who writes much leaves room for others in the staff chat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("words_due_at", sa.Text(), nullable=True))
