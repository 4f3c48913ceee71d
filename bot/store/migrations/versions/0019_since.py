"""A message in the outbox keeps since when it could have been sent, so that its age can be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("since", sa.Text(), nullable=True))
