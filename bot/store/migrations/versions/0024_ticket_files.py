"""Files about tickets, for those who answer in a page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ticket_files",
        sa.Column("id", _ID, nullable=False),
        sa.Column("person", _ID, nullable=False),
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("who", sa.Text),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("data", sa.LargeBinary),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_ticket_files_person"),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name="fk_ticket_files_ticket", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_files"),
        sa.UniqueConstraint("key", name="uq_ticket_files_key"),
    )
    for column in ("person", "ticket", "at"):
        op.create_index(f"ix_ticket_files_{column}", "ticket_files", [column])
