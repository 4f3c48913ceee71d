"""The tables of broadcasts, their recipients, the chain of proof, reminders, and counts of questions.

Rules as in `tables`.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    event,
    insert,
)

from bot.domain.lifecycle import MOVES
from bot.store.tables import Id, metadata

# The moves from state to state. A broadcast refers to the pair of its last move, so the database refuses any other.
broadcast_moves = Table(
    "broadcast_moves",
    metadata,
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
)

broadcasts = Table(
    "broadcasts",
    metadata,
    # Shown to staff.
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    # send, edit, delete.
    Column("act", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The state before; NULL: new.
    Column("came_from", Text),
    # JSON of the draft.
    Column("draft", Text, nullable=False),
    # Goes up with each change of the draft.
    Column("version", Integer, nullable=False),
    # The staff member's id in the channel, or `cli`, or `plan`.
    Column("made_by", Text, nullable=False),
    # When the draft was made or last changed.
    Column("made_at", Text, nullable=False),
    Column("approved_by", Text),
    # Hash of the very content that was approved.
    Column("approved", Text),
    # When it is to start.
    Column("due_at", Text),
    # A pause that ends by itself.
    Column("resume_at", Text),
    # Why it is paused, as a code.
    Column("why", Text, nullable=False),
    # The channel's number of the message that shows the progress.
    Column("card", Text),
    # Number of recipients when it started.
    Column("total", Integer),
    # JSON of the people who are still to be written down; NULL: none.
    Column("freezing", Text),
    Column("started_at", Text),
    # NULL in one that is cancelled: not everybody who is left out is written down yet.
    Column("ended_at", Text),
    # Made only once under this name: an automatic reminder.
    Column("key", Text, unique=True),
    # The broadcast that this one repeats, corrects or takes back.
    Column("parent", ForeignKey("broadcasts.id")),
    ForeignKeyConstraint(["came_from", "state"], ["broadcast_moves.source", "broadcast_moves.target"]),
    CheckConstraint("came_from IS NOT NULL OR state = 'draft'", name="ck_broadcasts_begins_as_draft"),
    Index(None, "state"),
)

# The ledger: one row for each recipient, made when the broadcast starts.
recipients = Table(
    "recipients",
    metadata,
    Column("id", Id, primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    # NULL: the person was forgotten since.
    Column("who", ForeignKey("people.id", ondelete="SET NULL")),
    # Where it is sent: the person's channel. NULL: that of the broadcast.
    Column("channel", Text),
    # pending, sending, sent, blocked, failed, unsure, skipped.
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    # The channel's number of the message.
    Column("message", Text),
    Column("at", Text),
    # Not to be tried before.
    Column("not_before", Text, nullable=False),
    # Who is about to send it, and until when the row is theirs.
    Column("worker", Text),
    Column("lease_until", Text, nullable=False),
    # known, done, trouble.
    Column("ack", Text),
    Column("ack_at", Text),
    UniqueConstraint("broadcast", "who"),
    # The last column is only counted.
    Index(None, "broadcast", "state", "id", "channel"),
    Index(None, "who"),
)

# Append-only: messages with their outcomes, and answers. Each row's hash covers the one before it.
proofs = Table(
    "proofs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Text, nullable=False),
    # started, outcomes, answered, ended.
    Column("kind", Text, nullable=False),
    Column("broadcast", Id, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Index(None, "broadcast"),
)

# Reminders that people asked for themselves; one each.
reminders = Table(
    "reminders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False, unique=True),
    Column("due_at", Text, nullable=False),
    Index(None, "due_at"),
)

# Numbers of typed questions by result, without a person and without their words.
asked = Table(
    "asked",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    # UTC, `2013-12-05`.
    Column("day", Text, nullable=False),
    Column("notice", Text, nullable=False),
    # Empty: not chosen.
    Column("cohort", Text, nullable=False),
    # answer, choices, miss.
    Column("reached", Text, nullable=False),
    Column("count", Integer, nullable=False),
    UniqueConstraint("channel", "day", "notice", "cohort", "reached"),
)

# Numbers of people who did something for the first time, by local day (`2013-12-05`): counted when it happens, and kept
# when they are forgotten.
daily = Table(
    "daily",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("notice", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    # came, done, reported.
    Column("kind", Text, primary_key=True),
    Column("people", Integer, nullable=False),
)


@event.listens_for(broadcast_moves, "after_create")
def _add_moves(_: Table, connection: Connection, **__: object) -> None:
    rows = [{"source": source, "target": target} for source, targets in MOVES.items() for target in targets]
    connection.execute(insert(broadcast_moves), rows)


# Owners, as the settings name them: they are no graduates in any count.
owners = Table(
    "owners",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
)

# Texts that staff saved to use again.
saved_texts = Table(
    "saved_texts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    # answer, template.
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    # Of a template HTML.
    Column("text", Text, nullable=False),
    # JSON of names.
    Column("buttons", Text, nullable=False),
    # JSON of the classes whose staff see it; NULL: all staff.
    Column("classes", Text),
    Column("made_by", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    # No number is used twice, so that an old button never sends another text.
    sqlite_autoincrement=True,
)
