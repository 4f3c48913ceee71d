"""The scheduler: starts what is due, ends pauses, sends planned and personal reminders, drops old drafts.

Everything is a row or follows from the notice, so a restart loses and repeats nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from bot.broadcast import draft as drafts
from bot.broadcast import plan, report
from bot.broadcast.plan import Due
from bot.broadcast.planned import find_due
from bot.broadcast.progress_cards import ProgressCards
from bot.broadcast.reach import count_reach, say_counts
from bot.broadcast.reminder_calendar import ReminderCalendar, is_skipped
from bot.broadcast.sender import Sender
from bot.broadcast.starting import BroadcastStart
from bot.broadcast.times import is_quiet
from bot.content.content import Content
from bot.conversation import reminders
from bot.domain.broadcast import Broadcast, Cancelled, Moved
from bot.domain.effects import Effect, Outdated
from bot.domain.lifecycle import BroadcastState
from bot.domain.outbox import Queued
from bot.domain.questions import AnswerTold, Asker
from bot.domain.reminders import Reminded
from bot.domain.revisions import Once
from bot.domain.session import session_of
from bot.domain.zone import ZONE
from bot.render.reply import Voice
from bot.runtime import crashes
from bot.runtime.log import LazyLogger
from bot.store import StoreProblem
from bot.store.broadcasts import BroadcastRows
from faq.model import Entry

EVENING = time(18, 0)
"""When staff are told of the next day's reminders."""
LOOK_S = 1.0
"""Seconds between two runs while something is sent, and where nobody tells of changes."""
IDLE_LOOK_S = 15.0
"""Seconds between two runs where others tell of changes, unless something is due before."""
WAITING: tuple[BroadcastState, ...] = ("draft", "approved", "scheduled", "paused")
"""States in which something may become due."""
MAX_BROADCASTS = 1_000
"""Broadcasts that are looked at in one run."""

_log = LazyLogger()


@dataclass
class Scheduler:
    """Starts what is due of a sender's broadcasts, ends pauses, sends reminders, and has the cards updated.

    `look_s` are the seconds until the next run when nothing is sent and nobody wakes the sender.
    """

    sender: Sender
    cards: ProgressCards
    look_s: Callable[[], float] = lambda: LOOK_S
    _announced: set[str] = field(default_factory=set, init=False)
    _asked_of: str = field(default="", init=False)  # the revision whose answers were told

    async def run(self) -> None:
        """Run until cancelled, through errors of the database; then messages in flight end first."""
        try:
            while True:
                self.sender.woken.clear()
                await self._run_due_safely()
                try:
                    async with asyncio.timeout(await self._rest_s()):
                        await self.sender.woken.wait()
                except TimeoutError:
                    pass
        finally:
            await self.sender.stop()

    async def _rest_s(self) -> float:
        """Return the seconds until the next run."""
        rest = self.look_s()
        if rest <= LOOK_S or self.sender.is_busy or self.cards.is_shown:
            return LOOK_S
        now = self.sender.present()
        try:
            due = await self._rows.next_due(self.sender.channel, now)
        except StoreProblem:
            return LOOK_S
        return min(rest, (due - now).total_seconds()) if due else rest

    async def _run_due_safely(self) -> None:
        try:
            await self.run_due()
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log, channel=self.sender.channel)
        except Outdated:
            pass  # another worker was faster; the next run sees what it did
        except Exception as bug:  # noqa: BLE001 - one broken broadcast must not stop the others
            _log.error("scheduler_failed", **crashes.for_log(bug))

    async def run_due(self) -> None:
        """Do everything that is due now, once."""
        try:
            await self._start_planned()
            await self._announce_reminders()
            await self._remind_of_duties()
            await self._send_personal_reminders()
            await self._tell_askers()
            for broadcast in await self._rows.all(*WAITING, channel=self.sender.channel, most=MAX_BROADCASTS):
                await self._handle_due(broadcast)
            await self.sender.start_pending()
        finally:  # a database that takes nothing can still be read, and staff want to know
            await self.cards.report_troubles()
            await self.cards.update()

    @property
    def _rows(self) -> BroadcastRows:
        return self.sender.store.broadcasts

    @property
    def content(self) -> Content:
        return self.sender.content()

    async def _apply(self, *effects: Effect, channel: str = "") -> None:
        await self.sender.store.apply(effects, channel or self.sender.channel, self.sender.present())
        self.sender.posted.set()

    async def _handle_due(self, broadcast: Broadcast) -> None:
        now, habits = self.sender.present(), self.content.phrases.broadcast.habits
        if broadcast.state in ("draft", "approved"):
            if now - broadcast.made_at > timedelta(days=habits.drafts_days):
                words, number = self.content.phrases.broadcast, broadcast.number
                said = words.expired.format(number=number, days=habits.drafts_days)
                await self._apply(
                    Cancelled(number, broadcast.state), self.sender.staff_notices.address(broadcast, said)
                )
        elif broadcast.state == "paused":
            if broadcast.resume_at and broadcast.resume_at <= now:
                await self._apply(Moved(broadcast.number, "paused", "running", {"resume_at": None, "why": ""}))
        elif await self._follow_deadline(broadcast, now):
            return
        elif broadcast.due_at and broadcast.due_at <= now:
            await self._start_scheduled(broadcast, now, timedelta(minutes=habits.late_minutes))

    async def _follow_deadline(self, broadcast: Broadcast, now: datetime) -> bool:
        """Move a broadcast that follows a deadline with it, and tell staff; return whether it moved."""
        draft = drafts.load(broadcast.draft)
        notice = self.content.notices.get(draft.audience.notice) if draft.audience else None
        local = find_due(draft, notice) if notice and draft.follows else None
        due = local.replace(tzinfo=ZONE).astimezone(UTC) if local else broadcast.due_at
        if due is None or due == broadcast.due_at:
            return False
        words, number, when = self.content.phrases.broadcast, broadcast.number, report.format_time(due)
        if due > now:
            await self._rows.note(number, due_at=due)
            effects: list[Effect] = []
        else:
            effects = [Moved(number, "scheduled", "draft", {"why": "", "due_at": None})]
        said = (words.moved_deadline if due > now else words.moved_too_far).format(number=number, when=when)
        await self._apply(*effects, self.sender.staff_notices.address(broadcast, said))
        return True

    async def _start_scheduled(self, broadcast: Broadcast, now: datetime, patience: timedelta) -> None:
        words, number = self.content.phrases.broadcast, broadcast.number
        starting = BroadcastStart(self.content, broadcast, self.sender.local(), now)
        back = Moved(number, "scheduled", "draft", {"why": "", "due_at": None})
        tell = self.sender.staff_notices.address
        if broadcast.due_at and now - broadcast.due_at > patience:
            said = words.overdue.format(number=number, when=report.format_time(broadcast.due_at))
            await self._apply(back, tell(broadcast, said))
        elif (found := starting.problems) or starting.search is None:
            code, about = found[0] if found else ("nobody", "")
            await self._apply(back, tell(broadcast, f"#{number} {words.wrong[code].format(about=about)}"))
        elif (count := await count_reach(self.sender.store, starting)) and starting.needs_second(count):
            most = words.habits.approve_above
            said = words.unapproved.format(number=number, **say_counts(words, count), most=most)
            if not starting.is_large(count):
                said = words.second_risk.format(number=number, risks="、".join(starting.risks))
            await self._apply(back, tell(broadcast, said))
        else:
            await self._apply(starting.start(broadcast.made_by, count))

    # Reminders

    async def _start_planned(self) -> None:
        local, now = self.sender.local(), self.sender.present()
        habits = self.content.phrases.broadcast.habits
        if is_quiet(local.time(), habits.quiet_from, habits.quiet_to):
            return
        rehearsed = local.date() != now.astimezone(ZONE).date()
        for due in plan.find_due(self.content, local, rehearsed=rehearsed):
            await self._start_reminder(due, local, now)

    async def _start_reminder(self, due: Due, local: datetime, now: datetime) -> None:
        """Make and start a reminder, once by its key; one that a kill left as a draft is started now."""
        if await is_skipped(self.sender.store, due):
            return
        key = due.key
        made = await self._rows.find_by_key(key)
        if made is None:
            number = await self._rows.make(self.sender.channel, drafts.dump(due.draft), "plan", now, key=key)
            made = await self._rows.get(number) if number else None
        if made is None or made.state != "draft":
            return
        starting = BroadcastStart(self.content, made, local, now)
        search = starting.search
        if search:
            await self._apply(replace(starting.start("plan"), search=due.narrow(search)))
            _log.info("reminder_started", key=key)

    async def _tell_askers(self) -> None:
        """Tell those who want to hear an answer what the content that has just come into force answers, once each."""
        content, now = self.content, self.sender.present()
        habits = content.phrases.broadcast.habits
        if content.revision == self._asked_of or is_quiet(
            self.sender.local().time(), habits.quiet_from, habits.quiet_to
        ):
            return
        last = 0
        while askers := await self.sender.store.questions.list_askers(tuple(self.sender.bulks), now, after=last):
            last = askers[-1].number
            topics = await asyncio.to_thread(lambda some: [content.answers(one.question) for one in some], askers)
            for asker, found in zip(askers, topics, strict=True):
                await self._tell(asker, [content.entries[topic] for topic in sorted(found) if topic in content.entries])
        self._asked_of = content.revision

    async def _tell(self, asker: Asker, entries: Sequence[Entry]) -> None:
        voice = Voice(self.content, session_of(asker.session), self.sender.local())
        said = [reply for one in entries[:1] for reply in reminders.render_wanted_answer(voice, asker.question, one)]
        if said:
            try:
                queued = (Queued("user", reply, user=asker.user) for reply in said)
                await self._apply(AnswerTold(asker.user, asker.number), *queued, channel=asker.channel)
            except Outdated:  # another worker tells it, or it is not wanted any more
                return

    async def _announce_reminders(self) -> None:
        """Tell staff in the evening which reminders go out the next day, once for each."""
        local = self.sender.local()
        if local.time() < EVENING or local.date() != self.sender.present().astimezone(ZONE).date():
            return
        for due in plan.list_coming(self.content, local):
            if due.at.date() - local.date() != timedelta(days=1) or due.key in self._announced:
                continue
            self._announced.add(due.key)
            store, once = self.sender.store, f"eve/{due.key}"
            if await is_skipped(store, due) or await store.roles.was_done(once):
                continue
            calendar = ReminderCalendar(store, self.content, local, self.sender.present(), self.sender.channel)
            told = self.sender.staff_notices.tell(await calendar.announce(due), calendar.skip_row(due))
            with suppress(Outdated):
                await self._apply(Once(once), told)

    async def _remind_of_duties(self) -> None:
        """Tell staff what they have to do themselves by a notice, once for each day of the reminders."""
        local = self.sender.local()
        if local.date() != self.sender.present().astimezone(ZONE).date():
            return
        words, facts = self.content.phrases.broadcast, self.content.phrases.facts
        for due in plan.find_due_duties(self.content, local):
            if due.key in self._announced:
                continue
            self._announced.add(due.key)
            if not await self.sender.store.roles.was_done(due.key):
                told = self.sender.staff_notices.tell(plan.describe_duty(words.duty, facts, due), ())
                with suppress(Outdated):
                    await self._apply(Once(due.key), told)

    async def _send_personal_reminders(self) -> None:
        """Send the reminders that people asked for themselves, each with the step where they are."""
        local, now = self.sender.local(), self.sender.present()
        habits = self.content.phrases.broadcast.habits
        if is_quiet(local.time(), habits.quiet_from, habits.quiet_to):
            return
        for channel in self.sender.bulks:
            for user, stored in await self.sender.store.reminders.due(channel, now):
                said = reminders.render_reminder(Voice(self.content, session_of(stored), local))
                effects = (Reminded(user), *((Queued("user", said, user=user),) if said else ()))
                try:
                    await self._apply(*effects, channel=channel)
                except Outdated:  # another worker sends it, or the person has just moved it
                    continue
