"""Groups of commands that are imported when they are named: a chat in the terminal need not wait for the others."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

GROUPS = {
    "faq": "bot.commands.faq",
    "notice": "bot.commands.notice",
    "broadcast": "bot.commands.broadcast",
    "roster": "bot.commands.roster",
    "staff": "bot.commands.staff",
    "db": "bot.commands.db",
}
"""The module of each group; its typer.Typer has the group's name there."""


class LazyGroup(TyperGroup):
    """Has its own commands and the groups of GROUPS."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the group that is named; all of them for a name that there is not, so that the nearest is found."""
        if cmd_name not in self.commands:
            groups = typer.Typer(rich_markup_mode=None)
            for name in (cmd_name,) if cmd_name in GROUPS else GROUPS:
                groups.add_typer(getattr(import_module(GROUPS[name]), name), name=name)
            for name, group in get_group(groups).commands.items():
                self.add_command(group, name)
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(dict.fromkeys([*super().list_commands(ctx), *GROUPS]))
