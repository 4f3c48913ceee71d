"""Messages to the staff about a ticket, masked and without a name, with the buttons for its state. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from bot.content.content import Content
from bot.content.phrases.desk import DeskPhrases
from bot.domain.effects import Effect
from bot.domain.messages import Button, Change, Reply, Sent
from bot.domain.outbox import Queued, Swept
from bot.domain.session import Session
from bot.domain.tickets import Ticket, TicketFile
from bot.render.layout import Rows
from bot.render.reply import Voice


def mask_for_staff(content: Content, words: str) -> str:
    """Return typed words as they may be stored or shown to staff: everything private in them masked."""
    return content.mask(words)


def post_to_staff(words: DeskPhrases, ticket: Ticket, text: str, rows: Rows = (), *, joins: bool = False) -> Queued:
    """Return the message to the thread of this ticket."""
    title = words.thread.format(number=ticket.number)
    return Queued("staff", Reply(text, rows), ticket.number, title=title, joins=joins)


def announce_forgotten(content: Content, ticket: Ticket, thread: str | None) -> tuple[Effect, ...]:
    """Return the notice to staff that the graduate had everything deleted, this ticket and its files included."""
    words = content.phrases.desk
    text, title = words.forgotten_for_staff.format(number=ticket.number), words.thread.format(number=ticket.number)
    return sweep(words, ticket.number), Queued("staff", Reply(text), thread=thread, title=title if thread else "")


def announce_merged(content: Content, number: str, stays: str) -> Queued:
    """Return the notice to staff that a ticket is closed because its graduate has another one as well."""
    words = content.phrases.desk
    return post_to_staff(words, Ticket(number), words.merged_for_staff.format(number=number, stays=stays))


def announce_undelivered(content: Content, number: str, became: Literal["blocked", "failed", "unsure"]) -> Queued:
    """Return the notice to staff that their answer could not be delivered."""
    words = content.phrases.desk
    return post_to_staff(words, Ticket(number), words.lost_for_staff[became].format(number=number))


def mark_delivered(content: Content, number: str, source: str, change: Change) -> Queued:
    """Return the news to staff that the graduate has their message of this number, or its new words."""
    words = content.phrases.desk
    if change:
        return replace(post_to_staff(words, Ticket(number), words.edit_delivered), under=source)
    return Queued("staff", Reply(words.delivered), number, change="mark", source=source)


def describe_file(
    words: DeskPhrases,
    ticket: Ticket,
    side: Literal["graduate", "staff"],
    file: Sent,
    content: bytes | None = None,
) -> TicketFile:
    """Return a file as it is kept with the ticket: with its content, or by the channel's own id."""
    name = file.name or words.file_names[file.kind]
    if content is not None:
        return TicketFile(ticket.number, side, file.id, name, len(content), content=content)
    key = hashlib.sha256(f"{ticket.number} {file.id}".encode()).hexdigest()[:32]
    return TicketFile(ticket.number, side, key, name, file.size, source=file.id)


def sweep(words: DeskPhrases, number: str) -> Swept:
    """Return the end of what staff see only until the ticket closes: files and numbers to call."""
    return Swept(number, Reply(words.left_over.format(number=number)))


def tell_owners_of_lost_desk(content: Content, owners: Sequence[str]) -> tuple[Queued, ...]:
    """Return the news to owners that the staff chat cannot be reached."""
    return tuple(Queued("user", Reply(content.phrases.desk.lost_desk), user=owner) for owner in owners)


def tell_graduate_of_lost_desk(content: Content, ticket: Ticket, now: datetime) -> Queued:
    """Return the news to a graduate that nobody can be asked here now, with the office's phone; `now` is local."""
    voice = Voice(content, Session(ticket.notice), now)
    text = voice.fill(content.phrases.desk.lost_desk_for_graduate, number=ticket.number)
    return Queued("graduate", Reply(text), ticket.number)


def staff_rows(words: DeskPhrases, ticket: Ticket) -> Rows:
    """Return the buttons for what staff can do with the ticket in its present state."""
    if ticket.state == "closed":
        return ((ticket_button(ticket, "reopen", words.buttons["reopen"]),),)
    taken: Literal["drop", "take"] = "drop" if ticket.state == "taken" else "take"
    return (
        (ticket_button(ticket, taken, words.buttons[taken]), ticket_button(ticket, "topics", words.buttons["topics"])),
        (ticket_button(ticket, "close", words.buttons["close"]),),
    )


def ticket_button(ticket: Ticket, act: str, text: str) -> Button:
    """Return the button for an act of staff on this ticket."""
    return Button(f"desk|{ticket.number}|{act}", text)


def step_title(voice: Voice, ticket: Ticket) -> str:
    """Return the title of the step at which the ticket was opened."""
    step = voice.content.script.by_id.get(ticket.step)
    return voice.fill(step.title) if step else voice.content.phrases.desk.before
