"""Progress cards: a message to each broadcast's maker that is edited while the broadcast is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.sender import Sender
from bot.broadcast.times import is_quiet
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.broadcast import Broadcast
from bot.domain.messages import Reply

CARD_S = 3.0
"""Seconds between two edits of a card."""


@dataclass(frozen=True, slots=True)
class CardState:
    """The card that `who` saw last: how many recipients were `settled`, at which moment (`at`, seconds), and the text.

    `card` is the message's id; None when it could not be sent.
    """

    settled: int
    at: float
    text: str
    card: str | None
    who: str


@dataclass
class ProgressCards:
    """Shows the makers of a sender's broadcasts how far each is. `clock` in seconds."""

    sender: Sender
    clock: Callable[[], float] = time.monotonic
    _shown: dict[int, CardState] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)

    @property
    def is_shown(self) -> bool:
        """Return whether a card is shown that will change."""
        return bool(self._shown)

    @property
    def _words(self) -> BroadcastPhrases:
        return self.sender.content().phrases.broadcast

    async def report_troubles(self) -> None:
        """Tell staff once that a broadcast waits for the database. Sent directly: the outbox is in that database."""
        troubles, rows = self.sender.troubles, self.sender.store.broadcasts
        self._reported &= troubles.keys()
        for number in troubles.keys() - self._reported:
            broadcast = await rows.get(number)
            keeper = self.sender.staff_notices.find_keeper(broadcast) if broadcast else None
            if not broadcast or not keeper:
                continue
            alarm = Reply(f"#{number} {self._explain_pause(broadcast)}")
            if await self.sender.bulk.card(keeper, None, alarm):
                self._reported.add(number)

    async def update(self) -> None:
        """Edit the cards of running broadcasts, each at most every CARD_S; show those that ended once more."""
        running = await self.sender.store.broadcasts.all("freezing", "running", "paused", channel=self.sender.channel)
        for number in self._shown.keys() - {broadcast.number for broadcast in running}:
            await self._show_last(number)
        for broadcast in running:
            shown, now = self._shown.get(broadcast.number), self.clock()
            if broadcast.made_by.isdigit() and (shown is None or now - shown.at >= CARD_S):
                await self._show(broadcast, shown, now)

    async def _show_last(self, number: int) -> None:
        shown, broadcast = self._shown.pop(number), await self.sender.store.broadcasts.get(number)
        if broadcast:
            await self._show(broadcast, shown, shown.at)
            self._shown.pop(number, None)

    async def _show(self, broadcast: Broadcast, shown: CardState | None, now: float) -> None:
        words, totals = self._words, await self.sender.store.ledger.totals(broadcast.number)
        shown = shown if shown and shown.who == broadcast.made_by else None
        spent = now - shown.at if shown else 0.0
        rate = max((totals.finished - shown.settled) / spent, 0.0) if shown and spent else 0.0
        text = report.format_progress(words, broadcast, totals, rate, self._explain_pause(broadcast))
        card = broadcast.card or (shown.card if shown else None)
        if shown is None or text != shown.text:
            reply = Reply(text, report.list_buttons(words, broadcast))
            card = await self.sender.bulk.card(broadcast.made_by, card, reply)
        self._shown[broadcast.number] = CardState(totals.finished, now, text, card, broadcast.made_by)
        if card and card != broadcast.card:
            await self.sender.store.broadcasts.note(broadcast.number, card=card)

    def _explain_pause(self, broadcast: Broadcast) -> str | None:
        """Return a reason for standing still that is not in the broadcast's row; None when there is none."""
        why, trouble = self._words.why, self.sender.troubles.get(broadcast.number)
        if trouble:
            return why["disk_full" if trouble == "disk_full" else "store"]
        return why["quiet"] if broadcast.state == "running" and self._is_quiet(broadcast) else None

    def _is_quiet(self, broadcast: Broadcast) -> bool:
        habits, loud = self._words.habits, drafts.load(broadcast.draft).loud
        return not loud and is_quiet(self.sender.local().time(), habits.quiet_from, habits.quiet_to)
