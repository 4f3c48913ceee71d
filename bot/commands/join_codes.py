"""`gradbot broadcast codes | unfinished | import | calls | called`: join codes, and calls by them."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from bot.app import build
from bot.app.build import Workspace
from bot.broadcast.call_list import CallList
from bot.broadcast.requests import BroadcastRequest
from bot.broadcast.roster import parse_unfinished
from bot.broadcast.unfinished import Import, Unfinished, describe_import, find_unfinished, import_list, to_csv
from bot.commands.broadcast_group import Channel, broadcast, choose_notice
from bot.commands.workspace import Json, author, content_in_force, run
from bot.content.encoding import decode
from bot.content.sheets import UnreadableSheet
from bot.domain import join_codes as joining
from bot.domain.join_codes import CallOutcome
from bot.domain.messages import Reply
from bot.domain.roles import Audited
from bot.domain.session import Session
from bot.render.code_sheet import render_codes
from bot.render.reply import Voice

Notice = Annotated[str, typer.Option(help="哪一份通知，默认第一份。Which notice.")]


@broadcast.command()
def codes(
    count: Annotated[int, typer.Argument(help="要几个。How many.", min=1, max=100_000)],
    sheet: Annotated[
        Path | None, typer.Option(dir_okay=False, help="存成能打印的纸条（网页，带二维码）。Slips to print.")
    ] = None,
    title: Annotated[str, typer.Option(help="印在纸条上的班名。Printed on each slip.")] = "",
    address: Annotated[str, typer.Option(help="机器人的网址，二维码用。The bot's address, for QR codes.")] = "",
    as_json: Json = False,
) -> None:
    """抽一批编号，抄到学校自己的名单上发给学生；机器人不存这份名单。Draw join codes for the school's own list."""
    codes = joining.draw_codes(count, secrets.randbelow)
    if sheet:
        phrases, base = content_in_force().phrases, address or build.find_reach(build.settings()).page
        named = f"{phrases.broadcast.joining.codes_title} {title}".strip()
        sheet.write_text(render_codes(phrases.slip, named, codes, base), "utf-8")
    drawn = [joining.format_code(code) for code in codes]
    print(json.dumps(drawn) if as_json else "\n".join(drawn))


@broadcast.command("unfinished")
def list_unfinished(
    every: Annotated[
        Path | None, typer.Argument(help="全部编号的文件，还没来过的也列出来。All codes.", exists=True, dir_okay=False)
    ] = None,
    notice: Notice = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="表格（不写也是）。A table, as without it.")] = False,
    *,
    channel: Channel,
    as_json: Json = False,
) -> None:
    """还没做完的编号、走到哪一步、哪天来过，打电话催用。Codes whose owners are not done, for calling them."""
    given = joining.parse_list(_text(every)).codes if every else ()

    async def work(workspace: Workspace) -> list[Unfinished]:
        chosen = choose_notice(workspace, notice)
        voice = Voice(workspace.content, Session(chosen), workspace.local())
        return find_unfinished(voice, await workspace.store.codes.holders(channel, chosen), given)

    found = run(work)
    if as_json and not as_csv:
        print(
            json.dumps([asdict(replace(one, code=joining.format_code(one.code))) for one in found], ensure_ascii=False)
        )
    else:
        print(to_csv(content_in_force(), found).lstrip("\ufeff"), end="")


@broadcast.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="学校的未核对名单，一行一个编号。One code a line.", dir_okay=False)],
    notice: Notice = "",
    *,
    channel: Channel,
    as_json: Json = False,
) -> None:
    """学校名单上未核对、自己却说做完了的，退回最后一步并告诉本人。Put those right who said done and are not."""
    try:
        given = parse_unfinished(file.read_bytes())
    except (UnreadableSheet, OSError):
        given = joining.Listed((), ())
    if not given.codes:
        raise typer.TyperException(f"{file}: {content_in_force().phrases.broadcast.joining.no_codes}")

    async def work(workspace: Workspace) -> Import:
        chosen = choose_notice(workspace, notice)
        store, at = workspace.store, workspace.at
        result = await import_list(store, workspace.content, channel, chosen, given, workspace.local(), at)
        await store.apply((Audited("import", f"{chosen} {len(result.corrected)}"),), channel, at, author())
        return result

    result = run(work)
    print(json.dumps(asdict(result), ensure_ascii=False) if as_json else describe_import(content_in_force(), result))


def _text(file: Path) -> str:
    """Return the text of a file as a spreadsheet or an editor may have saved it."""
    try:
        text = decode(file.read_bytes())
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}") from error
    return text if isinstance(text, str) else ""


@broadcast.command("calls")
def list_calls(
    notice: Notice = "",
    xlsx: Annotated[Path | None, typer.Option(dir_okay=False, help="存成 Excel。As a workbook.")] = None,
    *,
    channel: Channel,
) -> None:
    """要打电话的人：从没来过、说做完了名单上没有、卡在哪一步、三次提醒没回，按班。Whom to call and why, by class."""

    async def work(workspace: Workspace) -> Reply:
        chosen = choose_notice(workspace, notice)
        calls = CallList(workspace.store, workspace.content, channel, chosen, workspace.local())
        shown = await calls.show()
        await workspace.store.apply(shown.effects, channel, workspace.at, author())
        return shown.replies[0]

    found = run(work)
    print(found.text)
    if xlsx and found.attachment:
        xlsx.write_bytes(found.attachment.data)


@broadcast.command()
def called(
    outcome: Annotated[CallOutcome, typer.Argument(help="打通 reached，没打通 missed，已办 handled，要补 papers。")],
    codes: Annotated[list[str], typer.Argument(help="编号，可以几个。Join codes.")],
    notice: Notice = "",
    *,
    channel: Channel,
) -> None:
    """记下电话的结果。Write down what came of a call."""

    async def work(workspace: Workspace) -> tuple[str, bool]:
        chosen = choose_notice(workspace, notice)
        calls = CallList(workspace.store, workspace.content, channel, chosen, workspace.local())
        asked = BroadcastRequest("called", about=f"-{outcome}", more=" ".join(codes))
        decision = await calls.answer(asked)
        await workspace.store.apply(decision.effects, channel, workspace.at, author())
        return decision.replies[0].text, bool(decision.effects)

    said, is_noted = run(work)
    print(said)
    if not is_noted:
        raise typer.Exit(1)
