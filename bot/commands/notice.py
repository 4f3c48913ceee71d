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
