"""Sends what runs: claims rows in batches, writes `sending` before anything leaves and the outcome after.

Never holds an audience in memory. Whatever stops it, by signal, `kill -9` or a full disk, the ledger says how far it
came; what was in flight then is `unsure`. Several may run side by side: a row belongs to one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.circuit_breaker import CircuitBreaker
from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.broadcast.staff_notices import StaffNotices
from bot.broadcast.times import is_quiet
from bot.content.content import Content
from bot.domain.audience import open_for
from bot.domain.broadcast import Broadcast, Moved, Recipient, Result, RowState
from bot.domain.effects import Effect, Outdated
from bot.domain.messages import Bulletin, Outcome, Ready, Reply
from bot.domain.session import Session, session_of
from bot.runtime import crashes
from bot.runtime.log import LazyLogger
from bot.store import Store, StoreProblem
from bot.store.problems import StoreCode

AT_ONCE = 64
"""Rows in flight at most."""
AHEAD_S = 2.0
"""Seconds of work in flight where a rate is kept."""
MOST_TRIES = 6
"""Attempts at a message that the channel's own errors stop."""
AGAIN_S = 2.0
"""Seconds before a message is tried again; doubled each time."""
FINISH_S = 1.5
"""Seconds for messages in flight when the sender is cancelled."""
STORE_AGAIN_S = 1.0
"""Seconds before an outcome that could not be written down is written again."""

_log = LazyLogger()


class BulkChannel(Protocol):
    """A channel's methods for broadcasts; user and message by its own ids. A message can be recalled for
    `recalled_within` after it arrived; None: always.
    """

    recalled_within: timedelta | None

    async def send(self, user: str, bulletin: Bulletin, ready: Ready) -> Outcome: ...
    async def edit(self, user: str, message: str, bulletin: Bulletin, ready: Ready) -> Outcome: ...
    async def delete(self, user: str, message: str, ready: Ready) -> Outcome: ...
    async def card(self, user: str, message: str | None, reply: Reply) -> str | None: ...


@dataclass
class Sender:
    """One worker, named `worker`, for the broadcasts of the staff of `channel`, which go out by `bulks`, one for each
    channel that is served. `rate` messages a second, `present` UTC, `local` the notice's time.

    `woken` is set by whoever starts, stops or resumes something, `posted` when there is a message for staff, addressed
    by `staff_notices`.
    `troubles`: broadcasts that wait for the database, and why.
    """

    store: Store
    content: Callable[[], Content]
    bulks: Mapping[str, BulkChannel]
    channel: str
    worker: str
    rate: float
    present: Callable[[], datetime]
    local: Callable[[], datetime]
    staff_notices: StaffNotices
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    posted: asyncio.Event = field(default_factory=asyncio.Event)
    breakers: dict[int, CircuitBreaker] = field(default_factory=dict)
    troubles: dict[int, StoreCode] = field(default_factory=dict)
    _sending: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def bulk(self) -> BulkChannel:
        """The staff's own channel."""
        return self.bulks[self.channel]

    @property
    def is_busy(self) -> bool:
        """Return whether something is sent, or waits for the database."""
        return bool(self._sending or self.troubles)

    async def start_pending(self) -> None:
        """Begin to send every broadcast that has rows left and is not being sent yet."""
        for broadcast in await self.store.broadcasts.under_way(self.channel):
            if broadcast.number not in self._sending:
                task = asyncio.create_task(self._send(broadcast))
                self._sending[broadcast.number] = task
                task.add_done_callback(partial(_discard_task, self._sending, broadcast.number))

    async def stop(self) -> None:
        """Claim nothing more, and wait for messages in flight."""
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def send_once(self, number: int) -> None:
        """Send all that can be sent of one broadcast now."""
        broadcast = await self.store.broadcasts.get(number)
        if broadcast:
            await self._send(broadcast)

    async def _send(self, broadcast: Broadcast) -> None:
        rows, number = self.store.broadcasts, broadcast.number
        try:
            while broadcast.state in ("freezing", "cancelled") and await rows.go_on(number, self.present()):
                pass
            there = broadcast if broadcast.state == "running" else await rows.get(number)
            if there and there.state == "running":
                await _BroadcastRun(self, there).run()
        except StoreProblem as problem:
            self.log_trouble(number, problem)
        except Outdated:
            pass  # somebody else moved it on; the next look sees where it is

    def log_trouble(self, number: int, problem: StoreProblem) -> None:
        """Note that the database takes nothing; logged once until it does again."""
        if number not in self.troubles:
            _log.error("store_problem", **problem.for_log, broadcast=number)
        self.troubles[number] = problem.code


class _BroadcastRun:
    """One broadcast while it is sent by this worker."""

    def __init__(self, sender: Sender, broadcast: Broadcast) -> None:
        self.sender, self.broadcast, self.number = sender, broadcast, broadcast.number
        self.ledger = sender.store.ledger
        self.draft: BroadcastDraft = drafts.load(broadcast.draft)
        self._render()
        self.breaker = sender.breakers.setdefault(self.number, CircuitBreaker())
        self.max_tasks = max(4, min(AT_ONCE, round(sender.rate * AHEAD_S)))
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.stopping = False

    async def run(self) -> None:
        try:
            await self._send_all()
        finally:  # also when cancelled: messages in flight end, the other rows are released
            self.stopping = True
            await self._drain(FINISH_S)
            await self.ledger.release(self.number, self.sender.worker)
        await self._finish()

    async def _send_all(self) -> None:
        """Send until nothing can be claimed, somebody stops it, or the circuit breaker opens."""
        while not self.breaker.why and not self.is_quiet_now():
            if self.number in self.sender.troubles:
                await self._drain()  # outcomes first: until they are written down, nothing more goes out
            if rest := self.breaker.backoff_s:
                await self._drain()
                await self.sender.sleep(rest)
            room = 1 if rest else self.max_tasks - len(self.tasks)
            # A claim costs a transaction, so it waits until half of the tasks are done.
            if not rest and self.tasks and room < self.max_tasks / 2:
                await asyncio.wait(list(self.tasks.values()), return_when=asyncio.FIRST_COMPLETED)
                continue
            rows = await self.ledger.claim(self.number, self.sender.worker, room, self.sender.present())
            if not self.tasks:
                self.sender.troubles.pop(self.number, None)
            self._begin(row for row in rows if row.id not in self.tasks)
            if not rows and not self.tasks:
                return
            if rest:
                await self._drain()
            elif not rows:
                await asyncio.wait(list(self.tasks.values()), return_when=asyncio.FIRST_COMPLETED)
            if self.sender.local().date() != self.rendering.now.date():
                self._render()
        await self._drain()

    def _render(self) -> None:
        """Render as of today, and find the cohorts whose dates are not over today."""
        self.rendering = Renderer(self.sender.content(), self.draft, self.sender.local(), self.broadcast.reach.page)
        audience, notices = self.draft.audience, self.rendering.content.notices
        notice = notices.get(audience.notice) if audience else None
        self.open_cohorts = open_for(audience, notice, self.rendering.now) if audience and notice else None

    def is_quiet_now(self) -> bool:
        """Return whether the quiet hours hold this broadcast."""
        habits = self.sender.content().phrases.broadcast.habits
        return not self.draft.loud and is_quiet(self.sender.local().time(), habits.quiet_from, habits.quiet_to)

    def _begin(self, rows: Iterable[Recipient]) -> None:
        for row in rows:
            task = asyncio.create_task(self._send_one(row))
            self.tasks[row.id] = task
            task.add_done_callback(partial(_discard_task, self.tasks, row.id))

    async def _drain(self, within_s: float | None = None) -> None:
        """Wait for messages in flight; one that takes longer than `within_s` is cancelled and becomes unsure."""
        if self.tasks:
            _, late = await asyncio.wait(list(self.tasks.values()), timeout=within_s)
            for task in late:
                task.cancel()

    async def _finish(self) -> None:
        """End the broadcast, or pause it if the breaker is open; nothing when it goes on later."""
        now = self.sender.present()
        await self.ledger.release_orphans(self.number, now)
        words, news = self.rendering.content.phrases.broadcast, self.sender.staff_notices
        # Its maker may be somebody else by now.
        there = await self.sender.store.broadcasts.get(self.number) or self.broadcast
        if self.breaker.why:
            about = {"why": self.breaker.why, "resume_at": self.breaker.until}
            paused = replace(self.broadcast, state="paused", why=self.breaker.why, resume_at=self.breaker.until)
            said = report.format_progress(words, paused, await self.ledger.totals(self.number))
            moved = Moved(self.number, "running", "paused", about)
            await self._apply(moved, news.address(there, said))
            _log.warning("broadcast_paused", broadcast=self.number, why=self.breaker.why)
        elif totals := await self.ledger.end(self.number, now):
            await self._apply(news.address(there, report.summarise(words, replace(there, state="done"), totals)))
            _log.info("broadcast_done", broadcast=self.number)
        else:
            return
        self.sender.breakers.pop(self.number, None)

    async def _apply(self, *effects: Effect) -> None:
        await self.sender.store.apply(effects, self.broadcast.channel, self.sender.present())
        self.sender.posted.set()

    async def _send_one(self, row: Recipient) -> None:
        user, session = row.user, session_of(row.session)
        if reason := self._skip_reason(row, session):
            await self._settle(Result(row.id, "skipped", reason))
            return
        assert user

        async def ready() -> bool:
            if self.stopping or self.number in self.sender.troubles:
                return False
            try:
                return await self.ledger.mark(row.id, self.sender.worker, self.sender.present())
            except StoreProblem as problem:
                self.sender.log_trouble(self.number, problem)
                return False

        outcome = await self._send(user, row, session, ready)
        now = self.sender.present()
        self.breaker.record(user, outcome, now)
        if result := _result(row, outcome, now):
            await self._settle(replace(result, channel=self._channel_of(row)))

    async def _send(self, user: str, row: Recipient, session: Session, ready: Ready) -> Outcome:
        wire = self.sender.bulks[self._channel_of(row)]
        if self.broadcast.act == "delete":
            return await wire.delete(user, row.sent or "", ready)
        parent = self.broadcast.parent if self.broadcast.act == "edit" else None
        bulletin = self.rendering.render_numbered(session, parent or self.number)
        if self.broadcast.act == "edit":
            return await wire.edit(user, row.sent or "", bulletin, ready)
        return await wire.send(user, bulletin, ready)

    def _channel_of(self, row: Recipient) -> str:
        """Return where the message goes: to the person as they are now, or to the message that is changed."""
        return row.channel if self.broadcast.act == "send" else row.sent_in

    def _skip_reason(self, row: Recipient, session: Session) -> str:
        """Return why this person gets nothing after all, "" when they do: people may have changed since it started."""
        if row.user is None:
            return "forgotten"
        if (wire := self.sender.bulks.get(self._channel_of(row))) is None:
            return "unreachable"
        if self.broadcast.act != "send":
            return self._skip_change(row, wire)
        if not session.reminders:
            return "muted"
        if not row.reachable:
            return "unreachable"
        audience = self.draft.audience
        wants = any(term.field == "done" and term.turned for term in audience.terms) if audience else False
        position = session.walks.get(audience.notice) if audience else None
        if wants and position and position.state == "done":
            return "done"
        cohort = position.answers.get("cohort") or None if position else None
        return "" if self.open_cohorts is None or cohort in self.open_cohorts else "over"

    def _skip_change(self, row: Recipient, wire: BulkChannel) -> str:
        """Return why a message that was sent cannot be changed."""
        if not row.sent:
            return "unsent"
        if row.channel != row.sent_in:
            return "moved"
        age = self.sender.present() - row.sent_at if row.sent_at else timedelta()
        is_late = self.broadcast.act == "delete" and wire.recalled_within is not None and age > wire.recalled_within
        return "too_old" if is_late else ""

    async def _settle(self, result: Result) -> None:
        """Write the outcome down, however long the database is in trouble: nobody else knows it."""
        while True:
            try:
                await self.ledger.settle(result, self.sender.present())
            except StoreProblem as problem:
                self.sender.log_trouble(self.number, problem)
                await self.sender.sleep(STORE_AGAIN_S)
            else:
                return


def _discard_task(tasks: dict[int, asyncio.Task[None]], number: int, task: asyncio.Task[None]) -> None:
    del tasks[number]
    if not task.cancelled() and (bug := task.exception()):
        _log.error("broadcast_failed", number=number, **crashes.for_log(bug))


def _result(row: Recipient, outcome: Outcome, at: datetime) -> Result | None:
    """Return the result to write down; None when the ledger knows it already."""
    if outcome.became != "later":
        state: RowState = outcome.became
        return Result(row.id, state, outcome.reason, outcome.message)
    if not outcome.cause:
        return None
    if outcome.cause == "server" and row.attempts + 1 >= MOST_TRIES:
        return Result(row.id, "failed", outcome.reason)
    again = (
        at if outcome.cause in ("network", "token") else at + timedelta(seconds=AGAIN_S * 2.0 ** min(row.attempts, 5))
    )
    return Result(row.id, "pending", outcome.reason, not_before=max(again, outcome.resume_at or again))
