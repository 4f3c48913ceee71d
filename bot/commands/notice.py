"""`gradbot notice …`: a school's notice in words becomes the draft of one in YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

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
) -> None:
    """照通知原文起草 YAML，拿不准的列在 unsure 里，不发布。Draft the YAML of a notice; publishes nothing."""
    from bot.commands.input_file import read_document_file
    from bot.content.files import write_files
    from bot.notice_import.draft import draft_notice

    drafted = draft_notice(read_document_file(file))
    if out:
        try:
            write_files({out.name: drafted.yaml}, out.parent)
        except OSError as trouble:
            raise typer.BadParameter(f"写不了 / cannot write: {out}: {trouble.strerror}") from None
    if as_json:
        print(json.dumps(drafted.as_json, ensure_ascii=False))
    elif not out:
        print(drafted.yaml, end="")
