"""Words about a ticket that are deleted when it closes: the number at which a graduate wants to be called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.add_column("ticket_words", sa.Column("fleeting", sa.Boolean(), nullable=False, server_default=sa.false()))
