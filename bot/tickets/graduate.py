"""The graduate's side of a ticket: open it, add words, withdraw it, ask for its state. Pure.

Each function returns replies for the graduate and effects for everybody else. Must not know: storage, channels, the
clock of the machine.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.domain import privacy
from bot.domain.areas import Decision
from bot.domain.button_ids import Ask
from bot.domain.effects import Effect
from bot.domain.messages import Bulletin, Button, Incoming, Reply, Sent
from bot.domain.outbox import Queued
from bot.domain.privacy import Kind
from bot.domain.spelling import fold
from bot.domain.tickets import Changed, Opened, Ticket, TicketWords
from bot.render.reply import Voice
from bot.tickets.staff_posts import describe_file, mask_for_staff, post_to_staff, staff_rows, step_title, sweep
from bot.tickets.waiting import close, describe_wait, promise, say_dropped, start_waiting

MAX_TOPICS = 5
"""Topics of the FAQ that a ticket keeps, as answers for staff to choose from."""


MAX_HELD = 10
"""Files that wait for one graduate's yes."""
_CALL = re.compile(
    r"(?:请|麻烦)?(?:老师)?(?:给我)?(?:回电话?|回拨|打我?这个电话|打我电话)[是到为:：,，\s]{0,4}"
    r"([+0-9][0-9 -]{5,18}[0-9])[。.!！\s]{0,4}"
)


Refused = Literal["", "enough", "strangers"]


@dataclass(frozen=True, slots=True)
class Case:
    """The graduate's ticket that is not closed, if any, and the number for a new one.

    `refused`: why no new one is opened, unless it is urgent: they opened enough, or strangers opened many.
    """

    ticket: Ticket | None
    number: str
    refused: Refused = ""


def open_ticket(voice: Voice, case: Case, words: str = "", topics: Sequence[str] = ()) -> Decision:
    """Open a ticket with these words, or add them to the one that is open and report its state."""
    ticket = case.ticket
    if ticket is None and case.refused:
        row = (voice.start(), voice.command("contact"))
        phrases = voice.content.phrases.desk
        said = phrases.enough if case.refused == "enough" else phrases.slow_start
        return Decision(voice.bubbles(voice.fill(said), (row,)))
    if ticket is None:
        return _open_new(voice, case.number, words, topics)
    if ticket.is_relayed:
        return Decision(show_state(voice, ticket), relay(voice, ticket, words).effects if words else ())
    return _open_again(voice, ticket, words)


def _open_new(voice: Voice, number: str, words: str, topics: Sequence[str]) -> Decision:
    phrases, position = voice.content.phrases.desk, voice.session.position
    step = position.step if position else ""
    ticket = Ticket(number, notice=voice.notice.id, step=step, topics=tuple(topics[:MAX_TOPICS]))
    ticket = start_waiting(voice, ticket)
    card = post_to_staff(phrases, ticket, _render_card(voice, ticket, words), staff_rows(phrases, ticket))
    return Decision(
        _show_ticket(voice, ticket, phrases.opened, *_ask_words(voice, words)),
        (Opened(ticket), card, *_keep(voice, ticket, words)),
    )


def _open_again(voice: Voice, ticket: Ticket, words: str) -> Decision:
    phrases = voice.content.phrases.desk
    ticket = start_waiting(voice, replace(ticket, state="open"))
    replies = _show_ticket(voice, ticket, phrases.reopened_for_graduate, *_ask_words(voice, words))
    return Decision(
        replies, (Changed(ticket), _post_words(voice, ticket, phrases.again, words), *_keep(voice, ticket, words))
    )


def open_urgent(voice: Voice, case: Case, words: str) -> tuple[Effect, ...]:
    """Tell staff at once of words of despair: in the open ticket or a new one, ahead of the usual card."""
    ticket = case.ticket or Ticket(case.number, notice=voice.notice.id)
    waiting = start_waiting(voice, replace(ticket, state="open") if not ticket.is_relayed else ticket)
    post = _post_words(voice, waiting, voice.content.phrases.typed.distress_for_staff, words)
    return (Changed(waiting) if case.ticket else Opened(waiting), post, *_keep(voice, waiting, words))


def relay(voice: Voice, ticket: Ticket, words: str) -> Decision:
    """Send the graduate's words to staff, without a reply."""
    post = _post_words(voice, ticket, voice.content.phrases.desk.from_graduate, words)
    return Decision((), (Changed(start_waiting(voice, ticket)), post, *_keep(voice, ticket, words)))


def relay_edited(voice: Voice, ticket: Ticket, words: str) -> Decision:
    """Send words that the graduate changed to staff, as such, without a reply."""
    post = _post_words(voice, ticket, voice.content.phrases.desk.edited_by_graduate, words)
    return Decision((), (Changed(start_waiting(voice, ticket)), post, *_keep(voice, ticket, words)))


def parse_call(text: str) -> str | None:
    """Return the number at which a graduate asks to be called; None for any other text."""
    found = _CALL.fullmatch(fold(text.strip()))
    if not found or any(one.kind is not Kind.MOBILE for one in privacy.find(found[1])):
        return None
    return found[1] if 7 <= len(re.sub("[^0-9]", "", found[1])) <= 13 else None


def leave_number(voice: Voice, ticket: Ticket, number: str) -> Decision:
    """Show staff the number at which the graduate wants to be called, until the ticket closes."""
    phrases = voice.content.phrases.desk
    text = phrases.call_for_staff.format(number=ticket.number, phone=number)
    post = replace(post_to_staff(phrases, ticket, text, staff_rows(phrases, ticket)), fleeting=True)
    kept = TicketWords(ticket.number, "graduate", text, fleeting=True)
    return Decision(voice.bubbles(phrases.call_left), (Changed(start_waiting(voice, ticket)), post, kept))


def hold_file(voice: Voice, ticket: Ticket, incoming: Incoming, file: Sent) -> Decision:
    """Keep a file, unopened, until the graduate agrees to pass it on; its caption goes to staff at once."""
    phrases, words = voice.content.phrases.desk, incoming.text.strip()
    if len(ticket.held) >= MAX_HELD:
        return Decision(voice.bubbles(phrases.files_full.format(n=MAX_HELD)))
    held = replace(ticket, held=(*ticket.held, file))
    spoken = _post_words(voice, held, phrases.from_graduate, words)
    kept = _keep(voice, ticket, words)
    effects: tuple[Effect, ...] = (Changed(start_waiting(voice, held)), spoken, *kept) if words else (Changed(held),)
    if incoming.in_album and ticket.held:
        return Decision((), effects)
    buttons = phrases.buttons
    row = (Button(str(Ask("cmd", "pass")), buttons["pass"]), Button(str(Ask("cmd", "hold")), buttons["hold"]))
    return Decision(voice.bubbles(phrases.file_ask, (row,)), effects)


def pass_files(voice: Voice, ticket: Ticket) -> Decision:
    """Send the files that wait to staff, by the channel's own ids, until the ticket closes."""
    phrases = voice.content.phrases.desk
    if not ticket.held:
        return Decision(voice.bubbles(phrases.none_held))
    text, lost = (sentence.format(number=ticket.number) for sentence in (phrases.file_for_staff, phrases.file_lost))
    rows = staff_rows(phrases, ticket)
    posts = [
        replace(
            post_to_staff(phrases, ticket, lost),
            reply=Reply(lost, rows, bulletin=Bulletin(html.escape(text), rows, file)),
            fleeting=True,
        )
        for file in ticket.held
    ]
    after = start_waiting(voice, replace(ticket, held=()))
    said = phrases.file_passed.format(n=len(posts))
    kept = [describe_file(phrases, ticket, "graduate", file) for file in ticket.held]
    return Decision(voice.bubbles(said), (Changed(after), *posts, *kept))


def drop_files(voice: Voice, ticket: Ticket) -> Decision:
    """Forget the files that wait."""
    phrases = voice.content.phrases.desk
    said = phrases.file_dropped if ticket.held else phrases.none_held
    return Decision(voice.bubbles(said), (Changed(replace(ticket, held=())),))


def withdraw(voice: Voice, ticket: Ticket) -> Decision:
    """Close the ticket of a graduate who needs nobody any more."""
    phrases, closed = voice.content.phrases.desk, close(ticket)
    post = post_to_staff(phrases, closed, voice.fill(phrases.withdrawn_for_staff, number=ticket.number))
    row = (voice.start(), voice.command("menu"))
    effects = (Changed(closed), sweep(phrases, ticket.number), post)
    return Decision(voice.bubbles("\n\n".join((phrases.withdrawn, *say_dropped(phrases, ticket))), (row,)), effects)


def show_state(voice: Voice, ticket: Ticket) -> tuple[Reply, ...]:
    """Return the state of the ticket in words for the graduate."""
    return _show_ticket(voice, ticket, voice.content.phrases.desk.states[ticket.state])


def _show_ticket(voice: Voice, ticket: Ticket, *sentences: str) -> tuple[Reply, ...]:
    words = voice.content.phrases.desk
    waited = describe_wait(words, ticket.waiting_since, voice.now) if ticket.waiting_since else ""
    about = {"number": ticket.number, "promise": promise(voice), "waited": waited}
    text = "\n\n".join(voice.fill(sentence, None, **about) for sentence in sentences)
    return voice.bubbles(text, ((voice.command("withdraw"), voice.start()),))


def _ask_words(voice: Voice, words: str) -> tuple[str, ...]:
    """Return the sentence that asks for the question, unless it is there."""
    return () if words else (voice.content.phrases.desk.blank,)


def _post_words(voice: Voice, ticket: Ticket, sentence: str, words: str) -> Queued:
    phrases = voice.content.phrases.desk
    text = voice.fill(sentence, number=ticket.number, words=mask_for_staff(voice.content, words))
    return post_to_staff(phrases, ticket, text, staff_rows(phrases, ticket), joins=True)


def _keep(voice: Voice, ticket: Ticket, words: str) -> tuple[TicketWords, ...]:
    """Return the effect that keeps the graduate's words with the ticket, masked; nothing where there are none."""
    masked = mask_for_staff(voice.content, words)
    return (TicketWords(ticket.number, "graduate", masked),) if masked else ()


def _render_card(voice: Voice, ticket: Ticket, words: str) -> str:
    """Return the text of a new ticket for staff."""
    phrases, content = voice.content.phrases.desk, voice.content
    topics = [content.entries[topic].title for topic in ticket.topics if topic in content.entries]
    return voice.fill(
        phrases.card,
        number=ticket.number,
        words=mask_for_staff(content, words) or phrases.no_words,
        topics=content.phrases.facts.comma.join(topics[:3]) or phrases.no_topics,
        step=step_title(voice, ticket),
        who=voice.facts["me.major"],
        notice=voice.notice.notice.short,
    )
