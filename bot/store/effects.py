"""Applies what a turn decided: one table from the class of an effect to the function that writes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.accounts import InvitationOffered
from bot.domain.broadcast import Answered, Cancelled, Moved, Rewritten, Started
from bot.domain.console import ConsoleKeyDropped, ConsoleLinked
from bot.domain.effects import Effect
from bot.domain.join_codes import Called, CodeClaimed, CodeDropped, CodeFreed
from bot.domain.outbox import Queued, Swept
from bot.domain.questions import AnswerTold, AnswerWanted, Assigned, Explained, Picked, Settled, Unsettled, Voted
from bot.domain.reminders import Remind, Reminded, Resaved
from bot.domain.revisions import Drafted, Once, Revised, TrialContinued, TrialEnded, TrialStarted, Undrafted
from bot.domain.roles import Audited, Enlisted, Invited, Joined, OwnersNamed, Removed
from bot.domain.saved_texts import TextDropped, TextSaved
from bot.domain.session import SetAside
from bot.domain.tickets import Changed, Opened, TicketFile, TicketWords
from bot.store import (
    accounts,
    broadcasts,
    calls,
    codes,
    console,
    freezing,
    knowledge,
    outbox,
    people,
    questions,
    reminders,
    roles,
    saved_texts,
    tickets,
)
from bot.store.rows import Origin

Apply = Callable[[AsyncConnection, Any, Origin], Awaitable[None]]

APPLY: Mapping[type[Any], Apply] = {
    Opened: tickets.open_ticket,
    Changed: tickets.change_ticket,
    TicketWords: tickets.add_words,
    TicketFile: tickets.add_file,
    Queued: outbox.queue,
    Swept: outbox.delete_fleeting,
    Invited: roles.save_invitation,
    OwnersNamed: roles.name_owners,
    Joined: roles.use_invitation,
    Removed: roles.remove_role,
    Enlisted: roles.enlist,
    Audited: roles.save_audit,
    TextSaved: saved_texts.save,
    TextDropped: saved_texts.drop,
    ConsoleLinked: console.add_link,
    ConsoleKeyDropped: console.drop_key,
    InvitationOffered: accounts.offer,
    CodeClaimed: codes.claim,
    CodeDropped: codes.drop,
    CodeFreed: codes.free,
    Called: calls.save,
    Revised: knowledge.add_revision,
    Drafted: knowledge.save_draft,
    Undrafted: knowledge.delete_draft,
    TrialStarted: knowledge.start_trial,
    TrialContinued: knowledge.continue_trial,
    TrialEnded: knowledge.end_trial,
    Once: knowledge.do_once,
    Settled: questions.settle,
    Unsettled: questions.unsettle,
    Assigned: questions.assign,
    Explained: questions.save_explained,
    Picked: questions.save_pick,
    Voted: questions.save_vote,
    AnswerWanted: questions.want_answer,
    AnswerTold: questions.end_wish,
    Rewritten: broadcasts.rewrite,
    Moved: broadcasts.change_state,
    Started: freezing.start,
    Cancelled: freezing.cancel,
    Answered: broadcasts.save_ack,
    Remind: reminders.save_reminder,
    Reminded: reminders.end_reminder,
    Resaved: people.replace_session,
    SetAside: people.keep_broken_session,
}


async def apply(connection: AsyncConnection, effects: Iterable[Effect], origin: Origin) -> None:
    """Write effects in order, in the caller's transaction. Outdated when somebody else was faster than one of them."""
    for effect in effects:
        await APPLY[type(effect)](connection, effect, origin)
