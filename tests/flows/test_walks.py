"""Random walks: positions are kept, the guard is never passed, nobody is ever stranded."""

from __future__ import annotations

import json
from collections import deque
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import BACK, CHECKED, CLEARED, verdicts_of
from flows.model import Position, dump, load
from tests.conftest import another_notice
from tests.flows.walking import DAYS, FIELDS, GUARDED, NOTICE, SCRIPT, pressed, standing, walk

POSITIONS = st.builds(
    Position,
    script=st.sampled_from([SCRIPT.id, "older"]),
    revision=st.integers(1, 99),
    step=st.sampled_from([*SCRIPT.by_id, "gone"]),
    item=st.integers(0, 40),
    moves=st.integers(0, 10**7),
    answers=st.dictionaries(st.sampled_from([*FIELDS, "photo", "level", "major", "clicked"]), st.text(max_size=9)),
    trail=st.lists(st.sampled_from([*SCRIPT.by_id, "gone"]), max_size=9).map(tuple),
    state=st.sampled_from(["walking", "reported", "done"]),
)


@given(POSITIONS)
def test_a_position_survives_json(position: Position) -> None:
    assert load(json.loads(json.dumps(dump(position)))) == position


@pytest.mark.parametrize("data", [None, {}, {"script": "a"}, [], {**dump(standing("m2-site")), "state": "lost"}, "x"])
def test_what_is_no_position_is_a_value_error(data: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        load(data)


@pytest.mark.parametrize(("seed", "day"), list(enumerate([*DAYS, "2014-12-09"])))
def test_a_random_walk_never_strands_and_never_skips_the_guard(seed: int, day: str) -> None:
    notice = another_notice() if day == "2014-12-09" else NOTICE
    walking, random = walk(day, notice=notice), Random(seed)
    here = walking.start().position
    seen = set()
    for _ in range(1500):
        view = walking.view(here)
        assert view.actions
        seen.add(here.step)
        if here.step in GUARDED and CHECKED not in here.answers:
            assert set(verdicts_of(notice, here).values()) <= {"right", CLEARED}
        first, *others = [*(a.id for a in (*view.actions, *view.stuck)), BACK]
        action = first if random.random() < 0.6 else random.choice([first, *others])
        if random.random() < 0.03:
            here = pressed(walking.jump(here, random.choice(list(SCRIPT.by_id))))
            continue
        moved = walking.press(here, action)
        assert moved or action == BACK
        here = moved.position if moved else here
        assert load(json.loads(json.dumps(dump(here)))) == here
    assert len(seen) > 25


@pytest.mark.parametrize("day", DAYS)
def test_from_every_step_there_is_a_way_to_the_end_or_to_the_wait(day: str) -> None:
    """Over (step, what was answered), the affirming button first, then every other: the end is never out of reach."""
    walking = walk(day)

    def key(position: Position) -> tuple[object, ...]:
        return (position.step, position.item, frozenset(position.answers.items()))

    goals = {"m5-wait"} if walking.holds("early", standing("m2-site")) else {"m10-done"}
    for step in SCRIPT.by_id:
        start = pressed(walking.jump(standing("m2-site"), step))
        front, seen = deque([start]), {key(start)}
        for _ in range(4000):
            if not front or front[0].step in goals:
                break
            here = front.popleft()
            # Checklists are answered 对 here: the guard is tested above, the branches of wrong fields by random walks.
            checklist = SCRIPT.by_id[here.step].checklist
            actions = (
                ["right"] if checklist else [a.id for a in (*walking.view(here).actions, *walking.view(here).stuck)]
            )
            for action in reversed(actions):
                there = pressed(walking.press(here, action))
                if key(there) not in seen:
                    seen.add(key(there))
                    (front.appendleft if action == actions[0] else front.append)(there)
        assert front, f"{step} never reaches {goals}"
        assert front[0].step in goals, f"{step} never reaches {goals}"
