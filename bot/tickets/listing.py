"""Tickets as staff see them: a page of the list, one with what was said last, and who has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.content.content import Content
from bot.content.phrases.desk import DeskPhrases
from bot.domain.messages import Button, Reply
from bot.domain.session import Session
from bot.domain.tickets import Ticket, TicketSide
from bot.render.layout import cut
from bot.render.reply import Voice
from bot.tickets.staff_posts import step_title, ticket_button
from bot.tickets.waiting import describe_wait

MOST_TEXT = 4000
"""Characters of a message to staff."""
MAX_SPOKEN = 3000
"""Characters of what was said last."""
PAGE = 8
"""Tickets of a page of the list."""


def list_tickets(
    content: Content, tickets: Sequence[Ticket], now: datetime, skipped: int = 0, total: int | None = None
) -> Reply:
    """Return a page of tickets, a button for each, and buttons to the pages around it. `skipped` stand before it, of
    `total` (None: these are all).
    """
    words, total = content.phrases.desk, len(tickets) if total is None else total
    if not tickets:
        return Reply(words.none_open)
    lines = [_describe(content, ticket, now) for ticket in tickets]
    rows = [(ticket_button(t, "show", words.open_ticket.format(number=t.number)),) for t in tickets]
    before = [Button(f"desk|page|{max(0, skipped - PAGE)}", words.buttons["before"])] if skipped else []
    after = skipped + len(tickets)
    more = [Button(f"desk|page|{after}", words.buttons["next"])] if after < total else []
    pages = ((*before, *more),) if before or more else ()
    title = words.page.format(first=skipped + 1, last=after, total=total)
    return Reply(cut("\n".join([title, *lines]), MOST_TEXT)[0], (*rows, *pages))


def say_words(content: Content, side: TicketSide, name: str, text: str) -> str:
    """Return words about a ticket with who said them."""
    return content.phrases.desk.spoken[side].format(name=name, words=text)


def show_ticket(
    content: Content, ticket: Ticket, spoken: Sequence[str], names: Mapping[str, str], now: datetime
) -> str:
    """Return how a ticket stands, with what was said last."""
    words = content.phrases.desk
    return words.shown.format(
        number=ticket.number,
        state=_describe(content, ticket, now),
        holder=describe_holder(words, ticket, names, now) or words.nobody,
        spoken=cut("\n".join(spoken), MAX_SPOKEN)[0] or words.no_words,
    )


def _describe(content: Content, ticket: Ticket, now: datetime) -> str:
    words = content.phrases.desk
    return words.listed.format(
        number=ticket.number,
        state=words.states_for_staff[ticket.state].format(number=ticket.number),
        step=step_title(Voice(content, Session(ticket.notice), now), ticket),
        waited=describe_wait(words, ticket.waiting_since, now) if ticket.waiting_since else words.answered,
    )


def describe_holder(words: DeskPhrases, ticket: Ticket, names: Mapping[str, str], now: datetime) -> str:
    """Return who has the ticket, and for how long; empty when nobody has."""
    if not ticket.taken_by:
        return ""
    name = names.get(ticket.taken_by) or ticket.taken_by
    since = describe_wait(words, ticket.taken_at, now) if ticket.taken_at else ""
    return words.holder.format(name=name, since=since) if since else name
