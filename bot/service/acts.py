"""Acts of people with a role: whose role it is now, what is refused before anybody decides, how a decision is kept.

A chat comes here with a turn, the console with a form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime
from weakref import WeakValueDictionary

from pydantic import TypeAdapter

from bot.content.content import Content
from bot.domain.areas import Decide, Decision
from bot.domain.effects import Outdated
from bot.domain.messages import Answer, Incoming, Reply
from bot.domain.revisions import Revised
from bot.domain.roles import Role
from bot.domain.staff_texts import find_forbidden
from bot.service.kept import mask_echoes
from bot.service.outbox import Outbox
from bot.service.staff import StaffTurns
from bot.store import KnownPerson, Store

ATTEMPTS = 4
"""How often an act is decided again because somebody else changed the same thing first."""
Locks = WeakValueDictionary[tuple[str, str], asyncio.Lock]
"""A lock for each person who has a turn under way."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


class StaffActs:
    """Has acts of staff take their effect. `staff` decides them, `owners` may do everything, by channel and id.

    `on_revision` is awaited after a revision is written, before it is said to be in force; it returns how many workers
    do not answer from it yet.
    """

    def __init__(
        self,
        store: Store,
        content: Callable[[], Content],
        present: Callable[[], datetime],
        staff: StaffTurns,
        owners: Collection[tuple[str, str]],
        locks: Locks,
        outbox: Outbox,
    ) -> None:
        self._store, self._content, self._present = store, content, present
        self._staff, self._owners, self._locks, self._outbox = staff, owners, locks, outbox
        self.on_revision: Callable[[], Awaitable[int]] = _count_nobody

    async def act(self, incoming: Incoming, decide: Decide | None = None) -> Answer | None:
        """Do what somebody with a role asks for outside a chat, by the rules of the chat; `decide` (None: the commands
        and buttons of staff) decides it.

        None: they have no role, or staff do nothing of the kind. StoreProblem; Outdated when others are always faster.
        """
        async with self._locks.setdefault((incoming.channel, incoming.user), asyncio.Lock()):
            for _ in range(ATTEMPTS - 1):
                try:
                    return await self._act(incoming, decide)
                except Outdated:
                    continue
            return await self._act(incoming, decide)

    async def find_role(self, channel: str, user: str) -> Role | None:
        """Return somebody's role as it is now."""
        return self.role_of(Incoming(channel, user), await self._store.load_known(channel, user, None))

    async def _act(self, incoming: Incoming, decide: Decide | None) -> Answer | None:
        known = await self._store.load_known(incoming.channel, incoming.user, incoming.update_id)
        role, content, at = self.role_of(incoming, known), self._content(), self._present()
        if role is None:
            return None
        if known.turn:
            return repeat_answer(known, known.turn)
        if refusal := refuse_secrets(content, incoming):
            return await self.save(incoming, refusal, at)
        decision = await (decide(incoming, role, at) if decide else self._staff.decide(content, incoming, role, at))
        return await self.save(incoming, decision, at) if decision else None

    def role_of(self, incoming: Incoming, known: KnownPerson) -> Role | None:
        """Return the role as it is now: whoever is removed, or whose time is over, loses it at once."""
        if incoming.via:  # a role belongs to the account that it was given to
            return None
        if (incoming.channel, incoming.user) in self._owners:
            return "owner"
        return known.role if known.role_until is None or known.role_until > self._present() else None

    async def save(
        self,
        incoming: Incoming,
        decision: Decision,
        at: datetime,
        *,
        withdraw: bool = False,
        shown_again: bool = False,
    ) -> Answer:
        """Save a turn of staff: no session changes. An answer with an invitation in it is not kept, so not repeated."""
        answer, update = Answer(decision.replies, withdraw=withdraw), incoming.update_id
        kept = answer
        if any(reply.link or reply.once for reply in answer.replies):
            kept = Answer((Reply(self._content().phrases.staff.invitation_again),))
        kept = mask_echoes(self._content(), incoming.text, kept)
        saved = await self._store.save_turn(
            incoming.channel,
            incoming.user,
            session=None,
            events=(),
            update_id=update,
            turn=_ANSWER.dump_json(kept).decode() if update else None,
            miss=None,
            at=at,
            effects=decision.effects,
            shown_again=shown_again,
        )
        if decision.effects:
            self._outbox.posted.set()
        if any(isinstance(effect, Revised) for effect in decision.effects):
            behind = await self.on_revision()  # so that it is in force when it is said to be
            if behind and answer.replies:
                first, said = answer.replies[0], self._content().phrases.admin.behind.format(count=behind)
                answer = replace(answer, replies=(replace(first, text=f"{first.text}\n{said}"), *answer.replies[1:]))
        return answer if saved else kept


async def _count_nobody() -> int:
    return 0


def repeat_answer(known: KnownPerson, turn: str) -> Answer:
    """Return the answer that was stored. Turns come one after the other: what came before the last has been said."""
    return Answer(()) if known.passed else _ANSWER.validate_json(turn)


def refuse_secrets(content: Content, incoming: Incoming) -> Decision | None:
    """Return the refusal of words in which there is something that nobody may write; None: there is nothing."""
    typed = f"{incoming.text}\n{incoming.file.name}" if incoming.file else incoming.text
    found = find_forbidden(typed)
    if not found:
        return None
    said = content.phrases.staff.secret.format(found=content.phrases.describe_findings(typed, found))
    return Decision((Reply(said),))
