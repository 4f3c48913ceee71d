"""Running a command's work on the open store, with the content that the bot answers from."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from bot.app import build
from bot.app.build import Workspace
from bot.content.content import Content
from bot.domain.staff_texts import find_forbidden

R = TypeVar("R")

Json = Annotated[bool, typer.Option("--json", help="一行 JSON。One line of JSON.")]


def content_in_force() -> Content:
    """Load what the bot answers from."""
    return asyncio.run(build.content_in_force(build.settings()))


def run(work: Callable[[Workspace], Coroutine[Any, Any, R]]) -> R:
    """Open the workspace of the settings, do the work in it, and close it."""

    async def open_and_work() -> R:
        async with build.open_workspace(build.settings(), with_folder=True) as workspace:
            return await work(workspace)

    return asyncio.run(open_and_work())


def author() -> str:
    """Return the author of what is made here: `cli:` and the account's name."""
    return f"cli:{getpass.getuser()}"


def refuse_secrets(content: Content, text: str) -> None:
    """Refuse a text that is to be stored and holds what nobody may write; a phone or an address staff may write."""
    if found := find_forbidden(text):
        phrases = content.phrases
        about = phrases.describe_findings(text, found)
        raise typer.TyperException(phrases.broadcast.wrong["secret"].format(about=about))
