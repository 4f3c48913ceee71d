"""What an admin tries out is theirs: kept apart from drafts, exported, forgotten and expired with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.effects import Effect, Outdated
from bot.domain.questions import Explained
from bot.domain.revisions import Drafted, Once, TrialContinued, TrialEnded, TrialStarted
from bot.store import Store
from bot.store.knowledge import StoredTrial
from tests.store.conftest import AT

FILES = {"faq/a.yaml": "a"}


async def act(store: Store, *effects: Effect, user: str = "1", channel: str = "c") -> None:
    turn: dict[str, Any] = {"session": None, "events": (), "update_id": None, "turn": None, "miss": None, "at": AT}
    await store.save_turn(channel, user, **turn, effects=effects)


async def test_a_trial_has_a_session_of_its_own_until_it_ends(store: Store) -> None:
    assert await store.knowledge.load_trial("c", "1") is None
    await act(store, TrialStarted(FILES))
    assert await store.knowledge.load_trial("c", "1") == StoredTrial(FILES, None)
    await act(store, TrialContinued('{"step": "M1"}'))
    assert await store.knowledge.load_trial("c", "1") == StoredTrial(FILES, '{"step": "M1"}')
    assert await store.load("c", "1") is None
    await act(store, TrialStarted({"faq/a.yaml": "b"}))
    assert await store.knowledge.load_trial("c", "1") == StoredTrial({"faq/a.yaml": "b"}, None)
    await act(store, TrialEnded())
    assert await store.knowledge.load_trial("c", "1") is None
    await act(store, TrialContinued("{}"))
    assert await store.knowledge.load_trial("c", "1") is None


async def test_a_trial_and_an_explained_question_are_one_persons(store: Store) -> None:
    await act(store, TrialStarted(FILES), Explained("怎么注册"))
    await act(store, TrialEnded(), TrialContinued("{}"), user="2")
    for channel, user in (("c", "2"), ("d", "1")):
        assert await store.knowledge.load_trial(channel, user) is None
        assert await store.questions.load_explained(channel, user) is None
    await act(store, Explained("密码忘了"))
    assert await store.knowledge.load_trial("c", "1") == StoredTrial(FILES, None)
    assert await store.questions.load_explained("c", "1") == "密码忘了"


async def test_they_are_exported_and_forgotten(store: Store) -> None:
    await act(store, Drafted("d", FILES, 1, "1"), TrialStarted(FILES), Explained("怎么注册"))
    await act(store, TrialContinued('{"step": "M1"}'))
    kept = await store.export("c", "1")
    assert kept["trials"][0]["session"] == {"step": "M1"}
    assert set(kept["trials"][0]["files"]) == set(FILES)
    assert [row["question"] for row in kept["explained_questions"]] == ["怎么注册"]
    counts = (await store.forget("c", "1", update_id=None, turn=None, at=AT)).counts
    assert (counts["trials"], counts["explained_questions"]) == (1, 1)
    await act(store)
    assert await store.knowledge.load_trial("c", "1") is None
    assert await store.questions.load_explained("c", "1") is None
    assert await store.knowledge.draft("d")  # of the school, not of the person


async def test_they_expire_with_a_person_who_has_not_come(store: Store) -> None:
    await act(store, TrialStarted(FILES), Explained("怎么注册"))
    assert await store.expire(AT) == 0
    assert await store.knowledge.load_trial("c", "1")
    assert await store.expire(AT + timedelta(seconds=1)) == 1
    await act(store)
    assert await store.knowledge.load_trial("c", "1") is None
    assert await store.questions.load_explained("c", "1") is None


async def test_what_is_done_once_is_no_draft(store: Store) -> None:
    await store.apply([Once("digest-2013-49")], "c", AT)
    with pytest.raises(Outdated):
        await store.apply([Once("digest-2013-49")], "c", AT)
    await store.apply([Once("digest-2013-50")], "c", AT)
    assert await store.knowledge.draft("digest-2013-49") is None
