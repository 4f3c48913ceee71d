"""The room of broadcasts: what staff do there, with what it takes from the store. Decides nothing: `compose` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.audience import STUCK_DAYS, Audience, Count
from bot.broadcast.compose import Asked, Composing, asks, listed
from bot.broadcast.draft import Draft
from bot.broadcast.funnel import Funnel
from bot.broadcast.ledger import Act, Broadcast
from bot.broadcast.sender import session_of
from bot.broadcast.starting import Starting
from bot.content import Content
from bot.desk import Handed
from bot.effects import Role
from bot.messages import Attachment, Incoming, Reply
from bot.session import Session
from bot.store import Store
from bot.wording import Voice

LISTED = 8
"""Broadcasts that are listed."""
MOST_ROWS = 20_000
"""Rows of a report that is sent as a file; larger ones are for the command line."""


class BroadcastRoom:
    """Open to everybody with a role, in a private chat. `local` is the notice's time."""

    def __init__(self, store: Store, content: Callable[[], Content], local: Callable[[], datetime]) -> None:
        self._rows, self._ledger, self._funnel = store.broadcasts, store.ledger, store.funnel
        self._content, self._local = content, local

    async def answer(self, incoming: Incoming, role: Role, at: datetime) -> Handed | None:
        """What follows; None when it is no business of this room."""
        if incoming.place != "private":
            return None
        asked = asks(incoming) or await self._words(incoming)
        if asked is None:
            return None
        words = self._content().phrases.broadcast
        if asked.act == "list":
            return Handed((listed(words, await self._rows.all(channel=incoming.channel, most=LISTED)),))
        if asked.act == "stats":
            return await self._stats(asked.about, incoming, at)
        if asked.act == "new":
            return await self._new(incoming, at)
        broadcast = await self._rows.get(asked.number)
        if broadcast is None or broadcast.channel != incoming.channel:
            return Handed((Reply(words.gone),))
        return await self._does(broadcast, asked, incoming, at)

    async def _stats(self, about: str, incoming: Incoming, at: datetime) -> Handed:
        """How far everybody is under a notice (by default the first), with the table as a file."""
        content = self._content()
        notice = about if about in content.notices else next(iter(content.notices))
        groups = await self._funnel.groups(incoming.channel, notice, at, timedelta(days=STUCK_DAYS))
        voice = Voice(content, Session(notice), self._local())
        shown = Funnel(content, voice, groups, await self._funnel.missed())
        file = Attachment(content.phrases.broadcast.stats_file, shown.table())
        return Handed((Reply(shown.text(), attachment=file),))

    async def _words(self, incoming: Incoming) -> Asked | None:
        """Words or a file for the draft of this person that waits for them."""
        sent = incoming.text.strip() or incoming.file
        if incoming.press is not None or incoming.text.startswith("/") or not sent or incoming.other == "edited":
            return None
        mine = [b for b in await self._rows.all("draft", channel=incoming.channel) if b.made_by == incoming.user]
        waits = next((b for b in mine if drafts.load(b.draft).waits), None)
        return Asked("words", waits.number) if waits else None

    async def _new(self, incoming: Incoming, at: datetime) -> Handed:
        content = self._content()
        draft = drafts.dump(Draft(audience=Audience(next(iter(content.notices)))))
        key = f"chat/{incoming.channel}/{incoming.update_id}"
        number = await self._rows.make(incoming.channel, draft, incoming.user, at, key=key)
        made = await self._rows.get(number) if number else await self._rows.keyed(key)
        assert made
        return Handed(((await self._with(made, incoming, at)).card(),))

    async def _does(self, broadcast: Broadcast, asked: Asked, incoming: Incoming, at: datetime) -> Handed:
        composing = await self._with(broadcast, incoming, at)
        if asked.act == "csv":
            return await self._csv(broadcast)
        if asked.act in ("again", "correct", "recall") and broadcast.state == "done":
            return await self._follows(broadcast, asked.act, incoming, at)
        if broadcast.state == "draft":
            edited = composing.edited(asked, incoming)
            if isinstance(edited, str):
                return Handed((Reply(edited),))
            if edited and not (asked.act == "words" and composing.draft.waits == "at"):
                changed = replace(broadcast, draft=drafts.dump(edited))
                return composing.edited_to(edited, await self._count(changed, at))
        return composing.does(asked, incoming)

    async def _with(self, broadcast: Broadcast, incoming: Incoming, at: datetime) -> Composing:
        composing = Composing(self._content(), broadcast, incoming.user, self._local(), at)
        if broadcast.state in ("draft", "approved", "scheduled"):
            search = composing.starting.search
            samples = [session_of(s) for s in await self._rows.some(search)] if search else []
            return replace(composing, count=await self._count(broadcast, at), samples=samples)
        return replace(composing, totals=await self._ledger.totals(broadcast.number))

    async def _count(self, broadcast: Broadcast, at: datetime) -> Count | None:
        starting = Starting(self._content(), broadcast, self._local(), at)
        if broadcast.parent:
            totals = await self._ledger.totals(broadcast.parent)
            left = sum(totals[state] for state in starting.states)
            return Count(left, 0, 0, 0, left)
        return await self._rows.count(starting.search) if starting.search else None

    async def _csv(self, broadcast: Broadcast) -> Handed:
        words, totals = self._content().phrases.broadcast, await self._ledger.totals(broadcast.number)
        every = totals.total <= MOST_ROWS
        rows = [row async for row in self._ledger.report(broadcast.number) if every or row["state"] != "sent"]
        file = Attachment(words.csv_file, report.table(words, rows[:MOST_ROWS]))
        return Handed((Reply(report.ended(words, broadcast, totals), attachment=file),))

    async def _follows(self, broadcast: Broadcast, act: str, incoming: Incoming, at: datetime) -> Handed:
        """A draft that repeats, corrects or takes back a broadcast that is done."""
        draft = replace(drafts.load(broadcast.draft), waits="text" if act == "correct" else "")
        kinds: dict[str, Act] = {"again": "send", "correct": "edit", "recall": "delete"}
        key = f"chat/{incoming.channel}/{incoming.update_id}"
        number = await self._rows.make(
            incoming.channel, drafts.dump(draft), incoming.user, at, act=kinds[act], key=key, parent=broadcast.number
        )
        made = await self._rows.get(number) if number else await self._rows.keyed(key)
        assert made
        words = self._content().phrases.broadcast
        said = {"correct": words.correct, "recall": words.recall.format(number=broadcast.number), "again": ""}[act]
        card = (await self._with(made, incoming, at)).card()
        return Handed((*((Reply(said),) if said else ()), card))
