"""Who wants to hear the answer to a question."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "wanted_answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wanted_answers"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_wanted_answers_person"),
    )
    op.create_index("ix_wanted_answers_person", "wanted_answers", ["person"])
    op.create_index("ix_wanted_answers_until", "wanted_answers", ["until"])
