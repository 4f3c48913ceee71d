"""One turn of one person: lock → load → decide → save → answer; and the boundary where errors end.

Turns of one person come one after the other, turns of different people side by side. An update that was handled before
gets the answer that was stored then, and changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Literal
from weakref import WeakValueDictionary

from pydantic import TypeAdapter

from bot.content.content import Content
from bot.conversation.decide import decide
from bot.conversation.links import claims_code
from bot.conversation.public import answer_in_public
from bot.conversation.turn import Turn
from bot.domain import session as sessions
from bot.domain.accounts import Claim, PersonKey, parse_claim
from bot.domain.areas import Decision, StaffArea
from bot.domain.effects import Effect, Outdated
from bot.domain.join_codes import CodeOwner
from bot.domain.messages import Answer, Attachment, Capabilities, Incoming, NotSaved, Reply
from bot.domain.roles import Audited, Removed
from bot.domain.session import Session, SetAside
from bot.domain.tickets import Opened
from bot.domain.zone import local
from bot.reading.acts import to_json
from bot.render.fit import fit_answer
from bot.render.own_card import render_own_card
from bot.render.reply import Voice
from bot.runtime import crashes
from bot.runtime.log import LazyLogger
from bot.service.accounts import Accounts, answer_claim
from bot.service.acts import ATTEMPTS, Locks, StaffActs, refuse_secrets, repeat_answer
from bot.service.daily_limit import DailyLimit
from bot.service.kept import describe_miss, list_events, mask_echoes
from bot.service.outbox import Outbox
from bot.service.staff import StaffTurns
from bot.service.trouble import wait_out_trouble
from bot.store import KnownPerson, Store, StoreProblem
from bot.tickets import roles, staff_posts
from bot.tickets.graduate import Case, Refused
from bot.tickets.number import draw_number

READY_WITHIN_S = 3.0
"""Seconds after which a database without an answer does not count as ready."""

Note = Callable[[Literal["turn", "repeat", "typed", "act"], str], None]
"""Counts what became of a turn (answered, unsaved, failed), one that was handled before, results of typed messages
(taken, answer, choices, miss), and the kinds of acts that were understood in them."""

MISSES_A_DAY = 30
"""Unanswered questions of one person that are kept in a day."""
CODES_A_DAY = 10
"""Join codes that one person gives in a day, right or wrong: nobody finds another's by trying."""
TICKETS_A_DAY = 3
"""New tickets of one person in 24 hours."""
TICKETS_OF_A_STRANGER, TICKETS_OF_STRANGERS = 1, 30
"""The same where an identity costs nothing, without a join code; and new tickets of all such people in an hour."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_log = LazyLogger()


class Service:
    """Answers people. `content` may be swapped at any time; a turn keeps the one that it began with.

    `present` gives the moment in UTC; `today`, when set, is rehearsed instead. `owners` may do everything, by channel
    and id. `channels` are the abilities of each channel, `desks` those whose staff take tickets: there, and wherever
    people can be written to unasked, a person can be asked. `has_chat`: staff have a chat for them; else they come to
    the console, and there must be one of them. `areas` are what people with a role may use, in the order in which
    they are asked. `draw` draws a random number below its argument. `worker` names this process among those on the same
    database. `note` counts, for whoever watches.
    """

    def __init__(
        self,
        content: Content,
        store: Store,
        present: Callable[[], datetime],
        today: datetime | None = None,
        *,
        owners: Collection[tuple[str, str]] = (),
        channels: Mapping[str, Capabilities] = MappingProxyType({}),
        desks: Collection[str] = (),
        has_chat: bool = True,
        areas: Sequence[StaffArea] = (),
        draw: Callable[[int], int] = secrets.randbelow,
        worker: str = "",
    ) -> None:
        self.content = content
        self._owners = frozenset(owners)
        self._desks, self._has_chat = frozenset(desks), has_chat
        self._draw = draw
        self._store = store
        self._present = present
        self._today = today
        self.worker = worker
        self.accounts = Accounts(store, channels, present)
        self.outbox = Outbox(
            store, lambda: self.content, present, today, desks, worker, self._owners, self.accounts.can
        )
        self.note: Note = lambda what, label: None
        self._misses, self._codes = DailyLimit(MISSES_A_DAY), DailyLimit(CODES_A_DAY)
        self.staff = StaffTurns(store, present, today, desks, areas, self._owners)
        self._locks: Locks = WeakValueDictionary()
        self.acts = StaffActs(store, lambda: self.content, present, self.staff, self._owners, self._locks, self.outbox)

    def take(self, content: Content) -> None:
        """Answer from this content from the next turn on."""
        self.content = content

    @property
    def store(self) -> Store:
        """The open store."""
        return self._store

    async def receive(self, incoming: Incoming) -> Answer:
        """Answer one thing that a person did. A fault of ours is logged, and the person gets a kind sentence.

        Raises NotSaved, nothing else, when the database is in trouble and the channel can have the update come again.
        """
        phrases, about = self.content.phrases, {"channel": incoming.channel, "update": incoming.update_id}
        try:
            answer = await self._receive(incoming)
        except StoreProblem as problem:
            self.note("turn", "unsaved")
            _log.error("store_problem", **problem.for_log, **about)
            if incoming.update_id is not None:
                raise NotSaved from None
            helps = await self._may_hear_details(incoming)
            return Answer((Reply(phrases.store_trouble[problem.code] if helps else phrases.trouble_of_ours),))
        except Exception as bug:  # noqa: BLE001 - the boundary: a person never waits for nothing
            self.note("turn", "failed")
            _log.error("turn_failed", **crashes.for_log(bug), **about)
            return Answer((Reply(phrases.trouble_of_ours),))
        self.note("turn", "answered")
        return fit_answer(answer, self.accounts.can(incoming.channel), phrases.no_file)

    async def _receive(self, incoming: Incoming) -> Answer:
        if incoming.place in ("public", "inline"):
            now, rehearsed = local(self._present(), self._today), self._today is not None
            return answer_in_public(self.content, incoming, now, rehearsed=rehearsed)
        if incoming.other in ("left", "returned"):
            await self._store.reach(incoming.channel, incoming.user, reachable=incoming.other == "returned")
            return Answer(())
        account = PersonKey(incoming.channel, incoming.user)
        incoming = await self.accounts.resolve(incoming)
        async with self._locks.setdefault((incoming.channel, incoming.user), asyncio.Lock()):
            return await wait_out_trouble(partial(self._take, incoming, account), waits=incoming.update_id is not None)

    async def reachable(self) -> bool:
        """Return whether the database answers."""
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._store.load("", "")
        except (StoreProblem, TimeoutError):
            return False
        return self._store.is_intact() and self._store.schema.newer is None

    async def end_roles(self) -> None:
        """Remove everybody whose role has ended; what they had under way passes to the first owner of the channel."""
        at = self._present()
        for channel, owner in dict(sorted(self._owners, reverse=True)).items():
            for member in await self._store.roles.members(channel):
                if member.until and member.until <= at:
                    told = roles.tell_removed(self.content, member.user)
                    ended = (Removed(member.user), told, Audited("role-end", member.user))
                    await self._store.apply(ended, channel, at, owner)
                    self.outbox.posted.set()

    async def _take(self, incoming: Incoming, account: PersonKey) -> Answer:
        if claim := parse_claim(incoming):
            return await self._take_invitation(claim, account, incoming)
        return await self._turn_with_retries(incoming)

    async def _take_invitation(self, claim: Claim, account: PersonKey, incoming: Incoming) -> Answer:
        """Join an account, and show where its person stands; or say why it stays closed."""
        if (await self._store.load_known(incoming.channel, incoming.user, incoming.update_id)).turn:
            return await self._turn(incoming)
        taken = await self.accounts.take(self.content, claim, account)
        said = answer_claim(self.content, taken, claim)
        if taken.became != "open":
            shown_again = self.accounts.can(incoming.shown_in).shows_past
            return await self.acts.save(incoming, Decision((said,)), self._present(), shown_again=shown_again)
        who = taken.who
        arrival = replace(
            incoming,
            channel=who.channel,
            user=who.user,
            via="" if who == account else account.channel,
            text="",
            press=None,
        )
        return await self._turn_with_retries(arrival, said)

    # Turns

    async def _turn_with_retries(self, incoming: Incoming, *before: Reply) -> Answer:
        """Decide and save; do so again when somebody else changed the same ticket or session meanwhile."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._turn(incoming, *before)
            except Outdated:
                continue
        return await self._turn(incoming, *before)

    async def _turn(self, incoming: Incoming, *before: Reply) -> Answer:
        known = await self._store.load_known(incoming.channel, incoming.user, incoming.update_id)
        return replace(await self._answer_known(incoming, known, *before), behind=known.waits)

    async def _answer_known(self, incoming: Incoming, known: KnownPerson, *before: Reply) -> Answer:
        channel, user = incoming.channel, incoming.user
        if known.turn:
            self.note("repeat", "")
            return repeat_answer(known, known.turn)
        content, at = self.content, self._present()
        role, in_staff_chat = self.acts.role_of(incoming, known), incoming.place == "staff"
        refusal = refuse_secrets(content, incoming) if role or in_staff_chat else None
        has_secret = refusal is not None
        if role and refusal and not in_staff_chat:  # nothing for a staff area
            return await self.acts.save(incoming, refusal, at, withdraw=True)
        if decision := await self.staff.decide(content, incoming, role, at):
            return await self.acts.save(incoming, decision, at, withdraw=has_secret and bool(decision.replies))
        (session, broken), case = _load_session(known.session), await self._case(channel, known, at)
        now, rehearsed = local(at, self._today), self._today is not None
        can = self.accounts.can_show(incoming)
        about: dict[str, Any] = {"can": can, "owner": await _find_owner(self._store, incoming)}
        about["students"] = self._store.codes.students
        tries_on = claims_code(incoming) and not self._codes.admit((channel, user), at)

        def decide_with(case: Case | None) -> Turn:
            if tries_on:
                return Turn(session or Session(), (Reply(content.phrases.broadcast.joining.enough),))
            return decide(content, session, incoming, now, rehearsed=rehearsed, case=case, **about)

        turn = decide_with(case)
        if case and (refused := await self._refuse_ticket(incoming, turn, session, at)):
            turn = decide_with(replace(case, refused=refused))
        if broken and not turn.forget:
            lost = Reply(content.phrases.session_broken)
            turn = replace(turn, replies=(lost, *turn.replies), effects=(*turn.effects, SetAside(broken)))
        if turn.forget:
            left = staff_posts.announce_forgotten(content, case.ticket, known.thread) if case and case.ticket else ()
            return await self._forget(content, incoming, at, left)
        if turn.export:
            turn = _attach_export(content, turn, now, await self._store.export(channel, user))
        if turn.keep:
            turn = self.accounts.offer(content, turn)
        turn = replace(turn, replies=(*before, *turn.replies))
        return await self._save_turn(content, incoming, turn, at, known.turns)

    async def _save_turn(self, content: Content, incoming: Incoming, turn: Turn, at: datetime, seen: int) -> Answer:
        """Save a graduate's turn; return what is stored when the same update was handled meanwhile. May be Outdated."""
        channel, user, update = incoming.channel, incoming.user, incoming.update_id
        answer, missed = _answer(turn), turn.missed
        kept = mask_echoes(content, incoming.text, answer)
        if shown_again := self.accounts.can(incoming.shown_in).shows_past:
            words = content.phrases.web.unkept if turn.withdraw else content.mask(incoming.label or incoming.text)
            kept = replace(kept, said=words)
        elif turn.keep:  # whoever finds the link comes in
            kept = replace(kept, replies=(Reply(content.phrases.accounts.again),))
        if missed and not self._misses.admit((channel, user), at):
            missed = None
        saved = await self._store.save_turn(
            channel,
            user,
            session=json.dumps(sessions.dump(turn.session), ensure_ascii=False),
            events=list_events(content, turn),
            update_id=update,
            turn=_ANSWER.dump_json(kept).decode() if update else None,
            miss=describe_miss(content, missed),
            at=at,
            effects=turn.effects,
            seen=seen,
            tallied=turn.tallied,
            shown_again=shown_again,
        )
        self._wake_outbox(turn.effects)
        if not saved and (known := await self._store.load_known(channel, user, update)).turn:
            return repeat_answer(known, known.turn)
        if typed := turn.tallied.reached if turn.tallied else turn.missed and "miss":
            self.note("typed", typed)
        for act in answer.understood:
            self.note("act", str(act["as"]))
        return answer

    async def _refuse_ticket(self, incoming: Incoming, turn: Turn, session: Session | None, at: datetime) -> Refused:
        """Return why a turn may not open a ticket, "" when it may or does not; nothing in memory, for all workers."""
        if not any(isinstance(effect, Opened) for effect in turn.effects):
            return ""
        rows, is_stranger = self._store.tickets, self.accounts.can(incoming.channel).anonymous
        is_stranger = is_stranger and (session is None or session.code is None)
        count = await rows.count_opened(incoming.channel, incoming.user, at - timedelta(days=1))
        if count >= (TICKETS_OF_A_STRANGER if is_stranger else TICKETS_A_DAY):
            return "strangers" if is_stranger and count < TICKETS_A_DAY else "enough"
        if not is_stranger:
            return ""
        lately = await rows.count_of_strangers(self.accounts.list_anonymous(), at - timedelta(hours=1))
        return "strangers" if lately >= TICKETS_OF_STRANGERS else ""

    def _wake_outbox(self, effects: Sequence[Effect]) -> None:
        if effects:
            self.outbox.posted.set()

    async def _may_hear_details(self, incoming: Incoming) -> bool:
        """Return whether to tell what is wrong with the database: at the machine, or to people with a role."""
        if self.accounts.can(incoming.channel).at_machine:
            return True
        try:
            known = await self._store.load_known(incoming.channel, incoming.user, None)
        except StoreProblem:  # nothing can be read any more; the owners are in the settings
            known = KnownPerson()
        return self.acts.role_of(incoming, known) is not None

    async def _case(self, channel: str, known: KnownPerson, at: datetime) -> Case | None:
        """Return the person's ticket and the number for a new one; None where no person can be asked."""
        if not self._desks or not (channel in self._desks or self.accounts.can(channel).posts):
            return None
        if not self._has_chat and known.ticket is None and not await self._store.roles.is_staffed(min(self._desks), at):
            return None
        number = draw_number(self._draw)
        return Case(known.ticket, number)

    async def _forget(self, content: Content, incoming: Incoming, at: datetime, left: Sequence[Effect]) -> Answer:
        phrases = content.phrases
        again = Answer((Reply(phrases.forgotten_before),))
        kept = _ANSWER.dump_json(again).decode() if incoming.update_id else None
        counts = (
            await self._store.forget(
                incoming.channel, incoming.user, update_id=incoming.update_id, turn=kept, at=at, effects=left
            )
        ).counts
        self._wake_outbox(left)
        if not any(counts.values()):
            return again
        said = phrases.forgotten.format(
            people=counts["people"], events=counts["step_events"], turns=counts["handled_updates"]
        )
        return Answer((Reply(said),))


async def _find_owner(store: Store, incoming: Incoming) -> CodeOwner | None:
    """Return who else has the join code that a person gives, in their channel first; None when nobody has."""
    code, me = claims_code(incoming, store.codes.students), PersonKey(incoming.channel, incoming.user)
    owners = await store.codes.find_owners(me.channel, code) if code else []
    if not owners or owners[0] == me:
        return None
    known = dict(await store.codes.sessions(owners[:1]))
    return CodeOwner(owners[0], known.get(owners[0], ""))


def _attach_export(content: Content, turn: Turn, now: datetime, kept: dict[str, Any]) -> Turn:
    kept["card"] = [card.text for card in render_own_card(Voice(content, turn.session, now))]
    file = Attachment(content.phrases.export_file, json.dumps(kept, ensure_ascii=False, indent=2))
    return replace(turn, replies=(*turn.replies[:-1], replace(turn.replies[-1], attachment=file)))


def _load_session(stored: str | None) -> tuple[Session | None, str | None]:
    """Return the session, and its text when that cannot be read; then the session is empty, not None (nobody)."""
    if stored is None:
        return None, None
    try:
        return sessions.load(json.loads(stored)), None
    except (AttributeError, KeyError, TypeError, ValueError):
        _log.error("session_unreadable", kept="broken_sessions")
        return Session(), stored


def _answer(turn: Turn) -> Answer:
    position = turn.session.position
    step = position.step if position else None
    return Answer(turn.replies, step, turn.state, turn.withdraw, turn.toast, tuple(map(to_json, turn.understood)))
