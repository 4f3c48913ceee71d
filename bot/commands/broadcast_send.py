"""`gradbot broadcast start | pause | resume | cancel | again`: a draft is sent, stopped and followed up."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC
from typing import Annotated, Literal

import typer

from bot.app import build
from bot.app.build import Workspace
from bot.broadcast import draft as drafts
from bot.broadcast.actions import ask_for_second
from bot.broadcast.context import BroadcastContext
from bot.broadcast.reach import count_reach
from bot.broadcast.sentence import ask_time
from bot.commands.broadcast_group import (
    MOVED_BY,
    Number,
    apply,
    broadcast,
    get,
    impossible,
    prepare_start,
    problem,
    show,
)
from bot.commands.workspace import Json, author, run
from bot.domain.audience import Count
from bot.domain.broadcast import Act, Broadcast, Cancelled, Moved
from bot.domain.lifecycle import ENDED, BroadcastState, can_move
from bot.domain.zone import ZONE
from bot.store import Store

LOOK_S = 0.5
"""Seconds between looks while something is sent."""


@broadcast.command()
def start(
    number: Number,
    at: Annotated[str, typer.Option(help="什么时候，如 “12-10 9:00”“截止前3天 9:00”。When.")] = "",
    here: Annotated[bool, typer.Option("--here", help="没有机器人在运行时，由这个命令来发。Send from here.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="不等它发完。Do not wait.")] = False,
    alone: Annotated[bool, typer.Option("--alone", help="人多也不等第二个人，记进审计。Ask nobody.")] = False,
    as_json: Json = False,
) -> None:
    """开始发（由运行着的机器人发），看着进度。Start; the running bot sends, and the progress is shown."""

    async def begin(workspace: Workspace) -> None:
        it = await get(workspace, number)
        if it.state in ("freezing", "running") and here:
            return  # go on with what another process began
        starting = prepare_start(workspace, it)
        for code, about in starting.problems:
            raise problem(workspace, code, about)
        if it.state not in ("draft", "approved", "scheduled"):
            raise impossible(workspace, "start", it)
        count = await _refuse_without_second(workspace, it, alone=alone)
        begun = await _schedule(workspace, it, at) if at else starting.start(author(), None if alone else count)
        await apply(workspace, it, begun, ("schedule" if at else "start") + (" alone" if alone else ""))

    run(begin)
    if not at and not detach:
        (_send if here else _watch)(number, as_json=as_json)
    show(number, as_json=as_json)


async def _refuse_without_second(workspace: Workspace, it: Broadcast, *, alone: bool) -> Count | None:
    """Return whom it reaches. Ends the command where a second person must agree first and did not, unless `alone`."""
    context = BroadcastContext(workspace.content, it, author(), workspace.local(), workspace.at)
    count = await count_reach(workspace.store, context.starting)
    if count and not alone and context.starting.needs_second(count):
        raise typer.TyperException(ask_for_second(context, count))
    return count


async def _schedule(workspace: Workspace, it: Broadcast, at: str) -> Moved:
    context = BroadcastContext(workspace.content, it, author(), workspace.local(), workspace.at)
    when = context.parse_time(at)
    if context.is_rehearsal:
        raise problem(workspace, "rehearsed")
    if when.at is None:
        raise typer.TyperException(ask_time(workspace.content, when))
    due = when.at.replace(tzinfo=ZONE).astimezone(UTC)
    draft = drafts.dump(replace(context.draft, at=when.at, follows=when.follows))
    return Moved(it.number, it.state, "scheduled", {"due_at": due, "draft": draft})


def _send(number: int, *, as_json: bool) -> None:
    """Send in this process until it is over or stands still."""
    from bot.app import telegram
    from bot.app.http import loop_factory

    async def work() -> None:
        async with telegram.sending(build.settings()) as (service, sender):
            progress = [] if as_json else [asyncio.create_task(_show_bar(service.store, number))]
            while (it := await service.store.broadcasts.get(number)) and it.state in ("freezing", "running"):
                await sender.send_once(number)
                await asyncio.sleep(LOOK_S)
            for task in progress:
                await task

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work())


def _watch(number: int, *, as_json: bool) -> None:
    """Show the progress while the running bot sends."""

    async def work(workspace: Workspace) -> None:
        if not as_json:
            print(workspace.content.phrases.broadcast.watching, file=sys.stderr)
        await _show_bar(workspace.store, number, quiet=as_json)

    run(work)


async def _show_bar(store: Store, number: int, *, quiet: bool = False) -> None:
    """Show a bar on standard error until it is over."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("")
        while True:
            totals, it = await store.ledger.totals(number), await store.broadcasts.get(number)
            states = " ".join(f"{state} {n}" for state, n in totals.states.items())
            bar.update(task, completed=totals.finished, total=totals.total, description=states)
            if it is None or it.state in ENDED or it.state == "paused":
                return
            await asyncio.sleep(LOOK_S)


def _steer(number: int, target: BroadcastState, *, as_json: bool) -> None:
    async def work(workspace: Workspace) -> None:
        it = await get(workspace, number)
        if not can_move(it.state, target):
            raise impossible(workspace, MOVED_BY[target], it)
        if target == "cancelled":
            await apply(workspace, it, Cancelled(number, it.state), MOVED_BY[target])
        else:
            why = {"why": "staff" if target == "paused" else "", "resume_at": None}
            await apply(workspace, it, Moved(number, it.state, target, why), MOVED_BY[target])

    run(work)
    show(number, as_json=as_json)


@broadcast.command()
def pause(number: Number, as_json: Json = False) -> None:
    """暂停。Pause."""
    _steer(number, "paused", as_json=as_json)


@broadcast.command()
def resume(number: Number, as_json: Json = False) -> None:
    """继续发。Go on."""
    _steer(number, "running", as_json=as_json)


@broadcast.command()
def cancel(number: Number, as_json: Json = False) -> None:
    """取消，还没发的不再发。Cancel; what was not sent is not sent any more."""
    _steer(number, "cancelled", as_json=as_json)


@broadcast.command()
def again(
    number: Number,
    act: Annotated[str, typer.Option(help="send：失败和不确定的再发；delete：收回。What to do.")] = "send",
    only: Annotated[
        Literal["failed", "unsure"] | None, typer.Option(help="send：只给失败的，或只给不确定的。For whom alone.")
    ] = None,
    as_json: Json = False,
) -> None:
    """给失败和不确定的人再写一条，或收回。A new draft for those who failed or are unsure, or to take it back."""

    async def work(workspace: Workspace) -> int:
        it = await get(workspace, number)
        if it.state not in ENDED or it.act != "send" or act not in ("send", "delete"):
            raise impossible(workspace, "again", it)
        kind: Act = "send" if act == "send" else "delete"
        rows = workspace.store.broadcasts
        draft = drafts.dump(replace(drafts.load(it.draft), only=only))
        made = await rows.make(it.channel, draft, author(), workspace.at, act=kind, parent=number)
        assert made
        return made

    made = run(work)
    print(json.dumps({"number": made}) if as_json else made)
