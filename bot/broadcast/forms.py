"""Broadcasts by forms, which name at once what a chat asks for step by step: by the same area and its rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.broadcast import draft as drafts
from bot.broadcast.area import BroadcastArea
from bot.broadcast.card import show_card
from bot.broadcast.context import BroadcastContext
from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.editing import apply_edit
from bot.broadcast.reach import count_told
from bot.broadcast.requests import BroadcastRequest
from bot.content.content import Content
from bot.domain.areas import Decision
from bot.domain.audience import Count, Wrong, search
from bot.domain.broadcast import Broadcast
from bot.domain.messages import Incoming, Reply
from bot.store import Store

Part = Literal["text", "who", "at"]
"""The part of a draft that words are for."""


@dataclass(frozen=True)
class BroadcastForms:
    """Fills in drafts. `local` is the notice's time."""

    area: BroadcastArea
    store: Store
    content: Callable[[], Content]
    local: Callable[[], datetime]

    async def view(self, number: int, channel: str, who: str, at: datetime) -> BroadcastContext | None:
        """Return a broadcast as staff member `who` sees it; None when there is none."""
        visitor = Incoming(channel, who)
        broadcast = await self.area.find(number, visitor)
        return await self.area.open(broadcast, visitor, at) if broadcast else None

    async def look_at_sentence(
        self, incoming: Incoming, at: datetime
    ) -> tuple[Sequence[Reply], BroadcastContext | None]:
        """Return what is to be asked back about a sentence, and the broadcast that it would make. Nothing is kept."""
        asked, draft = await self.area.read_sentence(incoming.text, incoming)
        if draft is None:
            return asked, None
        made = Broadcast(0, incoming.channel, "send", "draft", drafts.dump(draft), 1, incoming.user, at)
        made = replace(made, reach=self.store.broadcasts.reach)
        return asked, await self.area.open(made, incoming, at)

    def look_at_text(self, context: BroadcastContext, text: str) -> BroadcastContext | str:
        """Return a broadcast with another text, or what is wrong with that. Nothing is kept."""
        written = Incoming(context.broadcast.channel, context.who, text=text, other="edited")
        edited = apply_edit(context, BroadcastRequest("revise", context.broadcast.number), written)
        if not isinstance(edited, BroadcastDraft):
            return edited if isinstance(edited, str) else ""
        return replace(context, broadcast=replace(context.broadcast, draft=drafts.dump(edited)))

    async def begin(self, incoming: Incoming, at: datetime) -> Decision:
        """Make an empty draft that waits for no words."""
        draft = drafts.dump(BroadcastDraft(audience=await self.area.begin_audience(incoming)))
        made = await self.area.add(draft, incoming, at)
        return Decision((show_card(await self.area.open(made, incoming, at)),))

    async def fill(self, number: int, version: int, part: Part, incoming: Incoming, at: datetime) -> Decision:
        """Take typed words as a part of a draft; nothing of one that was changed since its `version`."""
        words, broadcast = self.content().phrases.broadcast, await self.area.find(number, incoming)
        if broadcast is None:
            return Decision((Reply(words.gone),))
        is_open = broadcast.state == "draft" or (broadcast.state == "approved" and part == "at")
        if broadcast.version != version or not is_open:
            return Decision((Reply(words.changed),))
        draft = replace(drafts.load(broadcast.draft), waits=part, asked=incoming.user)
        asked = replace(broadcast, draft=drafts.dump(draft))
        # What is written again in its field keeps its file, and is no piece of a message that a chat cut in two.
        incoming = replace(incoming, other="edited") if part == "text" else incoming
        return await self.area.act(asked, BroadcastRequest("words", number), incoming, at)

    async def count(self, rule: str, context: BroadcastContext) -> Count | Wrong:
        """Count, as it may be told, whom a rule of a draft would reach before it is kept; or return a word that fits
        none.
        """
        audience = context.parse_audience(rule, context.notice)
        if isinstance(audience, Wrong):
            return audience
        asked = search(audience, context.notice, context.broadcast.channels, context.now, context.at)
        return await count_told(self.store.broadcasts, asked)
