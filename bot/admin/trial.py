"""Trials: an admin asks a draft before it is published, once or until they end the trial.

Must not know: how a draft is made. A trial has a session of its own; the admin's stays as it is.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from bot.admin.cards import Wish, button, say
from bot.content.files import Files
from bot.conversation.decide import decide
from bot.domain import session as sessions
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.revisions import TrialContinued, TrialEnded, TrialStarted
from bot.domain.session import Session
from bot.domain.zone import local
from bot.knowledge.revisions import Knowledge
from bot.store.knowledge import KnowledgeRows


class Trial:
    """Answers from drafts."""

    def __init__(self, knowledge: Knowledge, rows: KnowledgeRows) -> None:
        self._knowledge = knowledge
        self._rows = rows

    async def begin(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Answer one question from the newest draft, or begin to answer everything from a draft."""
        words = self._knowledge.content.phrases.admin
        if wish.about == "off":
            return say(words.not_trying, TrialEnded())
        key = wish.about if wish.act == "trying" else f"last-{incoming.user}"
        if wish.act == "try" and wish.about:
            return await self.ask(incoming, key, wish.about, at)
        draft = await self._rows.draft(key)
        if draft is None:
            return say(words.no_draft)
        off = ((button(self._knowledge.content, "try_off", "try", "off"),),)
        return Decision((Reply(words.trying, off),), (TrialStarted(draft.files),))

    async def ask(self, incoming: Incoming, key: str, question: str, at: datetime) -> Decision:
        """Answer one question from a draft."""
        draft = await self._rows.draft(key)
        if draft is None:
            return say(self._knowledge.content.phrases.admin.no_draft)
        return Decision((await self._decide(draft.files, None, replace(incoming, text=question, press=None), at))[0])

    async def answer(self, incoming: Incoming, at: datetime) -> Decision | None:
        """Answer an admin who is in a trial from its draft; None for commands, files and everybody else."""
        if incoming.other or incoming.text.startswith("/"):
            return None
        trial = await self._rows.load_trial(incoming.channel, incoming.user)
        if trial is None:
            return None
        replies, session = await self._decide(trial.files, trial.session, incoming, at)
        return Decision(replies, (TrialContinued(json.dumps(sessions.dump(session))),))

    async def _decide(
        self, files: Files, stored: str | None, incoming: Incoming, at: datetime
    ) -> tuple[tuple[Reply, ...], Session]:
        """Return what these files answer, and where the admin stands in them; their own session stays as it is."""
        content = await self._knowledge.build(files)
        session = sessions.load(json.loads(stored)) if stored else Session(next(iter(content.notices)))
        turn = decide(content, session, incoming, local(at, None))
        sentence = self._knowledge.content.phrases.admin.tried
        replies = tuple(replace(reply, text=sentence.format(text=reply.text)[:4000]) for reply in turn.replies)
        return replies, turn.session
