"""The staff's side of a ticket: take it, answer, close it, list all; and its release when staff stay silent. Pure.

Each act is decided into effects: the ticket as it becomes, messages to the graduate and to staff, a line of the audit.
An answer goes to the graduate as it is typed, unless it holds a secret. Must not know: storage, channels, the clock of
the machine.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.content.content import Content
from bot.content.phrases.desk import DeskPhrases
from bot.domain.areas import Decision
from bot.domain.button_ids import Ask
from bot.domain.effects import Effect
from bot.domain.messages import CAPTION_MOST, Attachment, Bulletin, Button, Incoming, Reply, Sent
from bot.domain.outbox import Queued
from bot.domain.revisions import Once
from bot.domain.roles import Audited
from bot.domain.saved_texts import SavedText
from bot.domain.session import Session
from bot.domain.staff_texts import find_contacts, find_forbidden, find_risks
from bot.domain.tickets import MOST_FILES, Changed, Ticket, TicketState, TicketWords
from bot.domain.zone import local, utc
from bot.render.answers import render_answer
from bot.render.layout import Rows, cut
from bot.render.reply import Voice
from bot.tickets.hours import is_open
from bot.tickets.listing import describe_holder, show_ticket
from bot.tickets.number import ALPHABET, LENGTH
from bot.tickets.staff_posts import describe_file, post_to_staff, staff_rows, sweep, ticket_button
from bot.tickets.waiting import close, describe_wait, release_time, say_dropped
from faq.model import Entry

MAX_ANSWER = 4000
"""Characters of one message to a graduate; longer answers are sent in parts."""

LONG_WAIT = timedelta(hours=1)
"""The wait from which on staff are told every hour."""
MAX_SHOWN = 1000
"""Characters of an answer that the staff chat is shown."""

_PRESS = re.compile(
    rf"desk\|([{ALPHABET}]{{{LENGTH}}})\|(show|take|drop|close|reopen|topics|say|text)(?:\|([a-z0-9_-]{{1,40}}))?"
)
_PAGE = re.compile(r"desk\|page\|(\d{1,6})", re.ASCII)
_NOTE = re.compile(r"\s{0,99}+(?://|／／|备注(?:[:：\s]|$))\s*")


def parse_press(press: str | None) -> tuple[str, str, str] | None:
    """Return ticket number, act and topic (or "") of a button of `staff_posts`; None for any other."""
    found = _PRESS.fullmatch(press or "")
    return (found[1], found[2], found[3] or "") if found else None


def parse_reply(button: str | None) -> tuple[str, str, str] | None:
    """Return the same of the first button under a message that is replied to; None for a list, which is about many."""
    found = parse_press(button)
    return found if found and found[1] != "show" else None


def parse_page(press: str | None) -> int | None:
    """Return from how many tickets on a button goes on with the list; None for any other."""
    found = _PAGE.fullmatch(press or "")
    return int(found[1]) if found else None


def said_key(ticket: Ticket, text: str) -> str:
    """Return the beginning of the key under which it is kept that somebody wants to say this; only its hash is kept."""
    digest = hashlib.sha256(f"{ticket.number} {text.strip()}".encode()).hexdigest()
    return f"said/{digest[:32]}/"


@dataclass(frozen=True)
class StaffTurn:
    """One press or message of a member of staff (`who`, by id) about a ticket. `now` is local time of the notice.

    `current` is the number of the graduate's ticket that is not closed, `said_by` the ids of those who were asked to
    say just this again. `takes_files`: files can reach the graduate where they are. `names` are those of staff, by id.
    `files` are kept with the ticket, `saved` are answers that staff saved,
    `earlier` other tickets of the same graduate with the moments when they were opened.
    `spoken` are the last words about it. `elsewhere`: it is done outside the staff chat, which hears of answers.
    """

    content: Content
    ticket: Ticket
    who: str
    now: datetime
    current: str | None = None
    said_by: frozenset[str] = frozenset()
    takes_files: bool = True
    names: Mapping[str, str] = field(default_factory=dict)
    files: int = 0
    spoken: Sequence[str] = ()
    elsewhere: bool = False
    saved: Sequence[SavedText] = ()
    earlier: Sequence[tuple[datetime, Ticket]] = ()

    @property
    def words(self) -> DeskPhrases:
        return self.content.phrases.desk

    def decide(self, incoming: Incoming) -> Decision:
        """Return the decision on a press or on words in the thread of the ticket."""
        if button := parse_press(incoming.press):
            return self._press(button[1], button[2])
        text, file = incoming.text.strip(), incoming.file
        if (incoming.other not in ("", "edited") and not file) or not (text or file):
            return Decision((Reply(self.words.text_only),))
        if refusal := self._refuse(f"{text}\n{file.name}" if file else text):
            return refusal
        if note := _NOTE.match(text):
            is_edited = incoming.other == "edited"
            return Decision((Reply(self.words.edited_to_note),)) if is_edited else self._note(text[note.end() :])
        if question := self._ask_to_confirm(text):
            return question
        if file and incoming.upload is not None:
            return self._send_upload(text, file, incoming.upload)
        if file and not self.takes_files:
            return Decision((Reply(self.words.no_files),))
        if incoming.other == "edited":
            return self._edit(incoming)
        if file is None:
            return self._answer([Reply(text)], source=incoming.message)
        answered = self._answer(_with_file(self.words.answer, text, file), source=incoming.message)
        return self._keep_file(answered, file)

    def _send_upload(self, text: str, file: Sent, content: bytes) -> Decision:
        """Answer with a file that came with a form; it is kept with the ticket until the graduate fetches it."""
        if self.files >= MOST_FILES:
            return Decision((Reply(self.words.files_kept.format(n=MOST_FILES)),))
        answered = self._answer([Reply(text, attachment=Attachment(file.name, kept=file.id))])
        return self._keep_file(answered, file, content)

    def _keep_file(self, answered: Decision, file: Sent, content: bytes | None = None) -> Decision:
        """Return an answer with a file as a decision that keeps the file too; nothing where nothing was answered."""
        if not any(isinstance(effect, Changed) for effect in answered.effects):
            return answered
        kept = describe_file(self.words, self.ticket, "staff", file, content)
        return replace(answered, effects=(*answered.effects, kept))

    def _note(self, text: str) -> Decision:
        """Keep words among staff, of which the graduate hears nothing."""
        number = self.ticket.number
        return Decision(effects=(TicketWords(number, "note", text), Audited("note", number)) if text else ())

    def _refuse(self, text: str) -> Decision | None:
        """Return the refusal of a text with secrets; None when there are none."""
        found = find_forbidden(text)
        if not found:
            return None
        kinds = self.content.phrases.describe_findings(text, found)
        return Decision((Reply(self.words.secret.format(kinds=kinds)),))

    def _ask_to_confirm(self, text: str) -> Decision | None:
        """Ask to say it again: the same person for a phone or mail, another one for links and bait; None: it may go."""
        content, again = self.content, Once(f"{said_key(self.ticket, text)}{self.who}")
        said = () if self.who in self.said_by else (again,)
        if self.said_by - {self.who}:
            return None
        if risks := find_risks(text, content.allowed_hosts, content.public_contacts):
            return Decision((Reply(self.words.risky.format(risks="、".join(risks))),), said)
        found = find_contacts(text, content.public_contacts) if said else ()
        if not found:
            return None
        return Decision((Reply(self.words.contact.format(found=content.phrases.describe_findings(text, found))),), said)

    def _press(self, act: str, topic: str) -> Decision:
        ticket, words = self.ticket, self.words
        match act, ticket.state:
            case "show", _:
                return self._show()
            case "topics", _:
                return self._post(words.pick_topic if self._topics else words.no_topics, self._topics)
            case "say", _ if topic in self.content.entries:
                return self._answer_from_faq(self.content.entries[topic])
            case "text", _:
                return self._answer_saved(topic)
            case "take", "open" | "released":
                return self._change(self._take(), "take", words.taken, words.taken_for_graduate)
            case "take", "taken" if ticket.taken_by != self.who:
                return self._post(words.taken_before, holder=describe_holder(words, ticket, self.names, self.now))
            case "drop", "taken":
                return self._change(replace(ticket, state="open", taken_by=None, taken_at=None), "drop", words.dropped)
            case "close", "open" | "taken" | "released":
                said = "\n\n".join((words.closed_for_graduate, *say_dropped(words, ticket)))
                return self._change(close(ticket), "close", words.closed, said)
            case "reopen", "closed":
                return self._reopen()
        return self._post(words.states_for_staff[ticket.state])

    def _show(self) -> Decision:
        """Show how the ticket stands, with buttons to the other tickets of the same graduate."""
        ticket, words = self.ticket, self.words
        text = show_ticket(self.content, ticket, self.spoken, self.names, self.now)
        if not self.earlier:
            return self._post(text)
        lines = "、".join(
            f"{words.states_for_staff[other.state].format(number=other.number)}（{local(at, None):%m-%d}）"
            for at, other in self.earlier
        )
        names = [(other, words.open_ticket.format(number=other.number)) for _, other in self.earlier]
        rows = ((ticket_button(other, "show", name),) for other, name in names)
        return self._post(f"{text}\n{words.earlier.format(lines=lines)}", (*staff_rows(words, ticket), *rows))

    def _take(self) -> Ticket:
        """Return the ticket in charge of this person, or of who took it before; the bot waits for them again."""
        until, ticket = release_time(self.words, self.now), self.ticket
        who, since = (ticket.taken_by, ticket.taken_at) if ticket.taken_by else (self.who, utc(self.now))
        return replace(ticket, state="taken", taken_by=who, taken_at=since, release_at=until)

    def _reopen(self) -> Decision:
        if self.current and self.current != self.ticket.number:
            return self._post(self.words.newer, current=self.current)
        return self._change(self._take(), "reopen", self.words.reopened, self.words.taken_for_graduate)

    def _answer_from_faq(self, entry: Entry) -> Decision:
        replies = render_answer(Voice(self.content, Session(self.ticket.notice), self.now), entry)
        answer = Reply("\n\n".join(reply.text for reply in replies), source=replies[-1].source)
        return self._answer([answer], self.words.canned.format(number=self.ticket.number, title=entry.title))

    def _answer_saved(self, number: str) -> Decision:
        found = next((one for one in self.saved if str(one.number) == number), None)
        if found is None:
            return self._post(self.words.text_gone)
        return self._answer([Reply(found.text)], self.words.canned.format(number=self.ticket.number, title=found.title))

    def _edit(self, incoming: Incoming) -> Decision:
        """Change the graduate's copy of a message; without one, as of a note before, it is sent."""
        words, text = self.words, incoming.text.strip()
        if self.ticket.state == "closed":
            return self._post(words.closed_before)
        if len(text) > MAX_ANSWER:
            return Decision((Reply(words.edited),))
        rows = _graduate_rows(words, "withdraw")
        said = words.answer_edited.format(words=text)
        reply = Reply(said, rows)
        if incoming.file:
            reply = Reply("", bulletin=Bulletin(html.escape(said[:CAPTION_MOST], quote=False), rows, incoming.file))
        changed = Queued("graduate", reply, self.ticket.number, change="edit", source=incoming.message)
        kept = TicketWords(self.ticket.number, "staff", said)
        return Decision(effects=(changed, kept, Audited("edit", self.ticket.number)))

    def _answer(self, answers: Sequence[Reply], note: str = "", source: str | None = None) -> Decision:
        """Send an answer to the graduate and `note` to staff. Who answers takes the ticket, unless it is closed.

        `source` is the number of the message that is passed on.
        """
        words, ticket = self.words, self.ticket
        if ticket.state == "closed":
            return self._post(words.closed_before)
        replies = [part for answer in answers for part in _cut_answer(words, answer)]
        replies[-1] = _with_rows(replies[-1], _graduate_rows(words, "withdraw"))
        after = replace(self._take(), waiting_since=None)
        source = source if len(replies) == 1 else None  # only what is one message can be changed later
        posts = [Queued("graduate", reply, ticket.number, source=source) for reply in replies]
        if self.elsewhere and not note:
            note = words.said_elsewhere.format(
                number=ticket.number,
                name=self.names.get(self.who) or self.who,
                words=cut("\n".join(answer.text for answer in answers), MAX_SHOWN)[0],
            )
        notes = [post_to_staff(words, after, note)] if note else []
        said = TicketWords(ticket.number, "staff", "\n\n".join(answer.text for answer in answers))
        return Decision(effects=(Changed(after), *posts, *notes, said, Audited("answer", ticket.number)))

    def _change(self, after: Ticket, act: str, for_staff: str, for_graduate: str = "") -> Decision:
        """Return the decision that the ticket becomes `after`, with a sentence for each side that has one."""
        posts: list[Effect] = [sweep(self.words, after.number)] if after.state == "closed" else []
        text = for_staff.format(number=after.number)
        posts.append(post_to_staff(self.words, after, text, staff_rows(self.words, after)))
        if for_graduate:
            reply = Reply(for_graduate.format(number=after.number), _graduate_rows(self.words, "desk"))
            posts.append(Queued("graduate", reply, after.number))
        return Decision(effects=(Changed(after), *posts, Audited(act, after.number)))

    def _post(self, text: str, rows: Rows = (), **about: str) -> Decision:
        text = text.format(number=self.ticket.number, **about)
        rows = rows or staff_rows(self.words, self.ticket)
        return Decision(effects=(post_to_staff(self.words, self.ticket, text, rows),))

    @property
    def _topics(self) -> Rows:
        """The nearest answers of the FAQ and those that staff saved, a button each."""
        entries = [self.content.entries[topic] for topic in self.ticket.topics if topic in self.content.entries]
        nearest = [(f"say|{entry.id}", entry.title) for entry in entries]
        saved = [(f"text|{one.number}", one.title) for one in self.saved]
        return tuple((ticket_button(self.ticket, act, title),) for act, title in (*nearest, *saved))


def release(content: Content, ticket: Ticket, now: datetime) -> Decision:
    """Return the ticket to the bot after too long a silence: closed if the graduate had an answer, else released."""
    words, voice = content.phrases.desk, Voice(content, Session(ticket.notice), now)
    waits = ticket.waiting_since is not None
    state: TicketState = "released" if waits else "closed"
    held = ticket.held if waits else ()
    after = replace(ticket, state=state, taken_by=None, taken_at=None, release_at=None, held=held)
    swept = () if waits else (sweep(words, ticket.number),)
    for_graduate = words.released_for_graduate if waits else words.quiet_for_graduate
    for_staff = words.released if waits else words.quiet
    said = (voice.fill(for_graduate, number=ticket.number), *(() if waits else say_dropped(words, ticket)))
    reply = Reply("\n\n".join(said), _graduate_rows(words, "desk"))
    post = post_to_staff(words, after, for_staff.format(number=ticket.number), staff_rows(words, after))
    return Decision(effects=(Changed(after), *swept, Queued("graduate", reply, ticket.number), post))


def describe_longest_wait(content: Content, tickets: Sequence[Ticket], now: datetime) -> Queued | None:
    """Return the news to staff of the ticket that has waited longest, from LONG_WAIT on; None out of office hours."""
    words = content.phrases.desk
    waiting = [(t.waiting_since, t) for t in tickets if t.waiting_since and utc(now) - t.waiting_since >= LONG_WAIT]
    if not waiting or not is_open(words.office, now):
        return None
    since, ticket = min(waiting, key=lambda one: one[0])
    waited = describe_wait(words, since, now)
    row = (ticket_button(ticket, "show", words.open_ticket.format(number=ticket.number)),)
    return Queued(
        "staff", Reply(words.longest_wait.format(number=ticket.number, waited=waited, n=len(waiting)), (row,))
    )


def _cut_answer(words: DeskPhrases, answer: Reply) -> list[Reply]:
    """Return an answer as messages; the first says that it comes from a teacher."""
    if answer.bulletin:
        return [answer]
    first, *rest = cut(answer.text, MAX_ANSWER)
    parts = [Reply(part, source=answer.source) for part in (words.answer.format(words=first).strip(), *rest)]
    return [*parts[:-1], replace(parts[-1], attachment=answer.attachment)]


def _with_file(sentence: str, text: str, file: Sent) -> list[Reply]:
    """Return a file with its caption; a caption that is too long with the words around it follows by itself."""
    said = sentence.format(words=text)
    caption = said if len(said) <= CAPTION_MOST else sentence.format(words="").strip()
    sent = Reply(said, bulletin=Bulletin(html.escape(caption, quote=False), file=file))
    return [sent] if caption == said else [sent, Reply(text)]


def _with_rows(reply: Reply, rows: Rows) -> Reply:
    if reply.bulletin:
        return replace(reply, bulletin=replace(reply.bulletin, buttons=rows))
    return replace(reply, buttons=rows)


def _graduate_rows(words: DeskPhrases, command: Literal["withdraw", "desk"]) -> Rows:
    """Return the row under a message to the graduate: this command, and on with the walk."""
    label = words.buttons["enough" if command == "withdraw" else "more"]
    return ((Button(str(Ask("cmd", command)), label), Button(str(Ask("cmd", "resume")), words.buttons["resume"])),)
