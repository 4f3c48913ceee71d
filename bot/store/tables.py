"""The tables. A change here needs a migration beside it; a test compares both roads to the same schema.

A table with a column `person` holds things of one person: it is exported and forgotten with them without further code.
Times are text, UTC, ISO 8601 with milliseconds (`2013-12-05T08:30:00.000+00:00`), so that they sort. No names, no chat
texts of graduates, nothing that `bot.privacy` masks.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    # The channel's own id of the person: what a reply is addressed to.
    Column("user_id", Text, nullable=False),
    # Random; what staff see instead of the two above. A person who was forgotten and comes back gets another.
    Column("member", Text, nullable=False, unique=True),
    # JSON of the conversation; NULL: none yet.
    Column("session", Text),
    # How many turns were saved.
    Column("turns", Integer, nullable=False),
    Column("updated_at", Text, nullable=False),
    UniqueConstraint("channel", "user_id"),
)

# Append-only: what happened at which step.
step_events = Table(
    "step_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("script", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Index(None, "person"),
)

# Updates whose effect is saved, with the turn to send again. A ring for each person: slot = turns % its length.
handled_updates = Table(
    "handled_updates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    # Unique in its channel.
    Column("update_id", Text, nullable=False),
    # NULL: this update made the bot forget the person.
    Column("person", ForeignKey("people.id")),
    Column("slot", Integer),
    # JSON of the turn to send again.
    Column("turn", Text, nullable=False),
    Column("at", Text, nullable=False),
    UniqueConstraint("channel", "update_id"),
    UniqueConstraint("person", "slot"),
)

# Questions that found no answer, masked, for the editors of the FAQ. Without a person, and timed to the hour, so that
# none can be found through it.
misses = Table(
    "misses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("question", Text, nullable=False),
    # JSON list of the topic ids that came nearest, best first.
    Column("topics", Text, nullable=False),
    # The content revision that was asked.
    Column("revision", Text, nullable=False),
)
