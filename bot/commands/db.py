"""`gradbot db backup | restore | check | migrate | move`: the database as one file. PostgreSQL has its own programs for
most of that.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.app import build
from bot.app.settings import Settings
from bot.store import Store
from bot.store.engine import MIGRATION_S

PROBLEMS = 1

db = typer.Typer(help="数据库的备份、恢复、检查。Back up, restore and check the database.", no_args_is_help=True)


def _file(chosen: Settings) -> Path:
    """Return SQLite's file. TyperException for PostgreSQL."""
    path = Store.file(chosen.database)
    if path is None:
        raise typer.TyperException("这是 PostgreSQL，请用它自己的程序 / PostgreSQL has its own: pg_dump, pg_restore")
    return path


@db.command()
def backup(file: Annotated[Path, typer.Argument(dir_okay=False, help="备份写到这里。Where to.")]) -> None:
    """备份到一个文件；机器人运行时也可以。Copy the database, also while the bot runs."""
    from bot.store.backup import back_up

    size = back_up(_file(build.settings()), file)
    print(f"备份好了 / backed up: {file} ({size:,} bytes)")


@db.command()
def restore(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="备份文件。The backup.")]) -> None:
    """从备份恢复；先停掉机器人，现在的数据库改名留着。Restore a backup while no bot runs; what is there is kept."""
    from bot.store.backup import restore as put_back

    chosen = build.settings()
    database = _file(chosen)
    with build.hold_home(chosen):
        kept = put_back(file, database, datetime.now(UTC))
    print(f"恢复好了 / restored: {database}" + (f"\n原来的留在 / kept: {kept}" if kept else ""))


@db.command()
def migrate() -> None:
    """把数据库结构升到这个版本；GRADBOT_MIGRATE=off 时由它来做。Bring the schema up to date, apart from a start."""
    from bot.store.schema import REVISION

    chosen = build.settings()
    asyncio.run(_migrate(chosen))
    print(f"数据库结构是最新的 / the schema is current: {REVISION}")


async def _migrate(chosen: Settings) -> None:
    options = replace(build.engine_options(chosen), migrates=True)
    await (await Store.open(chosen.database, options=options)).close()


@db.command()
def move(
    to: Annotated[str, typer.Option("--to", help="空的 PostgreSQL 数据库。An empty one: postgresql+asyncpg://…")],
) -> None:
    """SQLite 搬到 PostgreSQL；先停掉机器人。断了再来一次就接着搬。Move to PostgreSQL while no bot runs; resumable."""
    from bot.store.moving import MovedTable, move

    chosen = build.settings()
    file = _file(chosen)
    if not to.startswith("postgresql+asyncpg://"):
        raise typer.TyperException("--to 要写 postgresql+asyncpg://… / must be such an address")
    if not file.exists():
        raise typer.TyperException(f"没有这个数据库 / there is no database: {file}")

    def tell(moved: MovedTable) -> None:
        print(f"{moved.name}: {moved.rows:,} ({moved.hash[:12]})", flush=True)

    with build.hold_home(chosen):
        asyncio.run(_migrate(chosen))
        options = replace(build.engine_options(chosen), statement_s=MIGRATION_S)
        asyncio.run(move(file, to, options, tell))
    print(
        "搬好了，每个表都核对过；把 GRADBOT_DATABASE_URL 设成这个地址再启动，原来的文件留着没动。\n"
        f"moved and verified; set GRADBOT_DATABASE_URL to this address and start. The file is as it was: {file}"
    )


@db.command()
def check() -> None:
    """检查数据库：文件、引用、表。Check pages, references and tables; exit 1 with any fault."""
    from bot.store.backup import count_broken_sessions, find_faults

    database = _file(build.settings())
    faults = find_faults(database)
    for fault in faults:
        print(f"{database}: {fault}")
    if faults:
        raise typer.Exit(PROBLEMS)
    print(f"没有问题 / no faults: {database}")
    if count := count_broken_sessions(database):
        print(f"读不出来、另外存着的进度 / sessions set aside (broken_sessions): {count}")
