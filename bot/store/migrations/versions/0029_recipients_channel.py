"""The ledger says in which channel each recipient got a broadcast: one broadcast goes to the people of several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("recipients", sa.Column("channel", sa.Text()))
    op.drop_index("ix_recipients_broadcast_state_id", "recipients")
    op.create_index("ix_recipients_broadcast_state_id_channel", "recipients", ["broadcast", "state", "id", "channel"])
