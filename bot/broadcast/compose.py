"""How staff make, check, approve and steer a broadcast in the chat. Pure: decides and shows; the room loads and saves.

bc|12|send        what a button of the card says: broadcast 12, the act, and what it is about after another bar
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.draft import MAX_BUTTONS, BroadcastDraft, Rendering
from bot.broadcast.starting import Starting
from bot.broadcast.times import is_quiet, moment
from bot.content.content import Content
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.areas import Decision
from bot.domain.audience import Audience, Count, Wrong, parse_audience
from bot.domain.broadcast import Broadcast, Cancelled, Moved, Rewritten, Totals
from bot.domain.lifecycle import ENDED
from bot.domain.messages import Button, Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.roles import Audited
from bot.domain.session import Session
from bot.domain.zone import ZONE
from bot.render.layout import Rows
from flows.clock import clock
from flows.notice import Notice

SHORT = 200
"""Characters of a text that a card shows."""
FULL = 4000
"""Characters from which Telegram's own apps may have cut a text in two."""
DIGEST = 10
"""Characters of the content's hash in a button: what is pressed is what was seen."""
ASKED_FOR = {"text": "ask_text", "who": "ask_who", "at": "ask_at"}
"""Acts that wait for words, and the phrase that asks for them."""

_COMMAND = re.compile(r"/broadcast(?:@\w+)?(?:\s+#?(\d{1,9}))?(?:\s.*)?", re.ASCII | re.DOTALL)
_NOTICE = re.compile(r"(?<!\S)(?:通知|notice)\s*[=＝]\s*(\S+)")
_STATS = re.compile(r"/stats(?:@\w+)?(?:\s+(\S{1,40}))?\s*(.*)", re.ASCII | re.DOTALL)
_PRESS = re.compile(r"bc\|(\d{1,9})\|([a-z]{2,10})(?:\|([a-z0-9:_-]{1,40}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class BroadcastRequest:
    """What somebody wants of a broadcast: `number` 0 means none yet. `more`: what was typed after the rest."""

    act: str
    number: int = 0
    about: str = ""
    more: str = ""


def asks(incoming: Incoming) -> BroadcastRequest | None:
    """What of the room's business this is; None for all else (words may still belong to a draft that waits)."""
    if incoming.press is not None:
        pressed = _PRESS.fullmatch(incoming.press)
        return BroadcastRequest(pressed[2], int(pressed[1]), pressed[3] or "") if pressed else None
    if stats := _STATS.fullmatch(incoming.text.strip()):
        return BroadcastRequest("stats", about=stats[1] or "", more=stats[2])
    command = _COMMAND.fullmatch(incoming.text.strip()) if not incoming.other else None
    return BroadcastRequest("card" if command[1] else "list", int(command[1] or 0)) if command else None


def list_broadcasts(words: BroadcastPhrases, broadcasts: Sequence[Broadcast]) -> Reply:
    """The newest broadcasts, each a button."""
    lines = [
        words.line.format(
            number=b.number,
            state=report.state(words, b),
            text=_short(drafts.load(b.draft).plain_text, 30) or words.nothing_yet,
        )
        for b in broadcasts
    ]
    rows = [(report.door(words, b.number, "card", text=f"#{b.number} {report.state(words, b)}"),) for b in broadcasts]
    new = (report.door(words, 0, "new"),)
    return Reply(words.list.format(lines="\n".join(lines)) if lines else words.none, (*rows, new))


@dataclass(frozen=True)
class Composer:
    """One broadcast in the hands of `who`. `now` local time of the notice, `at` the real moment in UTC.

    `count` is how many would get the draft, `totals` how far a running one is, `samples` sessions of a few recipients.
    """

    content: Content
    broadcast: Broadcast
    who: str
    now: datetime
    at: datetime
    count: Count | None = None
    totals: Totals | None = None
    samples: Sequence[Session] = ()

    @property
    def words(self) -> BroadcastPhrases:
        return self.content.phrases.broadcast

    @property
    def draft(self) -> BroadcastDraft:
        return drafts.load(self.broadcast.draft)

    @property
    def starting(self) -> Starting:
        return Starting(self.content, self.broadcast, self.now, self.at)

    @property
    def back(self) -> Rows:
        """The way back to the card."""
        return ((report.door(self.words, self.broadcast.number, "card", text=self.words.buttons["back"]),),)

    # Changing a draft

    def apply_edit(self, asked: BroadcastRequest, incoming: Incoming) -> BroadcastDraft | str | None:
        """The draft after this act; a sentence when it cannot be done; None for an act that changes no draft."""
        draft = self.draft
        if self.broadcast.state == "approved" and asked.act != "at":
            return None
        if asked.act in ASKED_FOR:
            return replace(draft, waits=asked.act, asked=self.who)
        if asked.act == "template" and asked.about in self.words.templates:
            return replace(draft, html=self.words.templates[asked.about].text, waits="")
        if asked.act == "buttons" and asked.about:
            return self._with_button(draft, asked.about)
        if asked.act == "loud":
            return replace(draft, loud=not draft.loud, waits="")
        if asked.act != "words" or draft.waits == "at":
            return None
        return self._with_text(draft, incoming)

    def _with_button(self, draft: BroadcastDraft, name: str) -> BroadcastDraft | str:
        if name in draft.buttons:
            return replace(draft, buttons=tuple(b for b in draft.buttons if b != name), waits="")
        kind, _, what = name.partition(":")
        there = {"acks": True, "step": what in self.content.script.by_id, "faq": what in self.content.entries}
        if not there.get(kind) or len(draft.buttons) >= MAX_BUTTONS:
            return self.words.wrong["step"]
        return replace(draft, buttons=(*draft.buttons, name), waits="")

    def _with_text(self, draft: BroadcastDraft, incoming: Incoming) -> BroadcastDraft | str:
        text = incoming.text.strip()
        if draft.waits == "who":
            named, notices = _NOTICE.search(text), self.content.notices
            if named and named[1] not in notices:
                return self._wrong("rule", named[1], tuple(notices))
            notice = notices[named[1]] if named else self._notice
            audience = parse_audience(_NOTICE.sub("", text), notice, tuple(self.content.script.by_id))
            if incoming.other or isinstance(audience, Wrong):
                wrong = audience if isinstance(audience, Wrong) else Wrong(text, ())
                return self._wrong("rule" if not incoming.other else "typed", wrong.word, wrong.known)
            return replace(draft, audience=audience, waits="")
        if incoming.other not in ("", "photo", "document"):
            return self._wrong("kind")
        if self.broadcast.act == "edit" and incoming.file:
            return self._wrong("words_only")
        said = incoming.html.strip() or html.escape(text, quote=False)
        file = draft.file if self.broadcast.act == "edit" else incoming.file
        new = replace(draft, html=said, file=file, waits="")
        return self._refusal(new) or new

    def _wrong(self, code: str, about: str = "", known: Sequence[str] = ()) -> str:
        return self.words.wrong[code].format(about=about, known="、".join(known[:20]))

    def _refusal(self, draft: BroadcastDraft) -> str | None:
        """What is wrong with the words at once; who gets it may be chosen later."""
        found = [
            (code, about) for code, about in Rendering(self.content, draft, self.now).problems() if code != "nobody"
        ]
        return self._wrong(*found[0]) if found else None

    # Acts

    def does(self, asked: BroadcastRequest, incoming: Incoming) -> Decision:
        """What follows from an act that changes no draft."""
        match asked.act:
            case "template":
                return self._menu(
                    self.words.ask_template, "template", {n: t.title for n, t in self.words.templates.items()}
                )
            case "buttons":
                return self.more_buttons()
            case "view" | "test" if wrong := self._refusal(self.draft):
                return Decision((Reply(wrong), self.card()))
            case "view":
                return Decision((*self._views(), self.card()))
            case "test":
                shown = Rendering(self.content, self.draft, self.now).bulletin(self._samples[0])
                return Decision((self.card(), Reply(self.words.test), Reply("", bulletin=shown)))
            case "send":
                return self._sends(asked.about)
            case "approve":
                return self._approves(asked.about)
            case "words" if self.draft.waits == "at":
                return self._plan(incoming.text)
        return self._steers(asked)

    def _steers(self, asked: BroadcastRequest) -> Decision:
        """Moves it on in its life; where that is no move, only shows where it stands."""
        number, state = self.broadcast.number, self.broadcast.state
        match asked.act:
            case "edit" if state in ("approved", "scheduled"):
                return self._moves(Moved(number, state, "draft", {"due_at": None}))
            case "pause" if state == "running":
                return self._moves(Moved(number, "running", "paused", {"why": "staff", "resume_at": None}))
            case "resume" if state == "paused":
                return self._moves(Moved(number, "paused", "running", {"why": "", "resume_at": None}))
            case "cancel" if state in ("running", "paused") and asked.about != "sure":
                return self._stops()
            case "cancel" if state not in ENDED:
                return self._ends(asked.act, self.words.cancelled)
            case "drop" if state in ("draft", "approved"):
                return self._ends(asked.act, self.words.deleted)
        return Decision((self.card(),))

    def _stops(self) -> Decision:
        """Nothing goes out any more from now on, and whether that is for good is asked."""
        broadcast, number = self.broadcast, self.broadcast.number
        sure = report.door(self.words, number, "cancel", "sure", self.words.buttons["cancel_sure"])
        said = self.words.confirm_cancel.format(number=number)
        ask = Reply(said, ((sure, report.door(self.words, number, "resume")),))
        if broadcast.state == "paused":
            return Decision((ask,))
        return Decision((ask,), (Moved(number, "running", "paused", {"why": "staff", "resume_at": None}),))

    def _ends(self, act: str, said: str) -> Decision:
        broadcast = self.broadcast
        ended = (Cancelled(broadcast.number, broadcast.state), self._audit(act))
        return Decision((Reply(said.format(number=broadcast.number)),), ended)

    def _moves(self, moved: Moved) -> Decision:
        there = replace(self.broadcast, state=moved.target, why=str(moved.also.get("why") or ""), resume_at=None)
        return Decision((replace(self, broadcast=there).card(),), (moved, self._audit(moved.target)))

    def _audit(self, act: str) -> Audited:
        return Audited(f"broadcast {act}", str(self.broadcast.number))

    def _sends(self, digest: str) -> Decision:
        words, number, draft, starting = self.words, self.broadcast.number, self.draft, self.starting
        if self.broadcast.state not in ("draft", "approved", "scheduled"):
            return Decision((self.card(),))
        if found := starting.problems:
            return Decision((Reply(self._wrong(*found[0])), self.card()))
        count = self.count or Count(0, 0, 0, 0, 0)
        if not count.left and not self.broadcast.parent:
            return Decision((Reply(words.nobody_left), self.card()))
        if starting.needs_second(count):
            return self._needs_second(count)
        act = self.broadcast.act
        if digest != draft.digest[:DIGEST]:
            sure = report.door(words, number, "send", draft.digest[:DIGEST], words.sure[act])
            quiet = words.quiet if self._asleep(draft) else ""
            ask = Reply(
                words.confirm[act].format(number=number, left=count.left, quiet=quiet),
                ((sure,), *self.back),
            )
            return Decision((ask, *(self._views() if act != "delete" else ())))
        said = words.started[act].format(number=number, total=count.left)
        return Decision((Reply(said),), (starting.start(self.who), self._audit("start")))

    def _needs_second(self, count: Count) -> Decision:
        """A second person must agree first; whoever wrote none of it is asked at once."""
        words, number = self.words, self.broadcast.number
        if self.broadcast.state == "draft" and self.who != self.author:
            return self._approves("")
        said = words.second.format(number=number, left=count.left, most=words.habits.approve_above)
        return Decision((Reply(said), self.card()))

    @property
    def author(self) -> str:
        """Whose words it is: who changed it last. Somebody else may agree to it."""
        return self.draft.by or self.broadcast.made_by

    def _asleep(self, draft: BroadcastDraft) -> bool:
        habits = self.words.habits
        return not draft.loud and is_quiet(self.now.time(), habits.quiet_from, habits.quiet_to)

    def _approves(self, digest: str) -> Decision:
        words, broadcast, draft = self.words, self.broadcast, self.draft
        if broadcast.state != "draft" or self.starting.problems:
            return Decision((self.card(),))
        if self.who == self.author:
            return Decision((Reply(words.own), self.card()))
        if digest != draft.digest[:DIGEST]:
            agree = report.door(words, broadcast.number, "approve", draft.digest[:DIGEST])
            left = self.count.left if self.count else 0
            ask = Reply(words.approve.format(number=broadcast.number, left=left), ((agree,),))
            return Decision((ask, *self._views()))
        also = {"approved": draft.digest, "approved_by": self.who}
        there = replace(broadcast, state="approved", approved=draft.digest)
        moved = Moved(broadcast.number, "draft", "approved", also)
        said = Reply(words.approved.format(number=broadcast.number))
        told = Reply(
            words.approved_by_other.format(number=broadcast.number), ((report.door(words, broadcast.number, "card"),),)
        )
        news = (Queued("user", told, user=self.author),) if self.author.isdigit() else ()
        return Decision((said, replace(self, broadcast=there).card()), (moved, self._audit("approve"), *news))

    def _plan(self, text: str) -> Decision:
        words, broadcast = self.words, self.broadcast
        when = self.moment(text)
        ended = stop_asking(broadcast)
        if self.is_rehearsal:
            return Decision((Reply(words.wrong["rehearsed"]), self.card()), (ended,))
        if when is None or when <= self.at:
            return Decision((Reply(words.wrong["time"], self.back),))
        if found := self.starting.problems:
            return Decision((Reply(self._wrong(*found[0])), self.card()), (ended,))
        if self.count and self.starting.needs_second(self.count):
            return replace(self._needs_second(self.count), effects=(ended,))
        moved = Moved(broadcast.number, broadcast.state, "scheduled", {"due_at": when})
        there = replace(self, broadcast=replace(broadcast, state="scheduled", due_at=when))
        said = words.planned.format(number=broadcast.number, when=report.clock(when))
        return Decision((Reply(said), there.card()), (ended, moved, self._audit("schedule")))

    def moment(self, text: str) -> datetime | None:
        """The moment (UTC) that staff wrote, in the notice's zone or before its deadline; None when it is none."""
        return moment(text, self.now, self._deadline())

    @property
    def is_rehearsal(self) -> bool:
        """Whether the notice's day is another one than that of the clock, by which broadcasts start."""
        return self.now.date() != self.at.astimezone(ZONE).date()

    def _deadline(self) -> date | None:
        window = clock(self._notice, None, self.now).window
        return window.last_day if window else None

    @property
    def _notice(self) -> Notice:
        """The draft's notice; the first, when it has none or one that is in force no more."""
        audience, notices = self.draft.audience, self.content.notices
        return notices.get(audience.notice if audience else "") or next(iter(notices.values()))

    # How it looks

    def card(self) -> Reply:
        """Where it stands, and what can be done with it."""
        words, broadcast, draft = self.words, self.broadcast, self.draft
        if broadcast.state not in ("draft", "approved", "scheduled"):
            text = report.progress(words, broadcast, self.totals or Totals())
            return Reply(text, report.doors(words, broadcast))
        audience = draft.audience or Audience(next(iter(self.content.notices)))
        names = [words.ways[name.partition(":")[0]] for name in draft.buttons]
        said = words.reach_again[broadcast.act] if broadcast.parent else words.reach
        reach = said.format(**{f: getattr(self.count, f) for f in Count.__slots__}) if self.count else ""
        text = words.card.format(
            title=report.title(words, broadcast),
            state=words.states[broadcast.state] + (f" {report.clock(broadcast.due_at)}" if broadcast.due_at else ""),
            text=_short(draft.plain_text, SHORT) or (words.text_wanted if draft.waits == "text" else words.nothing_yet),
            file=words.file_kinds[draft.file.kind] if draft.file else words.nothing_yet,
            buttons="、".join(names) or words.nothing_yet,
            notice=self.content.notices[audience.notice].notice.short
            if audience.notice in self.content.notices
            else "–",
            who=str(audience) or words.everybody if draft.audience else words.nothing_yet,
            reach=reach,
        )
        rows = report.doors(words, broadcast)
        many = self.count is not None and self.starting.needs_second(self.count)
        if broadcast.state == "draft" and self.who != self.author and many:
            rows = ((report.door(words, broadcast.number, "approve"),), *rows)
        return Reply(text, rows)

    def _views(self) -> tuple[Reply, ...]:
        """The very message, as a few recipients would see it; the same text only once."""
        rendering = Rendering(self.content, self.draft, self.now)
        shown = dict.fromkeys(rendering.bulletin(session) for session in self._samples)
        return (Reply(self.words.sample.format(n=len(self._samples))), *(Reply("", bulletin=b) for b in shown))

    @property
    def _samples(self) -> Sequence[Session]:
        audience = self.draft.audience
        return self.samples or (Session(audience.notice if audience else next(iter(self.content.notices))),)

    def more_buttons(self) -> Decision:
        """What may stand under the message, and what does."""
        return self._menu(self.words.ask_buttons, "buttons", self._ways())

    def _ways(self) -> dict[str, str]:
        """Buttons that may be added: answers, the main steps, the most asked entries."""
        firsts = [step for step in self.content.script.steps if step.n is not None]
        main = list({step.n: step for step in reversed(firsts)}.values())[::-1]
        ways = {"acks": self.words.ways["acks"]}
        ways |= {f"step:{step.id}": f"{step.n} {step.title}"[:20] for step in main if "{" not in step.title}
        ways |= {f"faq:{e.id}": e.title for e in list(self.content.entries.values())[:12] if len(e.id) <= 36}
        return {name: ("✓ " if name in self.draft.buttons else "") + title for name, title in ways.items()}

    def _menu(self, text: str, act: str, names: dict[str, str]) -> Decision:
        number = self.broadcast.number
        rows: list[tuple[Button, ...]] = [
            (report.door(self.words, number, act, name, title),) for name, title in names.items()
        ]
        return Decision((Reply(text, (*rows, *self.back)),))

    def save_edit(self, draft: BroadcastDraft, count: Count | None, act: str) -> Decision:
        """The draft was changed by an act: saved, and shown again, or asked on for its words or its next button."""
        if draft.digest != self.draft.digest:
            draft = replace(draft, by=self.who)
        changed = Rewritten(self.broadcast.number, self.broadcast.version, drafts.dump(draft))
        there = replace(self, broadcast=replace(self.broadcast, draft=drafts.dump(draft)), count=count)
        if draft.waits:
            ask = getattr(self.words, ASKED_FOR[draft.waits]).format()
            if draft.waits == "who" and len(self.content.notices) > 1:
                ask += self.words.ask_notice.format(notices="、".join(self.content.notices))
            return Decision((Reply(ask, self.back),), (changed,))
        if act == "buttons":
            return replace(there.more_buttons(), effects=(changed,))
        full = self.draft.waits == "text" and len(draft.plain_text) >= FULL
        said = (Reply(self.words.full.format(n=len(draft.plain_text))),) if full else ()
        return Decision((*said, there.card()), (changed,))


def stop_asking(broadcast: Broadcast) -> Rewritten:
    """What ends a draft's waiting for words."""
    draft = replace(drafts.load(broadcast.draft), waits="")
    return Rewritten(broadcast.number, broadcast.version, drafts.dump(draft))


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
