"""`gradbot roster check | apply | undo`: the school's own list puts right who said done and is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.app import build
from bot.app.build import Workspace
from bot.broadcast.roster import Roster, parse_roster
from bot.broadcast.roster_acts import (
    DryRun,
    Undone,
    apply_roster,
    check_roster,
    describe_roster,
    say_applied,
    say_why,
    undo_roster,
)
from bot.commands.broadcast_group import Channel, choose_notice
from bot.commands.workspace import Json, author, content_in_force, run
from bot.content.phrases.broadcast import RosterPhrases
from bot.content.sheets import UnreadableSheet, load_sheets
from bot.domain.effects import Outdated
from bot.domain.join_codes import format_code

roster = typer.Typer(help="学校的名单。The school's list.", no_args_is_help=True, rich_markup_mode=None)

List = Annotated[Path, typer.Argument(help="学校的名单，Excel 或 CSV。The list.", exists=True, dir_okay=False)]
Notice = Annotated[str, typer.Option(help="哪一份通知，默认第一份。Which notice.")]


@roster.command()
def check(file: List, notice: Notice = "", *, channel: Channel, as_json: Json = False) -> None:
    """看名单会改什么，什么都不做。What the list would change; does nothing."""
    given = _load(file)

    async def work(workspace: Workspace) -> DryRun:
        return await check_roster(workspace.store, channel, choose_notice(workspace, notice), given)

    _show(given, run(work), as_json=as_json)


@roster.command("apply")
def apply_list(file: List, notice: Notice = "", *, channel: Channel, as_json: Json = False) -> None:
    """名单上没做完、自己却说做完了的，退回最后一步并告诉本人。Put those back who said done and are not."""
    given = _load(file)

    async def work(workspace: Workspace) -> tuple[int, DryRun]:
        chosen, now = choose_notice(workspace, notice), workspace.local()
        try:
            return await apply_roster(
                workspace.store, workspace.content, channel, chosen, given, now, workspace.at, author()
            )
        except Outdated:
            raise typer.TyperException(_words().busy) from None

    number, dry_run = run(work)
    if as_json:
        print(json.dumps({"number": number, **_to_json(given, dry_run)}, ensure_ascii=False))
        return
    _show(given, dry_run, as_json=False)
    print(say_applied(_words(), number, len(dry_run.reset)))


@roster.command()
def undo(number: Annotated[int, typer.Argument(help="名单的编号。Its number.", min=1)], as_json: Json = False) -> None:
    """24 小时里撤回一份名单。Undo a list within 24 hours."""

    async def work(workspace: Workspace) -> Any:
        try:
            now, at = workspace.local(), workspace.at
            return await undo_roster(workspace.store, workspace.content, number, now, at, author())
        except Outdated:
            raise typer.TyperException(_words().busy) from None

    done = run(work)
    if not isinstance(done, Undone):
        raise typer.TyperException(getattr(_words(), done).format(number=number))
    about = {"number": number, "restored": done.restored, "moved": done.moved}
    print(json.dumps(about) if as_json else _words().undone.format(**about))


def _words() -> RosterPhrases:
    return content_in_force().phrases.broadcast.joining.roster


def _load(file: Path) -> Roster:
    try:
        return parse_roster(load_sheets(file.read_bytes()), file.name, build.find_students(build.settings()))
    except UnreadableSheet as trouble:
        raise typer.TyperException(f"{file}: {_words().wrong[trouble.rule]}") from None
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}") from error


def _to_json(given: Roster, dry_run: DryRun) -> dict[str, Any]:
    words = _words()
    return {
        "columns": dict(given.columns),
        "done": list(given.done),
        "not_done": list(given.not_done),
        "unread": [{"row": row.row, "why": say_why(words, row)} for row in given.unread],
        "reset": [format_code(holder.code) for holder in dry_run.reset],
        "unchanged": dry_run.unchanged,
    }


def _show(given: Roster, dry_run: DryRun, *, as_json: bool) -> None:
    print(
        json.dumps(_to_json(given, dry_run), ensure_ascii=False)
        if as_json
        else describe_roster(_words(), given, dry_run)
    )
