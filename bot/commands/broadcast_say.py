"""`gradbot broadcast say | plan`: what one sentence of a teacher would send, and the automatic reminders to come."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.app.build import Workspace
from bot.broadcast.plan import list_coming
from bot.broadcast.reach import count_told
from bot.broadcast.reminder_calendar import ReminderCalendar, is_skipped
from bot.broadcast.sentence import Plan, list_who, plan_broadcast
from bot.commands.broadcast_group import Channel, broadcast, choose_notice
from bot.commands.workspace import Json, author, content_in_force, run
from bot.domain.audience import search
from bot.domain.roles import Audited
from bot.domain.zone import ZONE, parse_moment, utc


@broadcast.command()
def say(
    text: Annotated[str, typer.Argument(help="一句话，如“明早8点提醒会计学没做完的”。One sentence.")],
    now: Annotated[str, typer.Option(metavar="TIME", help="当作现在，如 2013-12-05T10:00。Taken for now.")] = "",
    notice: Annotated[str, typer.Option(help="哪一份通知，默认第一份。Which notice.")] = "",
    *,
    channel: Channel,
    exact: Annotated[bool, typer.Option("--exact", help="确切的人数，记在操作记录里。Exact, audited.")] = False,
    as_json: Json = False,
) -> None:
    """一句话排一条群发：发给谁、几点、发什么，不清楚的问回来；只看不发。Plan a broadcast from one sentence."""

    async def work(workspace: Workspace) -> dict[str, Any]:
        chosen = workspace.content.notices[choose_notice(workspace, notice)]
        present = _moment(now) if now else workspace.local()
        plan = plan_broadcast(text, workspace.content, chosen, present)
        count = 0
        if plan.audience and not plan.asks:
            at = plan.at or present
            rows = workspace.store.broadcasts
            found = search(plan.audience, chosen, rows.channels(channel), at, utc(at))
            if exact:
                await workspace.store.apply((Audited("exact count", "say"),), channel, utc(at), author())
            count = (await (rows.count(found) if exact else count_told(rows, found))).left
        return _to_json(plan, count)

    planned = run(work)
    print(json.dumps(planned, ensure_ascii=False) if as_json else _describe(planned))


def _moment(text: str) -> datetime:
    try:
        return parse_moment(text)
    except ValueError:
        raise typer.BadParameter(f"不是时间 / not a time: {text} (2013-12-05T10:00)", param_hint="--now") from None


def _to_json(plan: Plan, count: int) -> dict[str, Any]:
    return {
        "audience": str(plan.audience) if plan.audience else None,
        "who": list_who(plan.who),
        "at": plan.at.replace(tzinfo=ZONE).isoformat() if plan.at else None,
        "template": plan.template,
        "text": plan.text,
        "count": count,
        "asks": list(plan.asks),
    }


def _describe(planned: dict[str, Any]) -> str:
    words = content_in_force().phrases.broadcast
    if planned["asks"]:
        return "\n".join(planned["asks"])
    return words.say.planned.format(
        who=planned["audience"] or words.everybody,
        at=f"{datetime.fromisoformat(planned['at']):%Y-%m-%d %H:%M}" if planned["at"] else words.say.now,
        text=planned["text"] or words.templates[planned["template"]].title,
        count=planned["count"],
    )


@broadcast.command()
def plan(
    skip: Annotated[int | None, typer.Option(help="跳过第几次，跳过了的就照发。Leave out or put back.", min=1)] = None,
    *,
    channel: Channel,
) -> None:
    """自动提醒的月历：哪天发、发给多少人，可以跳过一次。The plan of automatic reminders as months, with counts."""

    async def work(workspace: Workspace) -> str:
        content, now, at = workspace.content, workspace.local(), workspace.at
        calendar = ReminderCalendar(workspace.store, content, now, at, channel)
        if skip:
            coming = list_coming(content, now)
            if skip > len(coming):
                raise typer.BadParameter(f"只有 {len(coming)} 次 / there are {len(coming)}", param_hint="--skip")
            due = coming[skip - 1]
            turned = await calendar.turn(due.mark, skip=not await is_skipped(workspace.store, due))
            await workspace.store.apply(turned.effects, channel, at, author())
        return (await calendar.show()).replies[0].text

    print(run(work))
