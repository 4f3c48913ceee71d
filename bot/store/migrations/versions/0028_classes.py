"""The classes that some of the staff are confined to, and what was sent to them about tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    for table in ("staff", "invites"):
        op.add_column(table, sa.Column("classes", sa.Text))
    op.add_column("ticket_messages", sa.Column("chat", sa.Text))
