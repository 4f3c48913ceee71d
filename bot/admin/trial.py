"""Trials: an admin asks a draft before it is published, once or until they end the trial.

Must not know: how a draft is made. The session of a trial is stored with the draft; the admin's own stays as it is.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from bot.admin.cards import Wish, button, say
from bot.conversation.decide import decide
from bot.domain import session as sessions
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.revisions import Drafted, Undrafted
from bot.domain.session import Session
from bot.domain.zone import local
from bot.knowledge.revisions import Knowledge
from bot.store.knowledge import Draft as Kept
from bot.store.knowledge import KnowledgeRows


class Trial:
    """Answers from drafts."""

    def __init__(self, knowledge: Knowledge, rows: KnowledgeRows) -> None:
        self._knowledge = knowledge
        self._rows = rows

    async def begin(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Ask the newest draft one question, or begin (or end) a trial."""
        words, key = self._knowledge.content.phrases.admin, f"try-{incoming.user}"
        if wish.about == "off":
            return say(words.not_trying, Undrafted(key))
        kept = await self._rows.draft(wish.about if wish.act == "trying" else f"last-{incoming.user}")
        if kept is None:
            return say(words.no_draft)
        if wish.act == "try" and wish.about:
            return await self._from_draft(kept, replace(incoming, text=wish.about, press=None), at)
        off = ((button(self._knowledge.content, "try_off", "try", "off"),),)
        return Decision((Reply(words.trying, off),), (replace(_to_draft(kept), key=key),))

    async def answer(self, incoming: Incoming, at: datetime) -> Decision | None:
        """Answer from the draft that this admin tries; None without a trial, and for commands and files."""
        if incoming.other or incoming.text.startswith("/"):
            return None
        kept = await self._rows.draft(f"try-{incoming.user}")
        return await self._from_draft(kept, incoming, at) if kept else None

    async def _from_draft(self, kept: Kept, incoming: Incoming, at: datetime) -> Decision:
        """Answer from a draft; the trial's session is stored with it."""
        content = await self._knowledge.build(kept.files)
        trying = kept.key.startswith("try-") and kept.note
        known = sessions.load(json.loads(kept.note)) if trying else Session(next(iter(content.notices)))
        turn = decide(content, known, incoming, local(at, None))
        sentence = self._knowledge.content.phrases.admin.tried
        replies = tuple(replace(reply, text=sentence.format(text=reply.text)[:4000]) for reply in turn.replies)
        stands = replace(_to_draft(kept), note=json.dumps(sessions.dump(turn.session)))
        return Decision(replies, (stands,) if kept.key.startswith("try-") else ())


def _to_draft(kept: Kept) -> Drafted:
    return Drafted(kept.key, kept.files, kept.parent, kept.author)
