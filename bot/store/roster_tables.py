"""The table of the school's lists that wait for a yes. Rules as in `tables`."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

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
