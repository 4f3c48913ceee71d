"""A broadcast with all that is loaded to show, edit or start it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.broadcast import draft as drafts
from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.broadcast.planned import parse_time
from bot.broadcast.sentence_times import When
from bot.broadcast.starting import BroadcastStart
from bot.content.content import Content
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.audience import Audience, Count, Wrong, parse_audience
from bot.domain.broadcast import Broadcast, Totals
from bot.domain.classes import Classes, limit, narrow
from bot.domain.saved_texts import SavedText
from bot.domain.session import Session
from bot.domain.zone import ZONE
from flows.notice import Notice


@dataclass(frozen=True)
class BroadcastContext:
    """A broadcast as staff member `who` sees it. `now` local time of the notice, `at` the real moment in UTC.

    `count` is how many would get the draft, `totals` how far a running one is, `sessions` those of a few recipients.
    `classes` are those to which that member is confined; None: to none. `colleagues` are the ids of those who may agree
    to it and were not asked yet. `saved` are templates that staff saved.
    """

    content: Content
    broadcast: Broadcast
    who: str
    now: datetime
    at: datetime
    count: Count | None = None
    totals: Totals | None = None
    sessions: Sequence[Session] = ()
    classes: Classes | None = None
    colleagues: Sequence[str] = ()
    saved: Sequence[SavedText] = ()

    @property
    def templates(self) -> Mapping[str, tuple[str, str, tuple[str, ...]]]:
        """The title, HTML and buttons of each template by name: those of phrases.yaml, and those that staff saved."""
        shipped = {name: (one.title, one.text, one.buttons) for name, one in self.words.templates.items()}
        return shipped | {one.key: (one.title, one.text, one.buttons) for one in self.saved}

    @property
    def asked_key(self) -> str:
        """The key under which it is kept that colleagues were asked to agree to this very draft."""
        return f"second/{self.broadcast.number}/{self.draft.digest[:16]}"

    @property
    def words(self) -> BroadcastPhrases:
        return self.content.phrases.broadcast

    @property
    def draft(self) -> BroadcastDraft:
        return drafts.load(self.broadcast.draft)

    @property
    def starting(self) -> BroadcastStart:
        return BroadcastStart(self.content, self.broadcast, self.now, self.at)

    @property
    def renderer(self) -> Renderer:
        """Renders the draft."""
        return Renderer(self.content, self.draft, self.now, self.broadcast.reach.page)

    @property
    def author(self) -> str:
        """The id of the person who changed the draft last; a second person who agrees must be another one."""
        return self.draft.by or self.broadcast.made_by

    @property
    def notice(self) -> Notice:
        """The draft's notice; the first, when it has none or one that is no longer in force."""
        audience, notices = self.draft.audience, self.content.notices
        return notices.get(audience.notice if audience else "") or next(iter(notices.values()))

    def parse_audience(self, text: str, notice: Notice) -> Audience | Wrong:
        """Return the rule that this member wrote, which finds nobody but those that they may reach."""
        steps = tuple(self.content.script.by_id)
        found = parse_audience(text, narrow(self.classes, notice), steps, channels=self.words.channels)
        return found if isinstance(found, Wrong) else limit(self.classes, found)

    @property
    def samples(self) -> Sequence[Session]:
        """A few recipients; an imagined one when nobody is chosen."""
        audience = self.draft.audience
        return self.sessions or (Session(audience.notice if audience else next(iter(self.content.notices))),)

    @property
    def is_rehearsal(self) -> bool:
        """True when the notice's day is not that of the real clock, by which broadcasts start."""
        return self.now.date() != self.at.astimezone(ZONE).date()

    @property
    def needs_second(self) -> bool:
        """True when a second person must agree to this draft first."""
        return self.count is not None and self.starting.needs_second(self.count)

    def parse_time(self, text: str) -> When:
        """Return the moment that staff wrote, as in a sentence; the quiet hours are none for a loud draft."""
        return parse_time(text, self.content, self.notice, self.now, is_loud=self.draft.loud)

    def describe_problem(self, code: str, about: str = "", known: Sequence[str] = ()) -> str:
        """Return the sentence for a problem's code; of `known` names the first 20 are listed."""
        return self.words.wrong[code].format(about=about, known="、".join(known[:20]))

    def find_text_problem(self, draft: BroadcastDraft) -> str | None:
        """Return what is wrong with the text and file of a draft; who gets it may be chosen later."""
        problems = Renderer(self.content, draft, self.now, self.broadcast.reach.page).find_problems()
        return next((self.describe_problem(code, about) for code, about in problems if code != "nobody"), None)
