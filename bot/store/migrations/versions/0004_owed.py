"""Replies that cannot go out now wait in the outbox, and know what they answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What waits so far answers nothing."""
    op.add_column("outbox", sa.Column("answers", sa.Text()))
