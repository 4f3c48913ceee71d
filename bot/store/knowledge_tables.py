"""The tables of the content: texts of files, revisions, drafts, trials, votes on answers, and who waits for one.

Rules as in `tables`.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from bot.store.tables import Id, metadata

# Texts of content files, each kept once.
texts = Table(
    "texts",
    metadata,
    # SHA-256 of the text in UTF-8.
    Column("hash", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

# Append-only: the highest number is in force. Number n + 1 was made from number n.
revisions = Table(
    "revisions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    # The channel's id of an admin, or the source: start, folder, command.
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    # The content's own id: a hash of all its files.
    Column("content", Text, nullable=False),
    # JSON: hash of the text by the file's name in the content folder.
    Column("files", Text, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    # The revision that it was made from.
    Column("parent", Id, nullable=False),
    Column("files", Text, nullable=False),
)

# Drafts that admins talk to instead of the content in force; one for each.
trials = Table(
    "trials",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False, unique=True),
    Column("at", Text, nullable=False),
    # As in a revision.
    Column("files", Text, nullable=False),
    # JSON of the conversation with the draft; NULL: none yet.
    Column("session", Text),
)

# The question whose match was explained to an admin last; one for each.
explained_questions = Table(
    "explained_questions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("question", Text, nullable=False),
)

# Keys of what only one of all workers does, such as a week's digest.
done_once = Table(
    "done_once",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", Text, nullable=False),
)

# Opinions of answers.
votes = Table(
    "votes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("topic", Text, nullable=False),
    # The wording of the answer: the beginning of its hash.
    Column("revision", Text, nullable=False),
    Column("helped", Boolean, nullable=False),
    # A key of the phrases; empty: none given.
    Column("reason", Text, nullable=False),
    UniqueConstraint("person", "topic", "revision"),
    Index(None, "topic"),
)

# Who wants to hear the answer to a question, until it was told or that moment has come.
wanted_answers = Table(
    "wanted_answers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    # Masked, as it stands among the questions that were not answered.
    Column("question", Text, nullable=False),
    Column("until", Text, nullable=False),
    Index(None, "person"),
    Index(None, "until"),
)
