"""Files that somebody names on the command line: what cannot be used is a usage error with a sentence in Chinese."""

from __future__ import annotations

from pathlib import Path

import typer

from bot.content.files import Refused, decode_text, safe_name


def read_document_file(path: Path) -> str:
    """Return the text of a school's document. BadParameter when it cannot be had."""
    from bot.content.documents import UnreadableDocument, read_document

    try:
        return read_document(path.read_bytes())
    except UnreadableDocument as trouble:
        from bot.admin.refusals import describe_refusal
        from bot.content.loading import load

        sentence = describe_refusal(load(), Refused(trouble.rule))
        raise typer.BadParameter(f"{path.name}: {sentence}") from None
    except OSError as trouble:
        raise typer.BadParameter(f"读不了 / cannot read: {path}: {trouble.strerror}") from None


def read_bytes(path: Path) -> bytes:
    """Return a file as it is. BadParameter when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as trouble:
        raise typer.BadParameter(f"读不了 / cannot read: {path}: {trouble.strerror}") from None


def read_text_file(path: Path, *, is_yaml: bool = False) -> str:
    """Return the text of a file. BadParameter when it cannot be read, is no text, too large, or not called YAML."""
    try:
        if is_yaml:
            safe_name(path.name)
        return decode_text(path.read_bytes())
    except Refused as refused:
        from bot.admin.refusals import describe_refusal
        from bot.content.loading import load

        raise typer.BadParameter(f"{path.name}: {describe_refusal(load(), refused)}") from None
    except OSError as trouble:
        raise typer.BadParameter(f"读不了 / cannot read: {path}: {trouble.strerror}") from None
