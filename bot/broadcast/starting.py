"""The start of a broadcast, by staff, the command line or the scheduler: problems, audience, record. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.broadcast import draft as drafts
from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.content.content import Content
from bot.domain.audience import Count, Search, search
from bot.domain.broadcast import Broadcast, RowState, Started


@dataclass(frozen=True)
class BroadcastStart:
    """A broadcast that is to start. `now` local time of the notice, `at` the real moment in UTC."""

    content: Content
    broadcast: Broadcast
    now: datetime
    at: datetime

    @property
    def draft(self) -> BroadcastDraft:
        return drafts.load(self.broadcast.draft)

    @property
    def search(self) -> Search | None:
        """The search for its audience; None while nobody is chosen, or when the notice is no longer in force."""
        audience = self.draft.audience
        notice = self.content.notices.get(audience.notice) if audience else None
        return search(audience, notice, self.broadcast.channel, self.now, self.at) if audience and notice else None

    @property
    def states(self) -> tuple[RowState, ...]:
        """States of its parent's rows that it is for."""
        return ("failed", "unsure") if self.broadcast.act == "send" else ("sent",)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Problems of the content: a code, and what it is about. A recall needs no content."""
        if self.broadcast.act == "delete":
            return []
        found = list(Renderer(self.content, self.draft, self.now).find_problems())
        return found or ([] if self.search or self.broadcast.parent else [("nobody", "")])

    def needs_second(self, count: Count) -> bool:
        """Return whether a second person must agree first; an approval counts for the approved draft only."""
        many = count.left > self.content.phrases.broadcast.habits.approve_above
        return many and self.broadcast.approved != self.draft.digest

    def start(self, by: str) -> Started:
        """Return the effect that starts it, with the record for the proof; `by` is the id of whoever starts it."""
        broadcast, draft = self.broadcast, self.draft
        proof = {
            "act": broadcast.act,
            "html": draft.html,
            "file": [draft.file.kind, draft.file.id] if draft.file else None,
            "buttons": draft.buttons,
            "audience": str(draft.audience) if draft.audience else "",
            "notice": draft.audience.notice if draft.audience else "",
            "digest": draft.digest,
            "by": by,
            "approved_by": broadcast.approved_by,
            "parent": broadcast.parent,
        }
        if broadcast.parent:
            return Started(broadcast.number, broadcast.state, None, proof, broadcast.parent, self.states)
        return Started(broadcast.number, broadcast.state, self.search, proof)
