"""Files and edits at the desk: copies of what staff wrote, what is deleted when a ticket closes, files that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("taken_at", sa.Text))
    op.add_column("tickets", sa.Column("held", sa.Text))
    op.add_column("ticket_messages", sa.Column("fleeting", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("outbox", sa.Column("change", sa.Text, nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("source", sa.Text))
    op.add_column("outbox", sa.Column("fleeting", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "ticket_copies",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("ticket", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name="fk_ticket_copies_ticket", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_copies"),
    )
    op.create_index("ix_ticket_copies_ticket", "ticket_copies", ["ticket"])
