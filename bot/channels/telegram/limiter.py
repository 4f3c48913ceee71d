"""When a call may go out: Telegram's paces for everybody and for each chat, replies before bulk, pauses as told.

Counts a call when it comes back, not when it leaves, less the quickest way there and back of late: however long the way
is and however it varies, the server never counts more in its second than we do, and a long way costs no pace. (Of two
calls the server saw the first no later than its return less the way back, and sees the second no sooner than its start
plus the way there.) One call of a chat is under way at a time, so bubbles keep their order. Knows no HTTP; clock and
timer are given. O(1) a call; a chat that is idle is forgotten.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Lane = Literal["reply", "bulk"]
Chat = int | str
"""A chat's id; negative for groups. Or @name of a channel or public group."""


class Patience(NamedTuple):
    """How many seconds a caller waits: for its chat and for Telegram's pauses, and for its turn among everybody's."""

    chat_s: float
    queue_s: float = math.inf


PATIENCE: Mapping[Lane, Patience] = {"reply": Patience(3.0), "bulk": Patience(60.0)}
"""What callers have when they do not say."""
KEPT = 500
"""Chats that are remembered even when idle."""
EPOCH = 60
"""Calls after which the quickest way is measured anew; before the first ones are over it counts as none."""
MARGIN_S = 0.015
"""What the quickest way of few calls may be above the quickest that there is."""
TICK_S = 0.001
"""No alarm is set shorter: one that rings a rounding error too early would be set anew without end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a second unless a name says otherwise; the defaults are what Telegram documents, or a little less."""

    bulk_per_s: float = 25.0
    total_in_a_s: int = 29
    private_per_s: float = 1.0
    private_burst: int = 3
    group_in_a_min: int = 20
    edits_per_s: float = 1.0
    edits_burst: int = 4
    # More callers than this wait for nothing: the next one is told to come later.
    waiting: int = 20_000

    @classmethod
    def at(cls, rate: float) -> Limits | None:
        """Limits for `rate` bulk messages a second (GRADBOT_RATE).

        None, no limits at all, above 1,000: more than Telegram ever allows, so this is not Telegram but a test.
        """
        total = (29 if rate < 29 else 30) if rate <= 30 else round(rate * 1.15)  # 30 are free of charge
        return None if rate > 1000 else cls(bulk_per_s=rate, total_in_a_s=total)


class Paused(Exception):
    """The turn would come only after `seconds`, more than the caller would wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.0f} s")
        self.seconds = seconds


class Timer(Protocol):
    def cancel(self) -> None: ...


class _Bucket:
    """A burst, then one every period."""

    __slots__ = ("_full_at", "_period", "_slack")

    def __init__(self, per_s: float, burst: int) -> None:
        self._period = 1 / per_s
        self._slack = (burst - 1) / per_s
        self._full_at = 0.0

    def ready_at(self) -> float:
        return self._full_at - self._slack

    def idle_at(self) -> float:
        return self._full_at

    def took(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._period


class _Window:
    """At most `size` in any stretch of `span` seconds."""

    __slots__ = ("_size", "_span", "times")

    def __init__(self, size: int, span_s: float) -> None:
        self._size = size
        self._span = span_s
        self.times: deque[float] = deque()

    def ready_at(self) -> float:
        return self.times[0] + self._span if len(self.times) >= self._size else 0.0

    def idle_at(self) -> float:
        return self.times[-1] + self._span if self.times else 0.0

    def took(self, now: float) -> None:
        self.times.append(now)
        if len(self.times) > self._size:
            self.times.popleft()


class _Quickest:
    """The quickest way there and back among the last EPOCH calls and those of the epoch before, in seconds."""

    __slots__ = ("_before", "_count", "_now")

    def __init__(self) -> None:
        self._before = 0.0
        self._now = float("inf")
        self._count = 0

    def took(self, seconds: float) -> float:
        """One more; the quickest now."""
        self._now = min(self._now, seconds)
        self._count += 1
        quickest = max(0.0, min(self._before, self._now) - MARGIN_S)
        if self._count == EPOCH:
            self._before, self._now, self._count = self._now, float("inf"), 0
        return quickest


@dataclass(slots=True)
class _Ticket:
    lane: Lane
    edit: bool
    called: asyncio.Future[None]


class _Chat:
    """Where one chat stands. `until`: told to be quiet until then."""

    __slots__ = ("busy", "edits", "key", "left_at", "listed", "sends", "timer", "until", "waiting")

    def __init__(self, key: Chat, sends: _Bucket | _Window, edits: _Bucket) -> None:
        self.key = key
        self.sends = sends
        self.edits = edits
        self.until = 0.0
        self.busy = False
        self.left_at = 0.0
        self.waiting: dict[Lane, deque[_Ticket]] = {"reply": deque(), "bulk": deque()}
        self.listed: set[Lane] = set()
        self.timer: Timer | None = None

    def head(self) -> _Ticket | None:
        """Whose turn is next: replies first. Those who left are dropped."""
        for queue in self.waiting.values():
            while queue:
                if not queue[0].called.done():
                    return queue[0]
                queue.popleft()
        return None

    def ready_at(self, *, edit: bool) -> float:
        return max(self.until, self.edits.ready_at() if edit else self.sends.ready_at())

    def idle(self, now: float) -> bool:
        done = max(self.until, self.sends.idle_at(), self.edits.idle_at()) <= now
        return done and not self.busy and self.timer is None and self.head() is None


class Limiter:
    """Hands out turns. `clock` in seconds; `call_later(seconds, do)` like an event loop's.

    `limits` None: no pace is kept, but order in a chat and Telegram's own 429 are.
    """

    def __init__(
        self,
        limits: Limits | None,
        *,
        clock: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._call_later = call_later
        self._chats: OrderedDict[Chat, _Chat] = OrderedDict()
        self._ready: dict[Lane, deque[_Chat]] = {"reply": deque(), "bulk": deque()}
        self._recent: deque[float] = deque()
        self._under_way = 0
        self._quickest = _Quickest()
        self._waiting = 0
        self._bulk = _Bucket(limits.bulk_per_s, 2) if limits else None
        self._until = 0.0
        self._told_last: tuple[Chat | None, float] = (None, 0.0)
        self._timer: Timer | None = None
        self._timer_at = 0.0

    def __len__(self) -> int:
        """Chats that are remembered."""
        return len(self._chats)

    @property
    def waiting(self) -> int:
        """Callers that wait for their turn."""
        return self._waiting

    async def turn(self, key: Chat, lane: Lane, *, edit: bool = False, patience: Patience | None = None) -> None:
        """Come back when a call to this chat may go out; `done` must follow. Paused when that is too long to wait, for
        `patience` or else for the lane's PATIENCE.
        """
        patience = patience or PATIENCE[lane]
        now = self._clock()
        chat = self._chats.get(key) or self._meet(key)
        pause = max(chat.ready_at(edit=edit), self._until) - now
        if pause > patience.chat_s:
            self._forget(now)
            raise Paused(pause)
        if not chat.busy and chat.head() is None and chat.ready_at(edit=edit) <= now and self._free(lane, now, edit):
            self._take(chat, lane, now, edit=edit)
            return
        if self._limits and self._waiting >= self._limits.waiting:
            raise Paused(PATIENCE["bulk"].chat_s)
        if not edit and (queue := self._queue_s(lane)) > patience.queue_s:
            raise Paused(queue)
        ticket = _Ticket(lane, edit, asyncio.get_running_loop().create_future())
        chat.waiting[lane].append(ticket)
        self._waiting += 1
        self._offer(chat, now)
        self._pump(now)
        try:
            await ticket.called
        except asyncio.CancelledError:
            if ticket.called.done() and not ticket.called.cancelled() and ticket.called.exception() is None:
                self.done(key, edit=edit, spent=False)
            raise
        finally:
            self._waiting -= 1

    def done(self, key: Chat, *, edit: bool = False, spent: bool = True) -> None:
        """The call came back, whatever became of it. `spent` False: it never reached Telegram."""
        now = self._clock()
        chat = self._chats[key]
        chat.busy = False
        if not edit:
            self._under_way -= 1
        if spent and self._limits:
            (chat.edits if edit else chat.sends).took(now)
            if not edit:
                self._recent.append(now - self._quickest.took(now - chat.left_at))
        if chat.head() is not None:
            self._offer(chat, now)
        self._pump(now)
        self._forget(now)

    def told(self, key: Chat, seconds: float) -> None:
        """Telegram said 429 for this chat, before its `done`: be quiet for `seconds`.

        It does not say whether the chat or everybody is meant. Everybody is, when a second chat hears it too, or when
        this chat did nothing lately and much went out to others.
        """
        now = self._clock()
        chat = self._chats[key]
        until = now + seconds + 0.05
        other, other_until = self._told_last
        innocent = self._limits is not None and max(chat.sends.idle_at(), chat.edits.idle_at()) <= now
        busy = self._limits is not None and self._under_way + len(self._recent) > self._limits.total_in_a_s // 2
        chat.until = max(chat.until, until)
        self._told_last = (key, until)
        if (other is not None and other != key and other_until > now) or (innocent and busy):
            self._until = max(self._until, until)
        for each in list(self._chats.values()) if self._until >= until else [chat]:
            self._send_away(each, seconds)

    def _meet(self, key: Chat) -> _Chat:
        limits = self._limits or Limits()
        private = isinstance(key, int) and key > 0
        sends = _Bucket(limits.private_per_s, limits.private_burst) if private else _Window(limits.group_in_a_min, 60.0)
        chat = self._chats[key] = _Chat(key, sends, _Bucket(limits.edits_per_s, limits.edits_burst))
        return chat

    def _room_at(self, lane: Lane, now: float) -> float | None:
        """When the next message may go out to anybody; None: when one that is under way comes back."""
        if self._limits is None:
            return self._until
        recent = self._recent
        while recent and recent[0] + 1.0 <= now:
            recent.popleft()
        at = self._until
        if self._under_way + len(recent) >= self._limits.total_in_a_s:
            if not recent:
                return None
            at = max(at, recent[0] + 1.0)
        return max(at, self._bulk.ready_at()) if lane == "bulk" and self._bulk else at

    def _free(self, lane: Lane, now: float, edit: bool) -> bool:  # noqa: FBT001 - positional on the hot path
        if edit:
            return self._until <= now
        if self._ready["reply"] or (lane == "bulk" and self._ready["bulk"]):
            return False
        at = self._room_at(lane, now)
        return at is not None and at <= now

    def _queue_s(self, lane: Lane) -> float:
        """How long whoever comes now waits for all that may go before it."""
        return len(self._ready[lane]) / self._limits.total_in_a_s if self._limits else 0.0

    def _take(self, chat: _Chat, lane: Lane, now: float, *, edit: bool) -> None:
        chat.busy = True
        chat.left_at = now
        if not edit:
            self._under_way += 1
            if lane == "bulk" and self._bulk:
                self._bulk.took(now)

    def _offer(self, chat: _Chat, now: float) -> None:
        """Put a chat whose next call may go out on the list of its lane, or set its alarm."""
        ticket = chat.head()
        if ticket is None or chat.busy:
            return
        at = chat.ready_at(edit=ticket.edit)
        if at > now:
            if chat.timer is None:
                chat.timer = self._call_later(max(at - now, TICK_S), lambda: self._alarm(chat))
        elif ticket.edit and self._until <= now:  # no room is needed: edits count for their chat alone
            chat.waiting[ticket.lane].popleft()
            self._take(chat, ticket.lane, now, edit=True)
            ticket.called.set_result(None)
        elif ticket.lane not in chat.listed:
            chat.listed.add(ticket.lane)
            self._ready[ticket.lane].append(chat)

    def _alarm(self, chat: _Chat) -> None:
        chat.timer = None
        now = self._clock()
        self._offer(chat, now)
        self._pump(now)

    def _pump(self, now: float) -> None:
        """Call those whose turn it is: all replies that may go, then bulk."""
        lane: Lane
        for lane, ready in self._ready.items():
            while ready:
                chat = ready[0]
                ticket = chat.head()
                if ticket is None or chat.busy or ticket.lane != lane or chat.ready_at(edit=ticket.edit) > now:
                    ready.popleft()
                    chat.listed.discard(lane)
                    self._offer(chat, now)
                    continue
                at = self._until if ticket.edit else self._room_at(lane, now)
                if at is None or at > now:
                    if at is not None:
                        self._wake_at(at, now)
                    break
                ready.popleft()
                chat.listed.discard(lane)
                chat.waiting[lane].popleft()
                self._take(chat, lane, now, edit=ticket.edit)
                ticket.called.set_result(None)
            if ready:
                return

    def _wake_at(self, at: float, now: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._call_later(max(at - now, TICK_S), self._awake)

    def _awake(self) -> None:
        self._timer = None
        self._pump(self._clock())

    def _send_away(self, chat: _Chat, seconds: float) -> None:
        for lane, queue in chat.waiting.items():
            for ticket in queue if seconds > PATIENCE[lane].chat_s else ():
                if not ticket.called.done():
                    ticket.called.set_exception(Paused(seconds))

    def _forget(self, now: float) -> None:
        """Look at the two chats not looked at for longest; each turn brings at most one, so the idle ones go.

        A few may stay, so that a lively chat is not made anew each time.
        """
        for _ in range(2):
            if len(self._chats) <= KEPT:
                return
            key, chat = next(iter(self._chats.items()))
            if chat.idle(now):
                del self._chats[key]
            else:
                self._chats.move_to_end(key)
