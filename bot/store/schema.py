"""Brings a database to the schema of this version: makes a fresh one, upgrades an older one, refuses a newer one.

alembic takes a third of a second to import, so only upgrades use it: one SELECT shows that a database is current, and a
fresh one is made from the tables and stamped.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.runtime.log import LazyLogger
from bot.store.problems import StoreProblem, code_of
from bot.store.tables import PARTIAL, metadata

# The newest file in migrations/versions. Revisions are numbers of four digits, so that they can be compared.
REVISION = "0035"
RESTORE = "restore a backup: gradbot db restore FILE"
_log = LazyLogger()
MIGRATE = "bring it up to date: gradbot db migrate"
MIGRATIONS = Path(__file__).parent / "migrations"

# SQLite keeps what was deleted in its write-ahead log until this is done.
WIPE_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"
# One process at a time; and foreign keys must be off while SQLite rebuilds a table, which it allows only before BEGIN.
_FIRST = {
    "sqlite": ("PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE"),
    "postgresql": ("SELECT pg_advisory_xact_lock(7236423)",),
}
_LAST = {"sqlite": ("PRAGMA foreign_keys=ON", WIPE_LOG), "postgresql": ()}


class SchemaWatch:
    """The schema's revision while the store is open: `newer` when it is later than ours, else None."""

    def __init__(self) -> None:
        self.newer: str | None = None

    def note(self, revision: str) -> None:
        """Note the revision as it is now."""
        if revision > REVISION and self.newer is None:
            _log.error("newer_schema", found=revision, known=REVISION, did="nothing is acknowledged any more")
        self.newer = revision if revision > REVISION else None

    def check(self) -> None:
        """Refuse to write under a newer schema: StoreProblem."""
        if self.newer:
            known = f"the database is at revision {self.newer}, this gradbot knows {REVISION}"
            raise StoreProblem("newer_schema", f"{known}; start the new one")


async def prepare(connection: AsyncConnection, *, migrates: bool = True) -> None:
    """Make the schema current, in one transaction. The connection must not begin one by itself on SQLite.

    Without `migrates` a fresh or an older database is a StoreProblem.
    """
    for line in _FIRST[connection.dialect.name]:
        await connection.exec_driver_sql(line)
    was_older = await connection.run_sync(_prepare, migrates)
    await connection.commit()
    for line in _LAST[connection.dialect.name]:
        await connection.exec_driver_sql(line)
    if was_older and connection.dialect.name == "postgresql":
        # Else the first questions find everything moved, and read all rows beside their indexes.
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.exec_driver_sql("VACUUM ANALYZE")


def _prepare(connection: Connection, migrates: bool) -> bool:  # noqa: FBT001 - run_sync passes no keywords
    """Return whether the database was older."""
    found = set(inspect(connection).get_table_names())
    if not migrates and "alembic_version" not in found:
        raise StoreProblem("older_schema", f"the database is empty; {MIGRATE}")
    if "alembic_version" not in found:
        strangers = found if connection.dialect.name == "sqlite" else found & set(metadata.tables)
        if strangers:
            raise StoreProblem("not_a_database", f"holds tables of something else: {', '.join(sorted(strangers)[:5])}")
        create(connection)
        stamp(connection)
        return False
    revision = _read_revision(connection, found)
    if revision > REVISION:
        raise StoreProblem("newer_schema", f"the database is at revision {revision}, this gradbot knows {REVISION}")
    if revision < REVISION and not migrates:
        raise StoreProblem("older_schema", f"the database is at revision {revision}, not {REVISION}; {MIGRATE}")
    if revision < REVISION:
        _upgrade_or_explain(connection, revision)
        found = set(inspect(connection).get_table_names())
    if missing := set(metadata.tables) - found:
        raise StoreProblem("not_a_database", f"tables are missing: {', '.join(sorted(missing))}; {RESTORE}")
    return revision < REVISION


def _upgrade_or_explain(connection: Connection, revision: str) -> None:
    try:
        upgrade(connection)
    except DBAPIError as error:
        if code_of(error) not in (None, "not_a_database"):
            raise
        raise StoreProblem(
            "not_a_database", f"cannot be brought from revision {revision or 0} to {REVISION}: {error.orig}; {RESTORE}"
        ) from error


def _read_revision(connection: Connection, found: set[str]) -> str:
    """Return the revision of the schema; empty when there is nothing yet but the table for it."""
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""
    if re.fullmatch(r"\d{4}", revision) and revision > "0000":
        return str(revision)
    if revision or found & set(metadata.tables):
        raise StoreProblem("not_a_database", f"alembic_version names no revision of gradbot; {RESTORE}")
    return ""


def create(connection: Connection) -> None:
    """Make all tables in an empty database."""
    if connection.dialect.name == "postgresql":
        for index, which in PARTIAL.items():
            index.dialect_kwargs["postgresql_where"] = which
    metadata.create_all(connection, checkfirst=False)


def stamp(connection: Connection) -> None:
    """Write down that the tables are those of this version: only then is it a database that can be opened."""
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:revision)"), {"revision": REVISION})


def upgrade(connection: Connection) -> None:
    """Run the migrations that the database lacks, in the transaction of the caller."""
    from alembic import command  # noqa: PLC0415 - see the head of this module
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
