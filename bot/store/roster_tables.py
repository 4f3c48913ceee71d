"""The tables of the school's lists: those that wait for a yes, whom others list, and calls. Rules as in `tables`."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text

from bot.store.tables import Id, metadata

# Lists of the school that were shown and wait for a yes, by codes; kept for a day.
roster_drafts = Table(
    "roster_drafts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("done", Text, nullable=False),
    Column("not_done", Text, nullable=False),
    # No number is used twice, so that an old button never applies another list.
    sqlite_autoincrement=True,
)

# Whom the school's lists that were applied name; of a code the newest row counts.
listed_codes = Table(
    "listed_codes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("roster", ForeignKey("rosters.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    # The person said done, and the list put them back.
    Column("said_done", Boolean, nullable=False),
    # The class as the school's list names it; empty: it does not.
    Column("class_name", Text, nullable=False),
    Index(None, "channel", "notice", "code"),
    Index(None, "roster"),
)

# Calls that staff made, by the code that they called for; of a code the newest row counts.
calls = Table(
    "calls",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("code", Text, nullable=False),
    # Whoever had the code then; NULL: nobody.
    Column("person", ForeignKey("people.id")),
    # reached, missed, handled, papers.
    Column("outcome", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Index(None, "channel", "code"),
    Index(None, "person"),
)
