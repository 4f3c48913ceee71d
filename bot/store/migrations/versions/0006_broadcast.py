"""Broadcasts: their life, the ledger, the proof, personal reminders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# As they were when this revision was made.
MOVES = {
    "draft": ("approved", "scheduled", "running", "cancelled"),
    "approved": ("draft", "scheduled", "running", "cancelled"),
    "scheduled": ("draft", "running", "cancelled"),
    "running": ("paused", "done", "cancelled"),
    "paused": ("running", "cancelled"),
}


def upgrade() -> None:
    """Make the tables of broadcasts."""
    moves = op.create_table(
        "broadcast_moves",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "target", name="pk_broadcast_moves"),
    )
    op.bulk_insert(moves, [{"source": s, "target": t} for s, targets in MOVES.items() for t in targets])
    _broadcasts()
    _recipients()
    op.create_table(
        "proofs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("broadcast", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proofs"),
        sa.UniqueConstraint("hash", name="uq_proofs_hash"),
    )
    op.create_index("ix_proofs_broadcast", "proofs", ["broadcast"])
    op.create_table(
        "reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reminders"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_reminders_person"),
        sa.UniqueConstraint("person", name="uq_reminders_person"),
    )
    op.create_index("ix_reminders_due_at", "reminders", ["due_at"])


def _broadcasts() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("came_from", sa.Text(), nullable=True),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved", sa.Text(), nullable=True),
        sa.Column("due_at", sa.Text(), nullable=True),
        sa.Column("resume_at", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_broadcasts"),
        sa.UniqueConstraint("key", name="uq_broadcasts_key"),
        sa.ForeignKeyConstraint(["parent"], ["broadcasts.id"], name="fk_broadcasts_parent"),
        sa.ForeignKeyConstraint(
            ["came_from", "state"],
            ["broadcast_moves.source", "broadcast_moves.target"],
            name="fk_broadcasts_came_from_state",
        ),
        sa.CheckConstraint("came_from IS NOT NULL OR state = 'draft'", name="ck_broadcasts_begins_as_draft"),
    )
    op.create_index("ix_broadcasts_state", "broadcasts", ["state"])


def _recipients() -> None:
    op.create_table(
        "recipients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("broadcast", sa.Integer(), nullable=False),
        sa.Column("who", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("at", sa.Text(), nullable=True),
        sa.Column("not_before", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Text(), nullable=False),
        sa.Column("ack", sa.Text(), nullable=True),
        sa.Column("ack_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recipients"),
        sa.ForeignKeyConstraint(["broadcast"], ["broadcasts.id"], name="fk_recipients_broadcast"),
        sa.ForeignKeyConstraint(["who"], ["people.id"], name="fk_recipients_who", ondelete="SET NULL"),
        sa.UniqueConstraint("broadcast", "who", name="uq_recipients_broadcast_who"),
    )
    op.create_index("ix_recipients_broadcast_state_id", "recipients", ["broadcast", "state", "id"])
    op.create_index("ix_recipients_who", "recipients", ["who"])
