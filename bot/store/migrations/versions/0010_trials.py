"""Tables for what was kept as drafts: trials of admins, questions explained to them, what is done once."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

PEOPLE = sa.table("people", sa.column("id", sa.Integer), sa.column("user_id", sa.Text))
TEXTS = sa.table("texts", sa.column("hash", sa.Text), sa.column("text", sa.Text))
REVISIONS = sa.table("revisions", sa.column("files", sa.Text))
DRAFTS = sa.table(
    "drafts",
    *(sa.column(name, sa.Text) for name in ("key", "at", "author", "note", "files")),
)
TRIALS = sa.table(
    "trials", sa.column("person", sa.Integer), *(sa.column(name, sa.Text) for name in ("at", "files", "session"))
)
EXPLAINED = sa.table(
    "explained_questions", sa.column("person", sa.Integer), sa.column("at", sa.Text), sa.column("question", sa.Text)
)
DONE = sa.table("done_once", sa.column("key", sa.Text), sa.column("at", sa.Text))


def upgrade() -> None:
    """Make the tables and move the rows.

    Drafts name their author without a channel: what belongs to nobody, or to people of two channels, is deleted.
    Then a trial has to be started, or a question explained, again.
    """
    _make_tables()
    connection = op.get_bind()
    for row in connection.execute(sa.select(DRAFTS)).all():
        if row.key == f"try-{row.author}":
            _move(TRIALS, row, files=row.files, session=row.note or None)
        elif row.key == f"why-{row.author}":
            digest = json.loads(row.files)["question"]
            question = connection.execute(sa.select(TEXTS.c.text).where(TEXTS.c.hash == digest)).scalar_one()
            _move(EXPLAINED, row, question=question)
        elif row.author == "" and row.files == "{}":
            connection.execute(sa.insert(DONE), {"key": row.key, "at": row.at})
        else:
            continue
        connection.execute(sa.delete(DRAFTS).where(DRAFTS.c.key == row.key))
    _delete_unused_texts(connection)


def _make_tables() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_trials_person"),
        sa.UniqueConstraint("person", name="uq_trials_person"),
    )
    op.create_table(
        "explained_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_explained_questions"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_explained_questions_person"),
        sa.UniqueConstraint("person", name="uq_explained_questions_person"),
    )
    op.create_table(
        "done_once",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_done_once"),
    )


def _move(table: sa.TableClause, draft: sa.Row[tuple[object, ...]], **columns: str | None) -> None:
    connection = op.get_bind()
    people = connection.execute(sa.select(PEOPLE.c.id).where(PEOPLE.c.user_id == draft.author)).scalars().all()
    if len(people) == 1:
        connection.execute(sa.insert(table), {"person": people[0], "at": draft.at, **columns})


def _delete_unused_texts(connection: sa.Connection) -> None:
    """Delete texts of no file: questions, and what was in drafts that are gone."""
    used = {
        digest
        for table in (REVISIONS, DRAFTS, TRIALS)
        for (files,) in connection.execute(sa.select(table.c.files))
        for digest in json.loads(files).values()
    }
    unused = [{"unused": hash_} for (hash_,) in connection.execute(sa.select(TEXTS.c.hash)) if hash_ not in used]
    if unused:
        connection.execute(sa.delete(TEXTS).where(TEXTS.c.hash == sa.bindparam("unused")), unused)
