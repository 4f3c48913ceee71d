"""What audiences and statistics ask is in columns of people; less is kept of turns; numbers of rows are bigint.

Made for a database with a million people and twenty million events: each large table is read and written once.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

KEPT_BEFORE, KEPT = 32, 16
ZONE = ZoneInfo("Asia/Shanghai")
KINDS = ("came", "done", "reported")


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute("SET LOCAL maintenance_work_mem = '256MB'")
        op.execute("SET LOCAL work_mem = '256MB'")
        _widen()
    else:
        op.execute("PRAGMA cache_size = -400000")
    for name in ("answer", "notice", "state", "step", "cohort", "major", "came_at", "done_at", "reported_at"):
        op.add_column("people", sa.Column(name, sa.Text()))
    op.add_column("people", sa.Column("consents", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("people", sa.Column("reached", sa.Text(), nullable=False, server_default=","))
    _fill_people(postgres=postgres)
    standing = ["channel", "notice", "cohort", "state", "step", "reachable", "consents", "updated_at", "major"]
    standing += ["reached", "id"]
    op.create_index("ix_people_standing", "people", standing)
    op.create_index("ix_people_updated_at", "people", ["updated_at"])
    op.create_index("ix_roster_resets_person", "roster_resets", ["person"])
    _keep_fewer_turns()
    op.create_table(
        "daily",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "notice", "day", "kind", name="pk_daily"),
    )
    _count_days()
    if postgres:
        _refer()
    else:
        op.execute("PRAGMA cache_size = -2000")


def _widen() -> None:
    """Make numbers of rows bigint, and leave references away meanwhile: each would be looked up for every row."""
    database = op.get_bind()
    database.execute(
        sa.text(
            "CREATE TEMP TABLE referring ON COMMIT DROP AS "
            "SELECT c.conrelid::regclass::text AS on_table, c.conname AS name, pg_get_constraintdef(c.oid) AS means, "
            "a.attname AS column_ FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid "
            "AND a.attnum = c.conkey[1] WHERE c.contype = 'f' AND a.atttypid = 'int4'::regtype "
            "AND c.connamespace = current_schema()::regnamespace"
        )
    )
    columns: dict[str, set[str]] = {"proofs": {"broadcast"}, "drafts": {"parent"}}
    for row in database.execute(sa.text("SELECT on_table, name, column_ FROM referring")).all():
        op.execute(f'ALTER TABLE {row.on_table} DROP CONSTRAINT "{row.name}"')
        columns.setdefault(row.on_table, set()).add(row.column_)
    own = "SELECT table_name FROM information_schema.columns WHERE column_name = 'id' AND data_type = 'integer'"
    for (table,) in database.execute(sa.text(f"{own} AND table_schema = current_schema()")).all():
        columns.setdefault(table, set()).add("id")
    columns["handled_updates"].clear()  # when it is empty
    for table, names in columns.items():
        _widen_columns(table, names)
    drawn = "SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema() AND data_type::text = 'integer'"
    for (sequence,) in database.execute(sa.text(drawn)).all():
        op.execute(f'ALTER SEQUENCE "{sequence}" AS bigint')


def _widen_columns(table: str, names: set[str]) -> None:
    if names:
        op.execute(f"ALTER TABLE {table} " + ", ".join(f'ALTER COLUMN "{name}" TYPE bigint' for name in sorted(names)))


def _refer() -> None:
    for row in op.get_bind().execute(sa.text("SELECT on_table, name, means FROM referring")).all():
        op.execute(f'ALTER TABLE {row.on_table} ADD CONSTRAINT "{row.name}" {row.means}')


def _fill_people(*, postgres: bool) -> None:
    joined = "string_agg(DISTINCT {}, ',')" if postgres else "group_concat(DISTINCT {})"
    entered = joined.format("CASE WHEN kind = 'entered' THEN step END")
    firsts = (
        "SELECT p.id, e.came, e.done, e.reported, e.entered, h.turn FROM people p LEFT JOIN "
        "(SELECT person, min(at) AS came, min(CASE WHEN kind = 'done' THEN at END) AS done, "
        f"min(CASE WHEN kind = 'reported' THEN at END) AS reported, {entered} AS entered "
        "FROM step_events GROUP BY person) e ON e.person = p.id "
        f"LEFT JOIN handled_updates h ON h.person = p.id AND h.slot = p.turns % {KEPT_BEFORE}"
    )
    also = "came_at = f.came, done_at = f.done, reported_at = f.reported, answer = f.turn"
    also = f"{also}, reached = coalesce(',' || f.entered || ',', ',')"
    op.execute(f"UPDATE people SET {_standing(postgres=postgres)}, {also} FROM ({firsts}) f WHERE f.id = people.id")
    # Whoever has chosen no notice has not come yet to any.
    op.execute(
        "UPDATE people SET came_at = NULL, done_at = NULL, reported_at = NULL "
        "WHERE notice IS NULL AND came_at IS NOT NULL"
    )


def _standing(*, postgres: bool) -> str:
    """Return assignments of what is in a session; one that cannot be read says nothing."""
    if postgres:
        op.execute(
            "CREATE FUNCTION pg_temp.read_session(text) RETURNS jsonb LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN $1::jsonb; EXCEPTION WHEN others THEN RETURN NULL; END $$"
        )
        return (
            "(notice, state, step, cohort, major, consents) = (SELECT n, "
            "CASE WHEN n IS NOT NULL THEN coalesce(w->>'state', 'new') END, w->>'step', "
            "nullif(w->'answers'->>'cohort', ''), nullif(w->'answers'->>'major', ''), coalesce(r = 'true', false) "
            "FROM (SELECT nullif(j->>'notice', '') AS n, j->'walks'->(j->>'notice') AS w, j->>'reminders' AS r "
            "FROM (SELECT pg_temp.read_session(session) AS j OFFSET 0) s OFFSET 0) s)"
        )
    readable = "CASE WHEN json_valid(session) AND json_type(session) = 'object' THEN session ELSE '{}' END"
    notice = f"nullif(json_extract({readable}, '$.notice'), '')"

    def of_walk(path: str) -> str:
        return f"json_extract({readable}, '$.walks.\"' || {notice} || '\".{path}')"

    return (
        f"notice = {notice}, state = CASE WHEN {notice} IS NOT NULL THEN coalesce({of_walk('state')}, 'new') END, "
        f"step = {of_walk('step')}, cohort = nullif({of_walk('answers.cohort')}, ''), "
        f"major = nullif({of_walk('answers.major')}, ''), "
        f"consents = coalesce(json_extract({readable}, '$.reminders'), 0)"
    )


def _keep_fewer_turns() -> None:
    """Keep the last updates of each person; of their turns those that a page shows again, and the last as `answer`."""
    shown = "h.channel = 'web' OR h.update_id LIKE '%/%' OR h.update_id LIKE 'post-%' OR h.person IS NULL"
    op.execute(
        "CREATE TEMP TABLE kept AS SELECT h.id, h.channel, h.update_id, h.person, "
        f"h.slot % {KEPT} AS slot, CASE WHEN {shown} THEN h.turn END AS turn, h.at "
        "FROM handled_updates h LEFT JOIN people p ON p.id = h.person "
        f"WHERE h.person IS NULL OR (p.turns + {KEPT_BEFORE} - h.slot) % {KEPT_BEFORE} < {KEPT}"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("TRUNCATE handled_updates")
        _widen_columns("handled_updates", {"id", "person"})
    else:
        op.execute("DELETE FROM handled_updates")
    with op.batch_alter_table("handled_updates") as table:
        table.alter_column("turn", existing_type=sa.Text(), nullable=True)
    names = "id, channel, update_id, person, slot, turn, at"
    op.execute(f"INSERT INTO handled_updates ({names}) SELECT {names} FROM kept")
    op.execute("DROP TABLE kept")


def _count_days() -> None:
    """Count who did something for the first time on each local day."""
    counts = Counter[tuple[str, str, str, str]]()
    for kind in KINDS:
        by_hour = sa.text(
            f"SELECT channel, notice, substr({kind}_at, 1, 13) AS hour, count(*) AS n FROM people "
            f"WHERE {kind}_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM staff s WHERE s.channel = people.channel "
            f"AND s.user_id = people.user_id) GROUP BY channel, notice, substr({kind}_at, 1, 13)"
        )
        for row in op.get_bind().execute(by_hour):
            hour = datetime.fromisoformat(f"{row.hour}:00:00").replace(tzinfo=UTC)
            counts[row.channel, row.notice, hour.astimezone(ZONE).date().isoformat(), kind] += row.n
    if counts:
        daily = sa.table("daily", *(sa.column(name) for name in ("channel", "notice", "day", "kind", "people")))
        names = ("channel", "notice", "day", "kind")
        rows = [dict(zip(names, which, strict=True)) | {"people": n} for which, n in counts.items()]
        op.bulk_insert(daily, rows)
