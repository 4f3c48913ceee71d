"""The table of files about tickets. Rules as in `tables`."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from bot.store.tables import Id, metadata

# Files about a ticket: of a graduate until it closes, of staff for a month.
ticket_files = Table(
    "ticket_files",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("ticket", ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    Column("at", Text, nullable=False),
    # graduate, staff.
    Column("side", Text, nullable=False),
    # The channel's id of the member of staff; NULL: the graduate sent it.
    Column("who", Text),
    # By which it is referred to.
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    # The channel's own id of it; NULL: its content is here.
    Column("source", Text),
    Column("data", LargeBinary),
    Index(None, "person"),
    Index(None, "ticket"),
    Index(None, "at"),
)
