"""`gradbot staff audit`: who did what with a role, or on this machine, and when."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from bot.app.build import Workspace
from bot.commands.workspace import Json, content_in_force, run
from bot.domain.roles import AuditedAct
from bot.render.tables import to_csv

staff = typer.Typer(help="工作人员做过什么。What staff did.", no_args_is_help=True, rich_markup_mode=None)


@staff.callback()
def _group() -> None:
    """Keep `audit` a command of a group, though it is the only one."""


@staff.command()
def audit(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="几条。How many.")] = 100,
    as_csv: Annotated[bool, typer.Option("--csv", help="表格。As CSV.")] = False,
    as_json: Json = False,
) -> None:
    """有权限的操作，新的在前：时间、谁、做了什么、关于。Privileged acts, newest first."""

    async def work(workspace: Workspace) -> list[AuditedAct]:
        return await workspace.store.roles.acts(workspace.settings.staffed, limit)

    acts = run(work)
    if as_json:
        print(json.dumps([{**asdict(act), "at": act.at.isoformat()} for act in acts], ensure_ascii=False))
        return
    rows = [(act.at.isoformat(timespec="seconds"), act.who, act.act, act.about) for act in acts]
    if as_csv:
        print(to_csv(content_in_force().phrases.staff.audit_columns, rows).lstrip("\ufeff"), end="")
        return
    print("\n".join(" · ".join(part for part in row if part) for row in rows))
