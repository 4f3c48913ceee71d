"""Every effect has a function that writes it, and is refused when somebody else was faster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import select

from bot.domain.broadcast import Cancelled, Moved, Rewritten, Started
from bot.domain.effects import Effect, Outdated
from bot.domain.reminders import Remind, Reminded, Resaved
from bot.domain.revisions import Drafted, Once, Revised, Undrafted
from bot.domain.roles import Invited, Joined, Removed
from bot.domain.tickets import Changed, Opened, Ticket
from bot.store import Store
from bot.store.effects import APPLY
from bot.store.tables import invites
from tests.store.conftest import AT


async def act(store: Store, *effects: Effect, user: str = "1") -> None:
    turn: dict[str, Any] = {"session": None, "events": (), "update_id": None, "turn": None, "miss": None, "at": AT}
    await store.save_turn("c", user, **turn, effects=effects)


def test_every_effect_has_a_function() -> None:
    assert set(APPLY) == set(get_args(Effect))
    assert len(APPLY) > 20


INVITED = Invited("hash", "staff", "王老师", AT + timedelta(days=1))
REVISED = Revised({"a.yaml": "a"}, 0, "content", "1")


@pytest.mark.parametrize(
    ("before", "late"),
    [
        ((), Changed(Ticket("n1"))),
        ((Opened(Ticket("n1")), Changed(Ticket("n1", "taken"))), Changed(Ticket("n1", "closed"))),
        ((), Joined("hash", "staff", "", "1")),
        ((INVITED, Joined("hash", "staff", "", "1")), Joined("hash", "staff", "", "1")),
        ((REVISED,), REVISED),
        ((Once("week"),), Once("week")),
        ((), Rewritten(1, 1, "{}")),
        ((), Moved(1, "draft", "approved")),
        ((), Started(1, "draft", None, {})),
        ((), Cancelled(1, "draft")),
        ((), Resaved("1", "was", "becomes")),
    ],
)
async def test_who_comes_late_changes_nothing(store: Store, before: tuple[Effect, ...], late: Effect) -> None:
    await act(store, *before)
    kept = await store.export("c", "1")
    with pytest.raises(Outdated):
        await act(store, Drafted("d", {"a.yaml": "b"}, 1, "1"), late)
    assert await store.knowledge.draft("d") is None
    assert await store.export("c", "1") == kept


async def test_a_draft_is_replaced_and_deleted(store: Store) -> None:
    await act(store, Drafted("d", {"a.yaml": "1", "b.yaml": "1"}, 3, "1", "first"), Drafted("e", {}, 0, "1"))
    await act(store, Drafted("d", {"a.yaml": "2"}, 4, "1"))
    draft = await store.knowledge.draft("d")
    assert draft
    assert (draft.files, draft.parent, draft.note, draft.at) == ({"a.yaml": "2"}, 4, "", AT)
    await act(store, Undrafted("d"))
    assert await store.knowledge.draft("d") is None
    assert await store.knowledge.draft("e")


async def test_revisions_are_numbered_in_order(store: Store) -> None:
    assert (await store.knowledge.number(), await store.knowledge.revision()) == (0, None)
    await act(store, REVISED, Revised({"a.yaml": "2", "b.yaml": "1"}, 1, "content 2", "2", "why"))
    newest = await store.knowledge.revision()
    assert newest
    assert (newest.number, newest.author, newest.note) == (2, "2", "why")
    assert newest.files == {"a.yaml": "2", "b.yaml": "1"}
    assert [one.number for one in await store.knowledge.history(9)] == [2, 1]
    assert [one.number for one in await store.knowledge.history(1)] == [2]
    first = await store.knowledge.revision(1)
    assert first
    assert first.files == {"a.yaml": "a"}


async def test_a_reminder_is_moved_due_once_and_ended(store: Store) -> None:
    await act(store, Remind(AT + timedelta(hours=2)), Remind(AT + timedelta(hours=1)), user="lin")
    await act(store, Remind(AT), user="chen")
    assert await store.reminders.due("c", AT + timedelta(hours=1)) == [("chen", None), ("lin", None)]
    assert await store.reminders.due("c", AT + timedelta(minutes=59)) == [("chen", None)]
    assert await store.reminders.due("d", AT + timedelta(hours=1)) == []
    assert await store.broadcasts.next_due("c", AT) == AT + timedelta(hours=1)
    assert await store.broadcasts.next_due("c", AT + timedelta(hours=1)) is None
    await store.apply([Reminded("chen")], "c", AT)
    for nothing_due in ("chen", "lin", "nobody"):
        with pytest.raises(Outdated):
            await store.apply([Reminded(nothing_due)], "c", AT)
    await act(store, Remind(None), user="lin")
    assert await store.reminders.due("c", AT + timedelta(hours=3)) == []


async def test_an_invitation_is_open_until_it_expires_and_goes_with_who_made_it(store: Store) -> None:
    await act(store, INVITED)
    assert [one.hash for one in await store.roles.invitations("c", AT)] == ["hash"]
    assert await store.roles.invitations("c", INVITED.expires_at) == []
    assert await store.roles.invitations("d", AT) == []
    await act(store, Removed("1"), user="2")
    assert await store.roles.invitations("c", AT) == []


async def test_what_a_removed_member_of_staff_had_taken_is_open_again(store: Store) -> None:
    await act(store, INVITED, Joined("hash", "staff", "", "1"), user="7")
    await act(store, Opened(Ticket("n1", "taken", taken_by="7")), user="lin")
    await act(store, Opened(Ticket("n2", "taken", taken_by="8")), user="chen")
    await act(store, Removed("7"))
    tickets = {one.number: one for one in await store.tickets.pending()}
    assert (tickets["n1"].state, tickets["n1"].taken_by) == ("open", None)
    assert (tickets["n2"].state, tickets["n2"].taken_by) == ("taken", "8")
    assert await store.roles.members("c") == []
    with pytest.raises(Outdated):  # they answer at the same time
        await act(store, Changed(Ticket("n1", "taken", taken_by="7")), user="7")


async def test_a_used_invitation_is_kept_when_its_maker_is_removed(store: Store) -> None:
    await act(store, INVITED)
    await act(store, Joined("hash", "staff", "", "1"), user="7")
    await store.forget("c", "7", update_id=None, turn=None, at=AT)
    assert (await store.load_known("c", "7", None)).role == "staff", "forgotten as a graduate, still one of them"
    await act(store, Removed("1"), user="2")
    assert [one.user for one in await store.roles.members("c")] == ["7"]
    async with store._reader.connect() as connection:
        assert (await connection.execute(select(invites.c.used_at))).scalar_one() is not None


async def test_a_broadcast_that_has_ended_is_not_rewritten(store: Store) -> None:
    number = await store.broadcasts.make("c", "{}", "1", AT)
    assert number
    await act(store, Rewritten(number, 1, '{"text": "2"}'))
    with pytest.raises(Outdated):
        await act(store, Rewritten(number, 1, "{}"))
    await act(store, Cancelled(number, "draft"))
    with pytest.raises(Outdated):
        await act(store, Rewritten(number, 2, "{}"))
    broadcast = await store.broadcasts.get(number)
    assert broadcast
    assert (broadcast.draft, broadcast.version, broadcast.state) == ('{"text": "2"}', 2, "cancelled")
