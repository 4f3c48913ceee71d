"""`gradbot broadcast`: its group of commands, and what they share.

Whoever has the command line has the database. The rule of the second person holds here as well, unless a broadcast is
started `--alone`; every act is in the audit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from bot.app import build
from bot.app.build import Workspace
from bot.broadcast import report
from bot.broadcast.starting import BroadcastStart
from bot.commands.workspace import author, content_in_force, run
from bot.domain.broadcast import STATES, Broadcast, Totals
from bot.domain.effects import Effect, Outdated
from bot.domain.lifecycle import BroadcastState
from bot.domain.roles import Audited

broadcast = typer.Typer(help="群发和提醒。Broadcasts.", no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[int, typer.Argument(help="群发的编号。Its number.", min=1)]
Channel = Annotated[str, typer.Option(hidden=True, default_factory=lambda: build.find_staffed(build.settings()))]
"""The channel of the staff; by default that of the settings."""

Command = Literal["start", "pause", "resume", "cancel", "again"]
MOVED_BY: Mapping[BroadcastState, Command] = {"paused": "pause", "running": "resume", "cancelled": "cancel"}
"""The command that moves a broadcast to a state."""


async def get(workspace: Workspace, number: int) -> Broadcast:
    """Load a broadcast; one that there is not ends the command."""
    found = await workspace.store.broadcasts.get(number)
    if found is None:
        raise typer.TyperException(f"#{number}: {workspace.content.phrases.broadcast.gone}")
    return found


async def apply(workspace: Workspace, broadcast: Broadcast, effect: Effect, act: str) -> None:
    """Apply an effect to a broadcast, with a line of the audit; somebody else's change in between ends the command."""
    audited = Audited(f"broadcast {act}", str(broadcast.number))
    try:
        await workspace.store.apply((effect, audited), broadcast.channel, workspace.at, author())
    except Outdated:
        changed = workspace.content.phrases.broadcast.changed
        raise typer.TyperException(f"#{broadcast.number}: {changed}") from None


def choose_notice(workspace: Workspace, name: str) -> str:
    """Return the notice of that name, or the first for no name; a wrong name ends the command."""
    notices = workspace.content.notices
    if name and name not in notices:
        raise problem(workspace, "rule", name, ", ".join(notices))
    return name or next(iter(notices))


def prepare_start(workspace: Workspace, broadcast: Broadcast) -> BroadcastStart:
    """Put together what it takes to start a broadcast now."""
    return BroadcastStart(workspace.content, broadcast, workspace.local(), workspace.at)


def problem(workspace: Workspace, code: str, about: str = "", known: str = "") -> typer.TyperException:
    """Return the exception that says what is wrong in one line."""
    return typer.TyperException(workspace.content.phrases.broadcast.wrong[code].format(about=about, known=known))


def impossible(workspace: Workspace, command: Command, broadcast: Broadcast) -> typer.TyperException:
    """Return the exception that says why a command can do nothing with a broadcast in its state."""
    words = workspace.content.phrases.broadcast
    sentence = words.impossible[command].format(number=broadcast.number, state=words.states[broadcast.state])
    return typer.TyperException(sentence)


def show(number: int, *, as_json: bool) -> None:
    """Print the state of a broadcast and how many recipients are in each state."""

    async def work(workspace: Workspace) -> tuple[Broadcast, Totals]:
        return await get(workspace, number), await workspace.store.ledger.totals(number)

    it, totals = run(work)
    if not as_json:
        print(report.format_progress(content_in_force().phrases.broadcast, it, totals))
        return
    state: dict[str, Any] = {
        "number": number,
        "act": it.act,
        "state": it.state,
        "why": it.why,
        "resume_at": it.resume_at.isoformat() if it.resume_at else None,
        "total": totals.total,
        **{state: totals[state] for state in STATES},
        "acks": dict(totals.acks),
    }
    print(json.dumps(state, ensure_ascii=False))
