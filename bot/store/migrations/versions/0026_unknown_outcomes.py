"""Of a message in the outbox it is kept how often it may have been sent, apart from who has it now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("unknown", sa.Integer(), nullable=False, server_default="0"))
    # Until now whoever claimed a message may have sent it.
    op.execute("UPDATE outbox SET unknown = 1 WHERE worker IS NOT NULL")
    op.execute("UPDATE outbox SET worker = NULL WHERE worker = '?'")
