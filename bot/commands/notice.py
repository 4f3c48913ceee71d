"""`gradbot notice …`: a school's notice in words becomes the draft of one in YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.notice_import.review import Verdict

notice = typer.Typer(help="通知。Notices.", no_args_is_help=True)


@notice.callback()
def _notice() -> None:
    """Make typer treat a group with one command as a group."""


@notice.command()
def draft(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="通知原文：.txt .docx .doc .pdf .html。The notice in words."),
    ],
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="写到这个文件。Write it there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="一个 JSON。One JSON object.")] = False,
    review: Annotated[bool, typer.Option("--review", help="一处一处问：对、改、没写。Ask about each doubt.")] = False,
) -> None:
    """照通知原文起草 YAML，拿不准的列在 unsure 里，不发布。Draft the YAML of a notice; publishes nothing."""
    from bot.commands.input_file import read_document_file
    from bot.content.files import write_files
    from bot.notice_import.draft import draft_notice

    drafted = draft_notice(read_document_file(file))
    text = _review(drafted.yaml) if review else drafted.yaml
    if out:
        try:
            write_files({out.name: text}, out.parent)
        except OSError as trouble:
            raise typer.BadParameter(f"写不了 / cannot write: {out}: {trouble.strerror}") from None
    if as_json:
        print(json.dumps(drafted.as_json, ensure_ascii=False))
    elif not out:
        print(text, end="")


@notice.command()
def preview(
    which: Annotated[str, typer.Argument(help="通知的 id，或一个 .yaml 文件。A notice's id, or its file.")] = "",
    content: Annotated[Path | None, typer.Option("--content", file_okay=False, help="内容文件夹。")] = None,
    as_html: Annotated[bool, typer.Option("--html", help="可以打印的网页。A page to print.")] = False,
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="写到这个文件。Write it there.")] = None,
) -> None:
    """上线以前看一遍：对谁、哪一天、怎么说，哪里还空着。What the bot would say to whom and when."""
    from bot.app import build
    from bot.content.files import write_files
    from bot.content.loading import load
    from bot.notice_import.review import read_draft
    from bot.render.preview import preview as render
    from bot.render.preview import to_html, to_text
    from flows.notice import Notice

    knowledge = build.content(build.settings(content=content))
    if which.endswith((".yaml", ".yml")) and Path(which).is_file():
        text = Path(which).read_text("utf-8-sig")
        load({"notices/draft.yaml": text})
        chosen: Notice | None = Notice.model_validate(read_draft(text))
    else:
        chosen = knowledge.notices.get(which) if which else next(iter(knowledge.notices.values()), None)
    if chosen is None:
        raise typer.BadParameter(f"没有这份通知 / no such notice: {which}. {'、'.join(knowledge.notices)}")
    page = (to_html if as_html else to_text)(render(knowledge, chosen))
    if out is None:
        print(page, end="")
        return
    try:
        write_files({out.name: page}, out.parent)
    except OSError as trouble:
        raise typer.BadParameter(f"写不了 / cannot write: {out}: {trouble.strerror}") from None


_ANSWERS: Mapping[str, Verdict] = {"1": "right", "对": "right", "2": "change", "改": "change", "3": "absent",
                                   "没写": "absent", "4": "same", "都对": "same"}  # fmt: skip


def _review(text: str) -> str:
    """Return the draft with the doubts settled that somebody answers; at the end of the input the rest stays."""
    from bot.admin.refusals import describe_refusal
    from bot.content.files import Refused
    from bot.content.loading import load
    from bot.notice_import.review import (
        WrongAnswer,
        count_alike,
        describe_value,
        list_doubts,
        read_draft,
        settle,
        write_draft,
    )

    data = read_draft(text)
    while doubts := list_doubts(data):
        first = doubts[0]
        typer.echo(f"\n[{len(doubts)}] {first['at']}: {describe_value(data, first['at']) or '（空着）'}", err=True)
        typer.echo(f"  {first['why']}" + (f"\n  “{first['sentence']}”" if first.get("sentence") else ""), err=True)
        alike = count_alike(data)
        more = f"  4 这样的 {alike} 处都对" if alike > 2 else ""
        try:
            answer = typer.prompt(f"  1 对  2 改  3 没写{more}", err=True).strip()
            verdict = _ANSWERS.get(answer)
            words = typer.prompt("  改成", err=True) if verdict == "change" else ""
            data = settle(data, verdict, words) if verdict else data
        except typer.Abort:
            break
        except WrongAnswer as trouble:
            typer.echo(f"  {describe_refusal(load(), Refused(trouble.rule))}", err=True)
    return write_draft(data)
