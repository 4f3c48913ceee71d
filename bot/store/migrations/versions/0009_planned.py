"""Messages that wait for their own time, and for which nothing that comes later waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("planned", sa.Boolean(), server_default=sa.false(), nullable=False))
