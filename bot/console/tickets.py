"""Tickets: the list by state, the thread, answers, notes, answers of the FAQ. Each act is one of the staff chat's."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from starlette.responses import RedirectResponse, Response

from bot.console.visit import ConsolePage, Gone, Visit, download
from bot.domain.areas import Decision
from bot.domain.messages import Answer, Incoming, Reply, Sent
from bot.domain.roles import Role
from bot.domain.saved_texts import OWN, SavedText
from bot.domain.session import Session
from bot.domain.tickets import MOST_FILE, Ticket, TicketState
from bot.render.answers import render_answer
from bot.render.reply import Voice
from bot.service.staff import EARLIER
from bot.store.tickets import FoundTicket, KeptFile, SpokenWords
from bot.tickets.number import ALPHABET, LENGTH
from bot.tickets.staff_posts import step_title
from bot.tickets.waiting import describe_wait

MOST = 50
"""Tickets of a page."""
MOST_WORDS = 200
"""Words of a ticket that are shown, the last ones."""
FILTERS: Mapping[str, Sequence[TicketState]] = {
    "": ("open", "taken", "released"),
    "open": ("open", "released"),
    "taken": ("taken",),
    "closed": ("closed",),
}
"""States that each filter of the list shows."""
ACTS = ("take", "drop", "close", "reopen")
MOST_NAME = 80
"""Characters of the name of a file."""
SENDABLE = frozenset(
    f".{end}"
    for end in "pdf doc docx wps xls xlsx et csv ppt pptx txt rtf png jpg jpeg zip".split()  # noqa: SIM905
)
"""Ends of the names of files that an answer may bring: forms to fill in, and pictures."""

_NUMBER = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")
_TOPIC = re.compile(r"[a-z0-9_-]{1,40}", re.ASCII)


@dataclass(frozen=True)
class TicketLine:
    """A ticket in the list, in words."""

    ticket: Ticket
    opened_at: datetime
    state: str
    step: str
    waited: str
    last: str


async def count_waiting(visit: Visit) -> Response:
    """Answer with the number of tickets that wait, for the menu; nothing where none does."""
    waiting = await visit.store.tickets.count_waiting(visit.classes)
    return Response(f" ({waiting})" if waiting else "", media_type="text/html")


async def list_tickets(visit: Visit) -> Response:
    """Show the tickets of a filter: those that wait longest first, closed ones newest first."""
    chosen = visit.asked("state") if visit.asked("state") in FILTERS else ""
    after = visit.asked("before")
    before = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else None
    found = await visit.store.tickets.page(FILTERS[chosen], MOST + 1, before, visit.classes)
    more = str(found[MOST - 1].id) if chosen == "closed" and len(found) > MOST else ""
    lines = [TicketLine(it.ticket, it.opened_at, *_describe(visit, it.ticket), it.last[:80]) for it in found[:MOST]]
    is_cut = len(found) > MOST and not more
    return await visit.show("tickets.html", lines=lines, chosen=chosen, filters=list(FILTERS), more=more, is_cut=is_cut)


def _describe(visit: Visit, ticket: Ticket) -> tuple[str, str, str]:
    """Return state, step and wait of a ticket in words."""
    words, voice = visit.content.phrases.desk, Voice(visit.content, Session(ticket.notice), visit.now)
    waited = describe_wait(words, ticket.waiting_since, visit.now) if ticket.waiting_since else ""
    return words.states_for_staff[ticket.state].format(number=ticket.number), step_title(voice, ticket), waited


async def show_ticket(visit: Visit) -> Response:
    """Show a ticket with what was said, and an answer of the FAQ to be changed where one was asked for."""
    found, entry = await _find(visit), visit.content.entries.get(visit.asked("with"))
    if entry is None:
        saved = next((one for one in await _list_saved(visit) if one.key == visit.asked("with")), None)
        return await _show(visit, found, typed=saved.text if saved else "")
    voice = Voice(visit.content, Session(found.ticket.notice), visit.now)
    return await _show(visit, found, typed="\n\n".join(reply.text for reply in render_answer(voice, entry)))


async def _show(visit: Visit, found: FoundTicket, *, typed: str = "", refused: Answer | None = None) -> Response:
    ticket, entries = found.ticket, visit.content.entries
    state, step, waited = _describe(visit, ticket)
    about: dict[str, object] = {"said": refused} if refused else {}
    words, files = visit.store.tickets.words, visit.store.tickets.files
    told: list[SpokenWords | KeptFile] = [*await words(ticket.number, MOST_WORDS), *await files(ticket.number)]
    return await visit.show(
        "ticket.html",
        status=422 if refused else 200,
        ticket=ticket,
        state=state,
        step=step,
        waited=waited,
        told=sorted(told, key=lambda one: one.at),
        suffixes=",".join(sorted(SENDABLE)),
        names=await visit.parts.names(),
        topics=[entries[topic] for topic in ticket.topics if topic in entries],
        entries=list(entries.values()),
        saved=await _list_saved(visit),
        earlier=await visit.store.tickets.earlier(ticket.number, EARLIER),
        acts=_possible(ticket),
        typed=typed,
        **about,
    )


async def _list_saved(visit: Visit) -> list[SavedText]:
    return await visit.store.saved_texts.list(visit.session.channel, visit.classes, "answer")


def _possible(ticket: Ticket) -> tuple[str, ...]:
    return ("reopen",) if ticket.state == "closed" else ("drop" if ticket.state == "taken" else "take", "close")


async def _find(visit: Visit) -> FoundTicket:
    number = visit.request.path_params["number"]
    found = None
    if _NUMBER.fullmatch(number):
        found = await visit.store.tickets.find(number=number, within=visit.classes)
    if found is None:
        raise Gone
    return found


async def change_ticket(visit: Visit) -> Response:
    """Take a ticket, give it back, close it, open it again; or answer with an entry of the FAQ."""
    found, act, topic = await _find(visit), visit.field("act"), visit.field("topic")
    number = found.ticket.number
    if act == "fill" and _TOPIC.fullmatch(topic):
        return RedirectResponse(f"{visit.parts.base}/tickets/{number}?with={topic}#text", 303)
    if act == "say" and _TOPIC.fullmatch(topic):
        act = f"text|{topic.removeprefix(OWN)}" if topic.startswith(OWN) else f"say|{topic}"
    elif act not in ACTS:
        raise Gone
    await _act(visit, number, visit.incoming(press=f"desk|{number}|{act}", place="staff"))
    return visit.lead(f"/tickets/{number}")


async def say(visit: Visit) -> Response:
    """Answer the graduate, with a file or without, or leave a note among staff; what is refused stays in the field."""
    found, text = await _find(visit), visit.field("text").strip()
    is_note, (name, content) = visit.field("kind") == "note", visit.upload
    wrong = _find_fault(visit, is_note=is_note) if name else ""
    mark = "//" if is_note else ""
    incoming = visit.incoming(text=f"{mark}{text}", place="staff")
    if name:
        file = Sent("document", secrets.token_urlsafe(16), PurePath(name.replace("\\", "/")).name[-MOST_NAME:])
        incoming = replace(incoming, file=file, upload=content)
    answer = await _act(visit, found.ticket.number, incoming, wrong)
    if answer.replies:
        return await _show(visit, found, typed=text, refused=answer)
    return visit.lead(f"/tickets/{found.ticket.number}")


def _find_fault(visit: Visit, *, is_note: bool) -> str:
    """Return why the file of a form is not sent; empty when it may be."""
    words, (name, content) = visit.rendering.words["tickets"]["wrong_file"], visit.upload
    if is_note:
        return str(words["note"])
    if PurePath(name).suffix.lower() not in SENDABLE:
        return str(words["kind"])
    if len(content) > MOST_FILE:
        return str(words["large"])
    return "" if content else str(words["empty"])


async def _act(visit: Visit, number: str, incoming: Incoming, wrong: str = "") -> Answer:
    async def decide(incoming: Incoming, _: Role, at: datetime) -> Decision:
        if wrong:
            return Decision((Reply(wrong),))
        if incoming.press is None and not incoming.text.strip("/ ") and not incoming.file:
            return Decision((Reply(visit.rendering.words["tickets"]["empty"]),))
        return await visit.parts.service.staff.decide_on_ticket(visit.content, number, incoming, at)

    return await visit.act(incoming, decide)


async def send_file(visit: Visit) -> Response:
    """Send a file of a ticket, to be saved: nothing of it is opened here."""
    found, number = await _find(visit), visit.number("file")
    kept = next((one for one in await visit.store.tickets.files(found.ticket.number) if one.id == number), None)
    if kept is None:
        raise Gone
    try:
        fetch = visit.parts.broadcasts.area.fetch
        content = (
            await fetch(kept.source) if kept.source else await visit.store.tickets.load_own(found.ticket.number, number)
        )
    except ConnectionError:
        raise Gone from None
    if content is None:
        raise Gone
    return download(kept.name, content, "application/octet-stream")


PAGES = (
    ConsolePage("GET", "/waiting", "staff", count_waiting, is_polled=True),
    ConsolePage("GET", "/tickets", "staff", list_tickets),
    ConsolePage("GET", "/tickets/{number}", "staff", show_ticket),
    ConsolePage("POST", "/tickets/{number}", "staff", change_ticket),
    ConsolePage("POST", "/tickets/{number}/say", "staff", say),
    ConsolePage("GET", "/tickets/{number}/files/{file}", "staff", send_file),
)
