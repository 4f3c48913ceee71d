"""The outbox in lanes, of which only the first message is looked at; each is leased to a worker by name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.drop_index("ix_outbox_due_at", "outbox")
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("lane", sa.Text()))
        table.add_column(sa.Column("head", sa.Boolean()))
        table.add_column(sa.Column("worker", sa.Text()))
        table.add_column(sa.Column("owed", sa.Boolean(), nullable=False, server_default=sa.false()))
    _fill()
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("lane", existing_type=sa.Text(), nullable=False)
        table.alter_column("head", existing_type=sa.Boolean(), nullable=False)
    head = sa.text("head")
    op.create_index("ix_outbox_lane_id", "outbox", ["lane", "id"])
    op.create_index("ix_outbox_due", "outbox", ["channel", "due_at", "id"], sqlite_where=head, postgresql_where=head)
    op.create_index("uq_outbox_lane_head", "outbox", ["lane"], unique=True, sqlite_where=head, postgresql_where=head)


def _fill() -> None:
    """Give every message that waits its lane; the oldest of each is the head."""
    database, seen = op.get_bind(), set[str]()
    rows = database.execute(
        sa.text(
            'SELECT o.id, o.channel, o."to", o.user_id, o.ticket, o.planned, o.due_at, p.user_id AS graduate '
            "FROM outbox o LEFT JOIN tickets t ON t.id = o.ticket LEFT JOIN people p ON p.id = t.person ORDER BY o.id"
        )
    ).all()
    for row in rows:
        lane = _lane(row)
        set_ = sa.text("UPDATE outbox SET lane = :lane, head = :head, channel = :channel WHERE id = :id")
        channel = "staff" if row.to == "staff" else row.channel
        database.execute(set_, {"lane": lane, "head": lane not in seen, "channel": channel, "id": row.id})
        seen.add(lane)


def _lane(row: Any) -> str:
    if row.to == "staff":
        return f"staff {row.ticket or ''}{' words' if row.planned else ''}"
    lane = f"{row.channel} user {row.user_id or row.graduate or ''}"
    return f"{lane} at {row.due_at}" if row.planned else lane
