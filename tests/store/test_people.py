"""A turn sees the session that it was decided from, roles and marks of its person, and nobody else's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.audience import Search
from bot.domain.effects import Outdated
from bot.domain.outbox import Queued
from bot.domain.questions import AnswerTold, AnswerWanted, Opinion, Picked, Settled, Tallied, Unsettled, Voted
from bot.domain.reminders import Resaved
from bot.domain.roles import Invited, Joined
from bot.store import Miss, Store
from bot.store.tables import KEPT_TURNS, staff
from bot.store.turns import KEPT_FORGETTING
from tests.store.conftest import AT

REACHABLE = Search(("c",), "n", (), (None,))


async def save(store: Store, user: str = "lin", **given: Any) -> bool:
    turn: dict[str, Any] = {"session": None, "events": (), "update_id": None, "turn": None, "miss": None, "at": AT}
    return await store.save_turn("c", user, **turn | given)


async def test_a_turn_from_an_old_session_is_refused(store: Store) -> None:
    await save(store, session="1")
    seen = (await store.load_known("c", "lin", None)).turns
    await save(store, session="2", seen=seen)
    with pytest.raises(Outdated):
        await save(store, session="3", seen=seen, update_id="7")
    assert await store.load("c", "lin") == "2"
    assert await store.find_handled("c", "lin", "7") is None
    others = await asyncio.gather(save(store, "chen", session="1"), save(store, session="3", seen=seen + 1))
    assert all(others)


async def test_a_session_is_replaced_only_if_it_is_still_the_same(store: Store) -> None:
    await save(store, session="1", update_id="7", turn='"7"')
    with pytest.raises(Outdated):
        await store.apply([Resaved("lin", "2", "3")], "c", AT)
    seen = (await store.load_known("c", "lin", None)).turns
    await store.apply([Resaved("lin", "1", "2")], "c", AT)
    known = await store.load_known("c", "lin", "7")
    assert (known.session, known.turn, known.passed) == ("2", '"7"', False)
    with pytest.raises(Outdated):
        await save(store, session="4", seen=seen)
    assert known.turns == seen + KEPT_TURNS


async def test_an_answer_was_sent_once_the_next_turn_is_saved(store: Store) -> None:
    await save(store, update_id="7", turn='"7"')
    assert not (await store.load_known("c", "lin", "7")).passed
    await save(store, update_id="8", turn='"8"')
    assert (await store.load_known("c", "lin", "7")).passed
    assert not (await store.load_known("c", "lin", "8")).passed


async def test_who_writes_is_reachable_again(store: Store) -> None:
    async def reachable() -> int:
        return (await store.broadcasts.count(REACHABLE)).unreachable

    await save(store, session='{"notice": "n", "walks": {}, "reminders": true}')
    assert await reachable() == 0
    await store.reach("d", "lin", reachable=False)
    assert await reachable() == 0
    await store.reach("c", "lin", reachable=False)
    assert await reachable() == 1
    await save(store)
    assert await reachable() == 0


async def test_what_waits_for_a_forgotten_person_is_not_sent(store: Store) -> None:
    await save(store)
    await store.apply([Queued("user", user="lin"), Queued("user", user="chen")], "c", AT)
    await store.forget("c", "lin", update_id=None, turn=None, at=AT)
    assert [post.user for post in await store.outbox.claim("c", AT)] == ["chen"]


async def test_an_update_that_forgot_is_kept_for_its_time_and_others_with_their_person(store: Store) -> None:
    await save(store, update_id="1", turn='"1"')
    await store.forget("c", "chen", update_id="2", turn='"gone"', at=AT)
    await store.forget("c", "wang", update_id=None, turn=None, at=AT + KEPT_FORGETTING)
    assert await store.find_handled("c", "chen", "2") == '"gone"'
    await store.forget("c", "wang", update_id=None, turn=None, at=AT + KEPT_FORGETTING + timedelta(seconds=1))
    assert await store.find_handled("c", "chen", "2") is None
    assert await store.find_handled("c", "lin", "1") == '"1"'


async def test_a_member_of_staff_has_one_role(store: Store) -> None:
    for hash_, role in (("1", "staff"), ("2", "admin")):
        await save(store, "1", effects=[Invited(hash_, role, "王", AT + timedelta(days=1))])  # type: ignore[arg-type]
        await save(store, "7", effects=[Joined(hash_, role, "王", "1")])  # type: ignore[arg-type]
    assert (await store.load_known("c", "7", None)).role == "admin"
    assert [member.role for member in await store.roles.members("c")] == ["admin"]
    async with store._reader.connect() as connection:
        assert len((await connection.execute(select(staff))).all()) == 1


async def test_questions_wait_are_settled_and_expire(store: Store) -> None:
    early, late = datetime(2013, 1, 1, tzinfo=UTC), AT
    for at in (early, late):
        await save(store, at=at, miss=Miss("户口怎么迁", ("a",), "r", mark="m"))
    old, new = sorted(one.number for one in await store.questions.list_unanswered(early))
    assert [one.number for one in await store.questions.list_unanswered(early)] == [new, old]
    assert [one.number for one in await store.questions.list_unanswered(early + timedelta(hours=1))] == [new]
    await store.apply([Settled((new,), "ignored")], "c", AT)
    assert [one.number for one in await store.questions.list_unanswered(early)] == [old]
    assert [one.became for one in await store.questions.list_unanswered(early, settled=True)] == ["ignored", None]
    await store.apply([Unsettled((new,))], "c", AT)
    assert await store.funnel.count_missed() == 2
    await store.apply([Picked("m", "x"), Picked("other", "z")], "c", AT)
    assert [one.picked for one in await store.questions.list_unanswered(early)] == ["x", None]
    await store.apply([Picked("m", "y"), Picked("m", "z")], "c", AT)
    assert [one.picked for one in await store.questions.list_unanswered(early)] == ["x", "y"]
    await store.expire(AT - timedelta(days=1))
    assert [one.number for one in await store.questions.list_unanswered(early)] == [new]


async def test_an_answer_is_wanted_until_it_is_told_not_wanted_any_more_or_too_late(store: Store) -> None:
    week = AT + timedelta(days=7)
    for n in range(8):
        await save(store, at=AT, miss=Miss(f"第{n}问", ("a",), "r", mark=f"m{n}"))
        await store.apply([AnswerWanted(f"m{n}", week), AnswerWanted("nobody", week)], "c", AT, "lin")
    await store.apply([AnswerWanted("m7", week)], "c", AT, "lin")  # tapped twice
    wanted = await store.questions.list_askers(["c"], AT)
    assert [one.question for one in wanted] == ["第3问", "第4问", "第5问", "第6问", "第7问"]
    assert await store.questions.list_askers(["c"], week) == []
    assert await store.questions.list_askers(["d"], AT) == []
    assert [one.question for one in await store.questions.list_askers(["c"], AT, wanted[2].number, 1)] == ["第6问"]
    await store.apply([AnswerTold("lin", wanted[0].number)], "c", AT)
    for user, number in (("lin", wanted[0].number), ("another", wanted[1].number)):
        with pytest.raises(Outdated):
            await store.apply([AnswerTold(user, number)], "c", AT)
    assert await store.lives.prune(week + timedelta(seconds=1)) == 4
    await store.apply([AnswerWanted("m1", week), AnswerWanted("", None)], "c", AT, "lin")
    assert await store.questions.list_askers(["c"], AT) == []


async def test_a_tied_question_is_no_miss(store: Store) -> None:
    await save(store, miss=Miss("怎么办", (), "r", tied=True))
    assert await store.funnel.count_missed() == 0


async def test_the_newest_vote_on_a_wording_counts_and_reasons_are_ordered(store: Store) -> None:
    await save(store, "a", effects=[Voted("t", "r1", helped=True), Voted("t", "r1", helped=False, reason="old")])
    await save(store, "b", effects=[Voted("t", "r1", helped=False, reason="unclear"), Voted("t", "r2", helped=True)])
    await save(store, "c", effects=[Voted("t", "r1", helped=False, reason="unclear")])
    await save(store, "d", effects=[Voted("t", "r1", helped=True)])
    opinions = await store.questions.opinions()
    assert opinions == {("t", "r1"): Opinion(1, 4, {"unclear": 2, "old": 1}), ("t", "r2"): Opinion(1, 1)}
    assert list(opinions["t", "r1"].reasons) == ["unclear", "old"]


async def test_questions_are_counted_by_day_notice_cohort_and_result(store: Store) -> None:
    answer, miss = Tallied("n", "z", "answer"), Tallied("n", None, "miss")
    await asyncio.gather(*(save(store, user, tallied=answer) for user in "abc"))
    await save(store, "a", tallied=answer)
    await save(store, "a", tallied=miss)
    await save(store, "a", tallied=Tallied("other", None, "miss"))
    await save(store, "a", tallied=miss, at=AT - timedelta(days=1))
    found = {(one.cohort, one.reached): one.count for one in await store.funnel.questions("c", "n", AT)}
    assert found == {("z", "answer"): 4, (None, "miss"): 1}
    assert await store.funnel.questions("d", "n", AT) == []
