"""Whether a message would reach a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Everybody known so far counts as reachable."""
    op.add_column("people", sa.Column("reachable", sa.Boolean(), nullable=False, server_default=sa.true()))
