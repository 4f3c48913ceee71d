"""What has lived long enough is deleted in pieces, and nothing that is still of use."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.join_codes import CodeClaimed
from bot.domain.messages import Reply
from bot.domain.outbox import Queued
from bot.domain.revisions import Drafted, Revised
from bot.domain.roles import Audited
from bot.store import StepEvent, Store, lives
from tests.store.conftest import AT


async def come(store: Store, user: str, days: int, update: str | None = None) -> None:
    events = [StepEvent("s", "M0", "entered")]
    at = AT - timedelta(days=days)
    await store.save_turn("c", user, session="{}", events=events, update_id=update, turn="{}", miss=None, at=at)


async def test_turns_are_saved_between_the_pieces_of_an_expiry(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "PEOPLE_AT_ONCE", 2)
    for number in range(9):
        await come(store, f"{number}", 100 if number < 7 else 1, f"{number}")
    await store.apply([Queued("user", Reply("x"), user="3"), Queued("user", Reply("x"), user="8")], "c", AT)
    expiring = asyncio.create_task(store.expire(AT - timedelta(days=50)))
    between = 0
    while not expiring.done():
        await come(store, "8", 0)
        between += 1
    assert await expiring == 7
    assert between > 1
    assert [user for user in map(str, range(9)) if await store.load("c", user)] == ["7", "8"]
    assert len(await store.outbox.claim("c", AT)) == 1
    assert await store.expire(AT - timedelta(days=50)) == 0


async def test_old_rows_end_and_what_is_in_force_stays(store: Store) -> None:
    await come(store, "ann", 500)
    await come(store, "ann", 1)
    for number, (days, text) in enumerate([(900, "old"), (800, "replaced"), (10, "now")]):
        revised = Revised({"a.yaml": text, "b.yaml": "same"}, number, f"c{number}", "me")
        await store.apply([revised, Audited("publish", "")], "c", AT - timedelta(days=days * 2))
    await store.apply([Drafted("d", {"a.yaml": "drafted"}, 3, "me")], "c", AT)
    assert await store.lives.prune(AT) == 5  # an event, two rows of the audit, a revision and its text
    assert await store.lives.prune(AT) == 0
    assert len((await store.export("c", "ann"))["step_events"]) == 1
    assert [revision.number for revision in await store.knowledge.history(9)] == [3, 2]
    revision, draft = await store.knowledge.revision(2), await store.knowledge.draft("d")
    assert revision
    assert revision.files == {"a.yaml": "replaced", "b.yaml": "same"}
    assert draft
    assert draft.files == {"a.yaml": "drafted"}


async def test_who_came_by_once_is_gone_after_a_day_and_who_began_stays(store: Store) -> None:
    await store.save_turn("c", "passer", session="{}", events=(), update_id="1", turn="{}", miss=None, at=AT)
    await come(store, "walker", 0)
    await store.apply([CodeClaimed("ABCDEFGH")], "c", AT, "walker")
    assert await store.lives.forget_passers(["c"], AT + timedelta(hours=23)) == 0
    assert await store.lives.forget_passers(["c"], AT + timedelta(hours=25)) == 1
    assert await store.tickets.count_of_strangers(["c"], AT) == 0
    assert await store.load("c", "walker")
    assert not await store.load("c", "passer")
