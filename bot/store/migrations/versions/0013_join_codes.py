"""A table of join codes, each of which one person has."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

PEOPLE = sa.table("people", sa.column("id", sa.Integer), sa.column("channel", sa.Text), sa.column("session", sa.Text))
CODES = sa.table(
    "join_codes", sa.column("channel", sa.Text), sa.column("code", sa.Text), sa.column("person", sa.Integer)
)


def upgrade() -> None:
    """Make the table of the codes in sessions. Of several people with one code the first one has it."""
    op.create_table(
        "join_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_join_codes"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_join_codes_person"),
        sa.UniqueConstraint("person", name="uq_join_codes_person"),
        sa.UniqueConstraint("channel", "code", name="uq_join_codes_channel_code"),
    )
    connection = op.get_bind()
    codes: dict[tuple[str, str], int] = {}
    with_code = sa.select(PEOPLE).where(PEOPLE.c.session.contains('"code": "')).order_by(PEOPLE.c.id)
    for row in connection.execute(with_code):
        try:
            code = json.loads(row.session)["code"]
        except (KeyError, TypeError, ValueError):
            continue  # a session that nobody can read has no code
        if isinstance(code, str):
            codes.setdefault((row.channel, code), row.id)
    if codes:
        rows = [{"channel": channel, "code": code, "person": person} for (channel, code), person in codes.items()]
        connection.execute(sa.insert(CODES), rows)
