"""`gradbot staff audit | texts | save`: what staff did, and the answers and templates that they saved."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from bot.app import build
from bot.app.build import Workspace
from bot.commands.workspace import Json, author, content_in_force, run
from bot.domain.areas import Decision
from bot.domain.roles import AuditedAct
from bot.domain.saved_texts import MOST_TITLE, SavedKind, SavedText
from bot.render.tables import to_csv
from bot.tickets.saved import SavedRequest, decide

staff = typer.Typer(
    help="工作人员做过什么、存着什么。What staff did and saved.", no_args_is_help=True, rich_markup_mode=None
)


@staff.command()
def audit(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="几条。How many.")] = 100,
    as_csv: Annotated[bool, typer.Option("--csv", help="表格。As CSV.")] = False,
    as_json: Json = False,
) -> None:
    """有权限的操作，新的在前：时间、谁、做了什么、关于。Privileged acts, newest first."""

    async def work(workspace: Workspace) -> list[AuditedAct]:
        return await workspace.store.roles.acts(build.find_staffed(workspace.settings), limit)

    acts = run(work)
    if as_json:
        print(json.dumps([{**asdict(act), "at": act.at.isoformat()} for act in acts], ensure_ascii=False))
        return
    rows = [(act.at.isoformat(timespec="seconds"), act.who, act.act, act.about) for act in acts]
    if as_csv:
        print(to_csv(content_in_force().phrases.staff.audit_columns, rows).lstrip("\ufeff"), end="")
        return
    print("\n".join(" · ".join(part for part in row if part) for row in rows))


@staff.command()
def texts(
    drop: Annotated[int | None, typer.Option(help="删掉这一条。Delete one.", min=1)] = None,
    as_json: Json = False,
) -> None:
    """存着的答复和模板。Saved answers and templates."""
    _settle(SavedRequest(number=drop) if drop else None, as_json=as_json)


@staff.command()
def save(
    kind: Annotated[SavedKind, typer.Argument(help="answer：答复工单用；template：群发用。For tickets or broadcasts.")],
    title: Annotated[str, typer.Argument(help="名字，20字以内。Its name.")],
    text: Annotated[str, typer.Argument(help="要说的话。The words.")],
    as_json: Json = False,
) -> None:
    """存一条答复或模板，同名的换掉。Save a text instead of one of the same name."""
    _settle(SavedRequest(kind, title.strip()[:MOST_TITLE], text.strip()), as_json=as_json)


def _settle(request: SavedRequest | None, *, as_json: bool) -> None:
    """Do what is asked as the chat does, and list what is saved then; exit 1 when nothing was done."""

    async def work(workspace: Workspace) -> tuple[Decision, list[SavedText]]:
        rows, staffed, decision = workspace.store.saved_texts, build.find_staffed(workspace.settings), Decision()
        if request:
            decision = decide(workspace.content, request, await rows.list(staffed, None), None)
            await workspace.store.apply(decision.effects, staffed, workspace.at, author())
        return decision, await rows.list(staffed, None)

    decision, saved = run(work)
    if as_json:
        names = ("number", "kind", "title", "text")
        print(json.dumps([{name: getattr(one, name) for name in names} for one in saved], ensure_ascii=False))
    elif decision.replies:
        print(decision.replies[0].text)
    else:
        print("\n".join(f"{one.number} · {one.kind} · {one.title} · {one.text}" for one in saved))
    if request and not decision.effects:
        raise typer.Exit(1)
