"""The first page: everything that waits for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

from starlette.responses import Response

from bot.broadcast.card import describe_text
from bot.broadcast.visible import list_visible
from bot.console.visit import ConsolePage, Visit
from bot.content.content import Content
from bot.content.lint import MAX_AGE_DAYS
from bot.domain.broadcast import Broadcast
from bot.domain.lifecycle import BroadcastState
from bot.domain.session import Session
from bot.knowledge.inbox import MAX_AGE
from bot.render.reply import Voice
from bot.tickets.roles import RANK
from faq.model import Entry
from flows.clock import Phase, running_clock

SHOWN = 5
"""Tickets, broadcasts, drafts and entries that are shown."""
SOON = timedelta(days=30)
"""Time before an entry must be checked again at which that is said."""


@dataclass(frozen=True)
class RunningNotice:
    """A notice that is not over, and its dates in words."""

    name: str
    clock: str


async def show_today(visit: Visit) -> Response:
    """Show what waits: tickets, broadcasts to agree to or to come, drafts and questions for admins, dates, health."""
    is_admin = RANK[visit.role] >= RANK["admin"]
    old = list_old(visit.content, visit.now.date()) if is_admin else []
    review = await visit.parts.admin.load_review(visit.who) if is_admin else None
    found = await visit.store.tickets.page(("open", "taken", "released"), SHOWN, within=visit.classes)
    drafted = await _list(visit, "draft")
    return await visit.show(
        "today.html",
        waiting=await visit.store.tickets.count_waiting(visit.classes),
        tickets=[it for it in found if it.ticket.waiting_since],  # they come first
        drafts=[(it, describe(visit, it)) for it in drafted[:SHOWN]],
        planned=[(it, describe(visit, it)) for it in await _list(visit, "scheduled")],
        running=[(it, describe(visit, it)) for it in await _list(visit, "running", "paused", "freezing")],
        is_admin=is_admin,
        misses=await visit.store.questions.count_unanswered(visit.at - MAX_AGE) if is_admin else 0,
        contents=await visit.store.knowledge.list_drafts(SHOWN) if is_admin else [],
        has_review=review is not None,
        old=old[:SHOWN],
        old_count=len(old),
        reminders=[(at, title) for day, at, title in list_reminders(visit.content) if day == visit.now.date()],
        names=await visit.parts.names(),
        terms=list_terms(visit),
        is_well=await visit.parts.service.reachable(),
        revision=max(visit.parts.knowledge.number, 1),
    )


async def _list(visit: Visit, *states: BroadcastState) -> list[Broadcast]:
    return await list_visible(visit.store.broadcasts, visit.classes, *states, channel=visit.session.channel)


def describe(visit: Visit, broadcast: Broadcast, most: int = 40) -> str:
    """Return the beginning of the text of a broadcast, as one graduate reads it."""
    return describe_text(visit.content, broadcast, visit.now, most)


def list_terms(visit: Visit) -> list[RunningNotice]:
    """Return the notices that are not over."""
    found = []
    for name, notice in visit.content.notices.items():
        if running_clock(notice, None, visit.now).phase is not Phase.CLOSED:
            facts = Voice(visit.content, Session(name), visit.now).facts
            found.append(RunningNotice(notice.notice.short, facts["clock.short"]))
    return found


def list_reminders(content: Content) -> Iterator[tuple[date, time, str]]:
    """Yield day, time and title of each reminder that the plans of the notices send by themselves."""
    templates = content.phrases.broadcast.templates
    for notice in content.notices.values():
        windows = {window.id: window for window in notice.windows}
        for reminder in notice.reminders.plan:
            if last := windows[reminder.window].last_day:
                yield last - timedelta(days=reminder.days), reminder.at, templates[reminder.template].title


def list_old(content: Content, today: date) -> list[Entry]:
    """Return the entries that must be checked again, or soon, the oldest check first."""
    before = today - timedelta(days=MAX_AGE_DAYS) + SOON
    dated = [(one.checked_on, one) for one in content.entries.values() if one.source == "beyond" and one.checked_on]
    return [one for day, one in sorted(dated, key=lambda row: row[0]) if day < before]


PAGES = (ConsolePage("GET", "", "staff", show_today),)
