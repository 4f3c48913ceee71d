"""The first page: everything that waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from bot.broadcast import draft as drafts
from bot.broadcast.visible import list_visible
from bot.console.parts import ConsolePage
from bot.console.visit import Visit
from bot.domain.broadcast import Broadcast
from bot.domain.lifecycle import BroadcastState
from bot.domain.session import Session
from bot.knowledge.inbox import MAX_AGE
from bot.render.reply import Voice
from flows.clock import Phase, running_clock

SHOWN = 5
"""Tickets and broadcasts that are shown."""


@dataclass(frozen=True)
class RunningNotice:
    """A notice that is not over, and its dates in words."""

    name: str
    clock: str


async def show_today(visit: Visit) -> Response:
    """Show what waits: tickets, broadcasts to agree to or to come, questions without an answer, dates, health."""
    waiting = await visit.store.tickets.page(("open", "taken", "released"), SHOWN, within=visit.classes)
    drafted = await _list(visit, "draft")
    return await visit.show(
        "today.html",
        waiting=await visit.store.tickets.count_waiting(visit.classes),
        tickets=waiting,
        drafts=[(it, describe(it)) for it in drafted[:SHOWN]],
        planned=[(it, describe(it)) for it in await _list(visit, "scheduled")],
        running=[(it, describe(it)) for it in await _list(visit, "running", "paused", "freezing")],
        misses=await visit.store.questions.count_unanswered(visit.at - MAX_AGE),
        terms=list_terms(visit),
        is_well=await visit.parts.service.reachable(),
        revision=visit.parts.knowledge.number,
    )


async def _list(visit: Visit, *states: BroadcastState) -> list[Broadcast]:
    return await list_visible(visit.store.broadcasts, visit.classes, *states, channel=visit.session.channel)


def describe(broadcast: Broadcast, most: int = 40) -> str:
    """Return the beginning of the text of a broadcast."""
    text = " ".join(drafts.load(broadcast.draft).plain_text.split())
    return text if len(text) <= most else f"{text[:most]}…"


def list_terms(visit: Visit) -> list[RunningNotice]:
    """Return the notices that are not over."""
    found = []
    for name, notice in visit.content.notices.items():
        if running_clock(notice, None, visit.now).phase is not Phase.CLOSED:
            facts = Voice(visit.content, Session(name), visit.now).facts
            found.append(RunningNotice(notice.notice.short, facts["clock.short"]))
    return found


PAGES = (ConsolePage("GET", "", "staff", show_today),)
