"""What becomes due by itself: times that were set, pauses that end, a plan's reminders and personal ones, old drafts.

Everything is a row or follows from the notice, so a restart loses and repeats nothing. Also keeps the progress cards.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.broadcast import draft as drafts
from bot.broadcast import plan, report
from bot.broadcast.plan import Due
from bot.broadcast.sender import Sender
from bot.broadcast.starting import Starting
from bot.broadcast.times import is_quiet
from bot.content.content import Content
from bot.conversation import reminders
from bot.domain.broadcast import Broadcast, Cancelled, Moved
from bot.domain.effects import Effect, Outdated
from bot.domain.lifecycle import BroadcastState
from bot.domain.messages import Reply
from bot.domain.outbox import Queued
from bot.domain.reminders import Reminded
from bot.domain.session import session_of
from bot.domain.zone import ZONE
from bot.render.reply import Voice
from bot.runtime import crashes
from bot.store import StoreProblem
from bot.store.broadcasts import BroadcastRows

LOOK_S = 1.0
"""Seconds between looks."""
CARD_S = 3.0
"""Seconds between two edits of a card."""
WAITING: tuple[BroadcastState, ...] = ("draft", "approved", "scheduled", "paused")
"""What may become due."""
MOST = 1_000
"""Broadcasts that are looked at."""

_log = structlog.get_logger()


@dataclass
class CardState:
    """What a card showed `who` last: how many were settled at which moment (seconds), and the text."""

    settled: int
    at: float
    text: str
    card: str | None
    who: str


@dataclass
class Scheduler:
    """Looks after the broadcasts of a sender's channel, and the sender itself. `clock` in seconds."""

    sender: Sender
    clock: Callable[[], float] = time.monotonic
    _seen: dict[int, CardState] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """For ever; trouble with the database is waited out. Cancelled: what is in flight ends first."""
        try:
            while True:
                self.sender.woken.clear()
                await self._look()
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self.sender.woken.wait()
                except TimeoutError:
                    pass
        finally:
            await self.sender.stop()

    async def _look(self) -> None:
        try:
            await self.look()
        except StoreProblem as problem:
            _log.error("store_problem", code=problem.code, channel=self.sender.channel)
        except Outdated:
            pass  # another worker was faster; the next look sees what it did
        except Exception as bug:  # noqa: BLE001 - one broadcast that cannot be tended must not stop the others
            _log.error("tending_failed", **crashes.for_log(bug))

    async def look(self) -> None:
        """Everything that is due now, once."""
        try:
            await self._start_planned()
            await self._personal()
            for broadcast in await self._rows.all(*WAITING, channel=self.sender.channel, most=MOST):
                await self._due(broadcast)
            await self.sender.look()
        finally:  # a database that takes nothing can still be read, and staff want to know
            await self._alarms()
            await self.cards()

    @property
    def _rows(self) -> BroadcastRows:
        return self.sender.store.broadcasts

    @property
    def content(self) -> Content:
        return self.sender.content()

    async def _apply(self, *effects: Effect) -> None:
        await self.sender.store.desk.apply(effects, self.sender.channel, self.sender.present())
        self.sender.posted.set()

    async def _due(self, broadcast: Broadcast) -> None:
        now, habits = self.sender.present(), self.content.phrases.broadcast.habits
        if broadcast.state in ("draft", "approved"):
            if now - broadcast.made_at > timedelta(days=habits.drafts_days):
                words, number = self.content.phrases.broadcast, broadcast.number
                said = words.expired.format(number=number, days=habits.drafts_days)
                await self._apply(Cancelled(number, broadcast.state), self.sender.news.of(broadcast, said))
        elif broadcast.state == "paused":
            if broadcast.resume_at and broadcast.resume_at <= now:
                await self._apply(Moved(broadcast.number, "paused", "running", {"resume_at": None, "why": ""}))
        elif broadcast.due_at and broadcast.due_at <= now:
            await self._starts(broadcast, now, timedelta(minutes=habits.late_minutes))

    async def _starts(self, broadcast: Broadcast, now: datetime, patience: timedelta) -> None:
        words, number = self.content.phrases.broadcast, broadcast.number
        starting = Starting(self.content, broadcast, self.sender.local(), now)
        back = Moved(number, "scheduled", "draft", {"why": "", "due_at": None})
        tell = self.sender.news.of
        if broadcast.due_at and now - broadcast.due_at > patience:
            said = words.overdue.format(number=number, when=report.clock(broadcast.due_at))
            await self._apply(back, tell(broadcast, said))
        elif (found := starting.problems) or starting.search is None:
            code, about = found[0] if found else ("nobody", "")
            await self._apply(back, tell(broadcast, f"#{number} {words.wrong[code].format(about=about)}"))
        elif starting.needs_second(count := await self._rows.count(starting.search)):
            said = words.unapproved.format(number=number, left=count.left, most=words.habits.approve_above)
            await self._apply(back, tell(broadcast, said))
        else:
            await self._apply(starting.start(broadcast.made_by))

    # Reminders

    async def _start_planned(self) -> None:
        local, now = self.sender.local(), self.sender.present()
        habits = self.content.phrases.broadcast.habits
        if is_quiet(local.time(), habits.quiet_from, habits.quiet_to):
            return
        rehearsed = local.date() != now.astimezone(ZONE).date()
        for due in plan.due(self.content, local, rehearsed=rehearsed):
            await self._fires(due, local, now)

    async def _fires(self, due: Due, local: datetime, now: datetime) -> None:
        """Made once under its key; one that a kill left as a draft is started now."""
        made = await self._rows.find_by_key(due.key)
        if made is None:
            number = await self._rows.make(self.sender.channel, drafts.dump(due.draft), "plan", now, key=due.key)
            made = await self._rows.get(number) if number else None
        if made is None or made.state != "draft":
            return
        starting = Starting(self.content, made, local, now)
        search = starting.search
        if search:
            await self._apply(replace(starting.start("plan"), search=due.narrow(search)))
            _log.info("reminder_started", key=due.key)

    async def _personal(self) -> None:
        """Reminders that people asked for themselves, each with the step where they stand."""
        local, now = self.sender.local(), self.sender.present()
        habits = self.content.phrases.broadcast.habits
        if is_quiet(local.time(), habits.quiet_from, habits.quiet_to):
            return
        for user, stored in await self._rows.due_reminders(self.sender.channel, now):
            voice = Voice(self.content, session_of(stored), local)
            said = reminders.render_reminder(voice)
            await self._apply(Reminded(user), *((Queued("user", said, user=user),) if said else ()))

    # Cards

    async def _alarms(self) -> None:
        """Tell staff once, past the outbox, that a broadcast waits for the database."""
        troubles = self.sender.troubles
        self._told &= troubles.keys()
        for number in troubles.keys() - self._told:
            broadcast = await self._rows.get(number)
            who = self.sender.news.whom(broadcast) if broadcast else None
            if broadcast and who and await self.sender.wire.card(who, None, Reply(f"#{number} {self._why(broadcast)}")):
                self._told.add(number)

    def _why(self, broadcast: Broadcast) -> str | None:
        """Why it stands still, in words, where that is not in its row."""
        words, trouble = self.content.phrases.broadcast, self.sender.troubles.get(broadcast.number)
        if trouble:
            return words.why["disk_full" if trouble == "disk_full" else "store"]
        return words.why["quiet"] if broadcast.state == "running" and self._asleep(broadcast) else None

    async def cards(self) -> None:
        """Show every maker how far it is, at a decent pace."""
        running = await self._rows.all("freezing", "running", "paused", channel=self.sender.channel)
        for number in [number for number in self._seen if number not in {b.number for b in running}]:
            await self._last(number)
        for broadcast in running:
            seen = self._seen.get(broadcast.number)
            now = self.clock()
            if broadcast.made_by.isdigit() and (seen is None or now - seen.at >= CARD_S):
                await self._show(broadcast, seen, now)

    async def _last(self, number: int) -> None:
        seen, broadcast = self._seen.pop(number), await self._rows.get(number)
        if broadcast:
            await self._show(broadcast, seen, seen.at)
            self._seen.pop(number, None)

    async def _show(self, broadcast: Broadcast, seen: CardState | None, now: float) -> None:
        words, totals = self.content.phrases.broadcast, await self.sender.store.ledger.totals(broadcast.number)
        seen = seen if seen and seen.who == broadcast.made_by else None
        spent = now - seen.at if seen else 0.0
        rate = (totals.finished - seen.settled) / spent if seen and spent else 0.0
        text, card = report.progress(words, broadcast, totals, max(rate, 0.0), self._why(broadcast)), broadcast.card
        card = card or (seen.card if seen else None)
        if seen is None or text != seen.text:
            card = await self.sender.wire.card(broadcast.made_by, card, Reply(text, report.doors(words, broadcast)))
        self._seen[broadcast.number] = CardState(totals.finished, now, text, card, broadcast.made_by)
        if card and card != broadcast.card:
            await self._rows.note(broadcast.number, card=card)

    def _asleep(self, broadcast: Broadcast) -> bool:
        habits, loud = self.content.phrases.broadcast.habits, drafts.load(broadcast.draft).loud
        return not loud and is_quiet(self.sender.local().time(), habits.quiet_from, habits.quiet_to)
