"""Decides when a call may go out: limits for all chats and for each chat, replies before bulk, Telegram's own pauses.

A call counts when Telegram saw it at the latest: at its return minus the shortest recent round trip. However long or
uneven the way is, Telegram then never counts more calls in its second than we do, and a long way costs no throughput.
(Of two calls Telegram saw the first no later than its return less the way back, and sees the second no sooner than its
start plus the way there.) An album counts for each of its messages. One call of a chat is under way at a time, so
messages keep their order. Knows no HTTP; clock and timer are given. O(1) a call; idle chats are dropped.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.channels.telegram.limits import PATIENCE, Chat, Lane, Limits, Patience, RoundTrips, SlidingWindow
from bot.channels.token_bucket import TokenBucket

KEPT = 500
"""Chats that are kept even when idle."""
TICK_S = 0.001
"""Shortest timer: one that fires a rounding error too early would be set again without end."""


class Paused(Exception):
    """The call could go out only after `seconds`, more than its caller would wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.0f} s")
        self.seconds = seconds


class Timer(Protocol):
    def cancel(self) -> None: ...


@dataclass(slots=True)
class _Waiter:
    """A caller in a chat's queue, with as many messages; `called` is done when its call may go out."""

    lane: Lane
    edit: bool
    count: int
    called: asyncio.Future[None]


class _Chat:
    """The state of one chat. `until`: paused by Telegram until then; `count`: the messages of the call under way."""

    __slots__ = ("busy", "count", "edits", "key", "left_at", "listed", "sends", "timer", "until", "waiting")

    def __init__(self, key: Chat, sends: TokenBucket | SlidingWindow, edits: TokenBucket) -> None:
        self.key = key
        self.sends = sends
        self.edits = edits
        self.until = 0.0
        self.busy = False
        self.count = 0
        self.left_at = 0.0
        self.waiting: dict[Lane, deque[_Waiter]] = {"reply": deque(), "bulk": deque()}
        self.listed: set[Lane] = set()
        self.timer: Timer | None = None

    def head(self) -> _Waiter | None:
        """Return the next waiter, replies first; waiters that were cancelled or refused are dropped."""
        for queue in self.waiting.values():
            while queue:
                if not queue[0].called.done():
                    return queue[0]
                queue.popleft()
        return None

    def keep(self, limits: Limits) -> None:
        """Keep to these limits from now on."""
        if isinstance(self.sends, TokenBucket):
            self.sends.keep(limits.private_per_s, limits.private_burst)
        else:
            self.sends.keep(limits.group_in_a_min)
        self.edits.keep(limits.edits_per_s, limits.edits_burst)

    def ready_at(self, *, edit: bool, count: int) -> float:
        """Return when the chat's next messages (or edit) may go out."""
        return max(self.until, self.edits.ready_at() if edit else self.sends.ready_at(count))

    def is_idle(self, now: float) -> bool:
        """Tell if nothing of the chat's state matters any more."""
        done = max(self.until, self.sends.idle_at(), self.edits.idle_at()) <= now
        return done and not self.busy and self.timer is None and self.head() is None


class Throttle:
    """Lets calls go out. `clock` in seconds; `call_later(seconds, do)` like an event loop's.

    `limits` None: no pace is kept, but order in a chat and Telegram's own pauses (429) are.
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
        self._round_trips = RoundTrips()
        self._waiting = 0
        self._bulk = TokenBucket(limits.bulk_per_s, 2) if limits else None
        self._until = 0.0
        self._last_pause: tuple[Chat | None, float] = (None, 0.0)
        self._timer: Timer | None = None
        self._timer_at = 0.0

    def __len__(self) -> int:
        """Return the number of chats that are kept."""
        return len(self._chats)

    @property
    def waiting(self) -> int:
        """Return the number of callers that wait."""
        return self._waiting

    def keep(self, limits: Limits) -> None:
        """Keep to these limits from now on; nothing for a throttle without limits."""
        if self._limits is None or self._bulk is None or limits == self._limits:
            return
        self._limits = limits
        self._bulk.keep(limits.bulk_per_s, 2)
        for chat in self._chats.values():
            chat.keep(limits)
        self._run_ready(self._clock())

    async def acquire(
        self, key: Chat, lane: Lane, *, edit: bool = False, count: int = 1, patience: Patience | None = None
    ) -> None:
        """Return when a call to this chat with `count` messages may go out; `release` must follow.

        Raises Paused when the wait would be longer than `patience`, by default the lane's PATIENCE.
        """
        patience = patience or PATIENCE[lane]
        now = self._clock()
        chat = self._chats.get(key) or self._new_chat(key)
        ready_at = chat.ready_at(edit=edit, count=count)
        if (pause := max(ready_at, self._until) - now) > patience.chat_s:
            self._drop_idle(now)
            raise Paused(pause)
        if not chat.busy and chat.head() is None and ready_at <= now and self._is_free(lane, now, edit, count):
            self._start(chat, lane, now, edit=edit, count=count)
            return
        if self._limits and self._waiting >= self._limits.waiting:
            raise Paused(PATIENCE["bulk"].chat_s)
        queue_s = len(self._ready[lane]) / self._limits.total_in_a_s if self._limits else 0.0
        if not edit and queue_s > patience.queue_s:
            raise Paused(queue_s)
        await self._wait(chat, _Waiter(lane, edit, count, asyncio.get_running_loop().create_future()), now)

    async def _wait(self, chat: _Chat, waiter: _Waiter, now: float) -> None:
        chat.waiting[waiter.lane].append(waiter)
        self._waiting += 1
        self._offer(chat, now)
        self._run_ready(now)
        try:
            await waiter.called
        except asyncio.CancelledError:
            if waiter.called.done() and not waiter.called.cancelled() and waiter.called.exception() is None:
                self.release(chat.key, edit=waiter.edit, spent=False)
            raise
        finally:
            self._waiting -= 1

    def release(self, key: Chat, *, edit: bool = False, spent: bool = True) -> None:
        """End a call, whatever its result. `spent` False: it never reached Telegram and counts for nothing."""
        now = self._clock()
        chat = self._chats[key]
        chat.busy = False
        if not edit:
            self._under_way -= chat.count
        if spent and self._limits:
            (chat.edits if edit else chat.sends).count(now, chat.count)
            if not edit:
                shortest = self._round_trips.shortest_with(now - chat.left_at)
                # The shortest way is a guess; where it is wrong, an album is many messages too early.
                self._recent.extend([now - (shortest if chat.count == 1 else 0)] * chat.count)
        if chat.head() is not None:
            self._offer(chat, now)
        self._run_ready(now)
        self._drop_idle(now)

    def pause(self, key: Chat, seconds: float) -> None:
        """Pause after Telegram's 429 for this chat, before its `release`.

        Telegram does not say if it means the chat or the whole bot. The whole bot pauses when a second chat gets a 429
        too, or when this chat was idle and much went out to others.
        """
        now = self._clock()
        chat = self._chats[key]
        until = now + seconds + 0.05
        other, other_until = self._last_pause
        innocent = self._limits is not None and max(chat.sends.idle_at(), chat.edits.idle_at()) <= now
        busy = self._limits is not None and self._under_way + len(self._recent) > self._limits.total_in_a_s // 2
        chat.until = max(chat.until, until)
        self._last_pause = (key, until)
        if (other is not None and other != key and other_until > now) or (innocent and busy):
            self._until = max(self._until, until)
        for each in list(self._chats.values()) if self._until >= until else [chat]:
            self._refuse_waiting(each, seconds)

    def _new_chat(self, key: Chat) -> _Chat:
        limits = self._limits or Limits()
        private = isinstance(key, int) and key > 0
        sends = (
            TokenBucket(limits.private_per_s, limits.private_burst)
            if private
            else SlidingWindow(limits.group_in_a_min, 60.0)
        )
        chat = self._chats[key] = _Chat(key, sends, TokenBucket(limits.edits_per_s, limits.edits_burst))
        return chat

    def _slot_at(self, lane: Lane, now: float, count: int) -> float | None:
        """Return when the next messages may go out to any chat; None: when one that is under way returns."""
        if self._limits is None:
            return self._until
        recent = self._recent
        while recent and recent[0] + 1.0 <= now:
            recent.popleft()
        at = self._until
        over = self._under_way + len(recent) + count - self._limits.total_in_a_s
        if over > 0 and (self._under_way or recent):  # more than the whole may go out when nothing else does
            if over > len(recent) and self._under_way:
                return None
            last = recent[min(over, len(recent)) - 1]
            at = max(at, max(recent[0], last) + 1.0)  # the round trip varies: a later one may have been seen earlier
        return max(at, self._bulk.ready_at()) if lane == "bulk" and self._bulk else at

    def _is_free(self, lane: Lane, now: float, edit: bool, count: int) -> bool:  # noqa: FBT001 - on the hot path
        if edit:
            return self._until <= now
        if self._ready["reply"] or (lane == "bulk" and self._ready["bulk"]):
            return False
        at = self._slot_at(lane, now, count)
        return at is not None and at <= now

    def _start(self, chat: _Chat, lane: Lane, now: float, *, edit: bool, count: int) -> None:
        chat.busy, chat.count = True, count
        chat.left_at = now
        if not edit:
            self._under_way += count
            if lane == "bulk" and self._bulk:
                self._bulk.count(now, count)

    def _offer(self, chat: _Chat, now: float) -> None:
        """Put a chat whose next call may go out on the list of its lane, or set its timer."""
        waiter = chat.head()
        if waiter is None or chat.busy:
            return
        at = chat.ready_at(edit=waiter.edit, count=waiter.count)
        if at > now:
            if chat.timer is None:
                chat.timer = self._call_later(max(at - now, TICK_S), lambda: self._on_chat_timer(chat))
        elif waiter.edit and self._until <= now:  # edits count for their chat alone
            chat.waiting[waiter.lane].popleft()
            self._start(chat, waiter.lane, now, edit=True, count=1)
            waiter.called.set_result(None)
        elif waiter.lane not in chat.listed:
            chat.listed.add(waiter.lane)
            self._ready[waiter.lane].append(chat)

    def _on_chat_timer(self, chat: _Chat) -> None:
        chat.timer = None
        now = self._clock()
        self._offer(chat, now)
        self._run_ready(now)

    def _run_ready(self, now: float) -> None:
        """Start all calls that may go out: replies, then bulk."""
        for lane, ready in self._ready.items():
            while ready and self._run_first(lane, ready, now):
                pass
            if ready:
                return

    def _run_first(self, lane: Lane, ready: deque[_Chat], now: float) -> bool:
        """Start the call of the lane's first chat, or drop a chat that is not ready; False when it must wait."""
        chat = ready[0]
        waiter = chat.head()
        if (
            waiter is None
            or chat.busy
            or waiter.lane != lane
            or chat.ready_at(edit=waiter.edit, count=waiter.count) > now
        ):
            ready.popleft()
            chat.listed.discard(lane)
            self._offer(chat, now)
            return True
        at = self._until if waiter.edit else self._slot_at(lane, now, waiter.count)
        if at is None or at > now:
            if at is not None:
                self._set_timer(at, now)
            return False
        ready.popleft()
        chat.listed.discard(lane)
        chat.waiting[lane].popleft()
        self._start(chat, lane, now, edit=waiter.edit, count=waiter.count)
        waiter.called.set_result(None)
        return True

    def _set_timer(self, at: float, now: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._call_later(max(at - now, TICK_S), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._run_ready(self._clock())

    def _refuse_waiting(self, chat: _Chat, seconds: float) -> None:
        for lane, queue in chat.waiting.items():
            for waiter in queue if seconds > PATIENCE[lane].chat_s else ():
                if not waiter.called.done():
                    waiter.called.set_exception(Paused(seconds))

    def _drop_idle(self, now: float) -> None:
        """Drop idle chats beyond KEPT: look at the two not looked at for longest, as each call adds at most one."""
        for _ in range(2):
            if len(self._chats) <= KEPT:
                return
            key, chat = next(iter(self._chats.items()))
            if chat.is_idle(now):
                del self._chats[key]
            else:
                self._chats.move_to_end(key)
