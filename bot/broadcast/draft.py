"""The draft of a broadcast: stored, checked, and rendered for one person. Pure.

The text is safe HTML with `{{ placeholders }}` of the notice's facts; what stands for them is escaped.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial

from pydantic import TypeAdapter

from bot.content.content import Content
from bot.content.told_buttons import find_missing_button
from bot.domain.audience import Audience, open_for
from bot.domain.broadcast import Ack, RowState
from bot.domain.button_ids import Ask
from bot.domain.messages import BULLETIN_MOST, CAPTION_MOST, Bulletin, Button, Sent
from bot.domain.session import Session
from bot.render.reply import Voice
from flows.facts import LIVE, choose_clauses, fill, placeholders
from flows.model import Position

MAX_BUTTONS = 8
PAGE = "page"
"""The placeholder for the address of the page in a browser."""
ACKS: tuple[Ack, ...] = ("known", "done", "trouble")

_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class BroadcastDraft:
    """A message to many. `buttons` are `acks`, `resume`, `step:ID` or `faq:ID`; `loud`: also in the quiet hours.

    `waits` names what the next words of `asked` (a staff member's id) are: text, who, at; empty: nothing of ours.
    `by` is who changed it last; empty: whoever made it. `at` is the local time for which it is planned (None: none),
    which goes with a deadline that it `follows`: the id of a window, and so many days before its last one. `brief`: it
    is shown on the short card of a sentence. `source` is the number of the message that its text was written in,
    `cut_at` when one came that was too long, of which the rest may follow. `more` are the other files of the `album`
    (the channel's id) of which `file` is the first. `only`: of a broadcast that it repeats, those with this outcome.
    """

    html: str = ""
    file: Sent | None = None
    buttons: tuple[str, ...] = ("acks",)
    audience: Audience | None = None
    loud: bool = False
    waits: str = ""
    asked: str = ""
    by: str = ""
    at: datetime | None = None
    follows: tuple[str, int] | None = None
    brief: bool = False
    source: str = ""
    cut_at: datetime | None = None
    album: str = ""
    only: RowState | None = None
    more: tuple[Sent, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of all that a recipient sees, of the audience, and of `loud`; not of the time."""
        who = [str(self.audience), self.audience.notice, self.audience.late] if self.audience else None
        whole = json.dumps([self.html, self.named_files, self.buttons, who, self.loud], ensure_ascii=False)
        return hashlib.sha256(whole.encode()).hexdigest()

    @property
    def named_files(self) -> list[str] | None:
        """The kind and id of the file, of all files of an album; None: there is none."""
        files = [self.file, *self.more] if self.file else []
        return [part for file in files for part in (file.kind, file.id)] or None

    @property
    def plain_text(self) -> str:
        """The text without HTML tags."""
        return strip_tags(self.html)


def strip_tags(text: str) -> str:
    """Return HTML as people see it."""
    return html.unescape(_TAG.sub("", text))


_DRAFT: TypeAdapter[BroadcastDraft] = TypeAdapter(BroadcastDraft)


def dump(draft: BroadcastDraft) -> str:
    """Return the JSON that is stored; `load(dump(d)) == d`."""
    return _DRAFT.dump_json(draft).decode()


def load(stored: str) -> BroadcastDraft:
    """Read what `dump` wrote."""
    return _DRAFT.validate_json(stored)


@dataclass(frozen=True)
class Renderer:
    """Renders one draft for many people at a moment (local time of the notice); people who are alike share the text.

    `page` is the address of the page in a browser; without one, nothing stands for it.
    """

    content: Content
    draft: BroadcastDraft
    now: datetime
    page: str = ""

    def render(self, session: Session) -> Bulletin:
        """Render the message for this person."""
        text = self._text(session)
        if self.draft.more and not text.strip():  # the buttons stand under words
            text = self.content.phrases.broadcast.see_album.format()
        return Bulletin(text, self._buttons, self.draft.file, self.draft.more)

    def render_numbered(self, session: Session, number: int) -> Bulletin:
        """Render the message with buttons that answer the broadcast of this number."""
        plain = self.render(session)
        key = str(number)
        if key not in self._button_cache:
            self._button_cache[key] = tuple(tuple(_number_button(b, number) for b in row) for row in plain.buttons)
        return replace(plain, buttons=self._button_cache[key])

    @property
    def example(self) -> str:
        """The text as one graduate reads it, without HTML; as it is written while it holds a name that nothing has."""
        if {*placeholders(self.draft.html)} - self._known:
            return self.draft.plain_text
        return strip_tags(self._text(self._samples[0]))

    def find_problems(self) -> Iterator[tuple[str, str]]:
        """Yield problems: a code (empty, unknown, unstated, nobody, too_long, button), and what it is about."""
        if not self.draft.plain_text.strip() and self.draft.file is None:
            yield "empty", ""
        names, samples = dict.fromkeys(placeholders(self.draft.html)), self._samples
        for name in names:
            if name not in self._known:
                yield "unknown", name
            elif any(name != PAGE and self._lacks_fact(name, session) for session in samples):
                yield "unstated", name
        if self.draft.audience is None:
            yield "nobody", ""
        if missing := find_missing_button(self.draft.plain_text, self.draft.buttons, self.content.phrases.broadcast):
            yield "button", missing
        most = CAPTION_MOST if self.draft.file and not self.draft.album else BULLETIN_MOST
        if not set(names) - self._known:
            length = max(len(strip_tags(self._text(session))) for session in samples)
            if length > most:
                yield "too_long", str(length - most)

    def _lacks_fact(self, name: str, session: Session) -> bool:
        """Return whether the message needs this name and the notice states nothing for it, or nothing any more."""
        facts = Voice(self.content, session, self.now).facts
        lacks = facts[name] == self.content.phrases.facts.unstated
        page = ChainMap({PAGE: self.page}, facts)
        return lacks and name in placeholders(choose_clauses(self.draft.html, page))

    @cached_property
    def _button_cache(self) -> dict[str, tuple[tuple[Button, ...], ...]]:
        return {}

    @cached_property
    def _texts(self) -> dict[tuple[str | None, str, str], str]:
        return {}

    @cached_property
    def _personal(self) -> bool:
        return any(name.startswith("me.") for name in placeholders(self.draft.html))

    @cached_property
    def _known(self) -> set[str]:
        """The names that may stand in the text."""
        facts = Voice(self.content, self._samples[0], self.now).facts
        return {*facts.whole()} - {*LIVE} | ({PAGE} if self.page else set())

    @property
    def _samples(self) -> list[Session]:
        """One session of each cohort that may get it; at least one without a cohort."""
        audience = self.draft.audience or Audience(next(iter(self.content.notices)))
        nobody, script = Session(audience.notice), self.content.script
        notice = self.content.notices.get(audience.notice)
        cohorts = open_for(audience, notice, self.now) if notice else ()
        here = Position(script.id, script.revision, script.start)
        chosen = (nobody.at(replace(here, answers={"cohort": cohort})) for cohort in cohorts if cohort)
        return [*([nobody] if None in cohorts or not cohorts else ()), *chosen]

    def _text(self, session: Session) -> str:
        if self.draft.audience:  # they may look at another notice now
            session = replace(session, notice=self.draft.audience.notice)
        answers = session.position.answers if session.position else {}
        key = (session.notice, answers.get("cohort", ""), answers.get("major", ""))
        if key in self._texts and not self._personal:
            return self._texts[key]
        facts = Voice(self.content, session, self.now).facts
        names = ChainMap({PAGE: self.page} if self.page else {}, facts)
        text = fill(self.draft.html, names, partial(html.escape, quote=False))
        if len(self._texts) < 1000:
            self._texts[key] = text
        return text

    @cached_property
    def _buttons(self) -> tuple[tuple[Button, ...], ...]:
        words = self.content.phrases.broadcast
        rows: list[tuple[Button, ...]] = []
        for name in self.draft.buttons:
            kind, _, what = name.partition(":")
            if kind == "acks":
                rows.append(tuple(Button(str(Ask("ack", f"0-{ack}")), words.acks[ack]) for ack in ACKS))
            elif kind == "faq" and what in self.content.entries:
                rows.append((Button(str(Ask("faq", what)), self.content.entries[what].title),))
            elif kind == "resume":
                rows.append((Button(str(Ask("cmd", "resume")), words.open_step, "good"),))
            elif kind == "step" and what in self.content.script.by_id:
                rows.append((Button(str(Ask("step", what)), words.open_step, "good"),))
        return (*rows, (Button(str(Ask("cmd", "mute")), words.mute),))


def _number_button(button: Button, number: int) -> Button:
    return replace(button, id=button.id.replace("ack|0-", f"ack|{number}-", 1))
