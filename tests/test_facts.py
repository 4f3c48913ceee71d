"""All 124 facts of the notice can be read in what the bot says, on every kind of day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from bot.content.loading import load
from flows.engine import Walk
from flows.model import Position
from tests.content.said import Said, everything

CONTENT = load()
NOTICE = next(iter(CONTENT.notices.values()))

MOMENTS = [datetime.fromisoformat(f"{day}T10:00") for day in ("2013-11-20", "2013-12-05", "2013-12-25", "2026-11-24")]
"""One in each clock: before, in the check, late but correctable, closed."""

RIGHT = {**{f"field:{field.name}": "right" for field in NOTICE.check_fields}, "photo": "right"}
CHOSEN = {"level": "专升本", "cohort": "angong", "major": "土木工程"}
PEOPLE: tuple[Mapping[str, str], ...] = (
    {},
    {"level": "专科"},
    CHOSEN,
    {**CHOSEN, **RIGHT},
    {**CHOSEN, **RIGHT, "clicked": "2013-12-05"},
    {**CHOSEN, **RIGHT, "field:姓名": "wrong", "field:出生日期": "unsure", "reported": "2013-12-06"},
    {**CHOSEN, **RIGHT, "photo": "missing"},
    {**CHOSEN, "record": "missing"},
)


class Fact(BaseModel):
    """A fact that must be readable: `words` on one screen and `line` on one line of it, in each place of `in`."""

    model_config = ConfigDict(extra="forbid")

    fact: str
    words: tuple[str, ...] = ()
    line: tuple[str, ...] = ()
    places: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        on_a_line = not self.line or any(_has_all(self.line, line) for line in text.splitlines())
        return _has_all(self.words, text) and on_a_line


def _has_all(words: tuple[str, ...], text: str) -> bool:
    return all(any(word in text for word in either.split("|")) for either in words)


def _load_facts() -> dict[str, Fact]:
    rows = yaml.safe_load((Path(__file__).parent / "facts.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Fact]).validate_python(
        {name: {("places" if key == "in" else key): value for key, value in row.items()} for name, row in rows.items()}
    )


FACTS = _load_facts()


@cache
def render_screens() -> Mapping[str, list[Said]]:
    by_place: dict[str, list[Said]] = defaultdict(list)
    for now in MOMENTS:
        for said in everything(CONTENT, NOTICE.id, PEOPLE, now):
            by_place[said.place].append(said)
    return by_place


def test_every_fact_of_the_notice_has_its_place() -> None:
    assert list(FACTS) == [f"F{n:02}" for n in range(1, 125)]
    assert all(fact.places and (fact.words or fact.line) for fact in FACTS.values())


def test_the_walk_saw_everything_the_bot_can_say() -> None:
    seen = render_screens()
    walk, here = Walk(CONTENT.script, NOTICE, MOMENTS[0]), Position("", 1, "")
    gated_off = {
        step.id
        for step in CONTENT.script.steps
        if any("notice." in gate.when and walk.holds(gate.when, here) for gate in step.gate)
    }
    assert {place for place in seen if " " not in place} == set(CONTENT.script.by_id) - gated_off
    assert {f"faq {topic}" for topic in CONTENT.entries} <= set(seen)
    assert sum(map(len, seen.values())) > 3000
    assert len({said.text for rows in seen.values() for said in rows}) > 400


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_can_be_read_on_every_date(name: str) -> None:
    fact = FACTS[name]
    for place in fact.places:
        told = {said.now for said in render_screens().get(place, ()) if fact.is_in(said.text)}
        shown = {said.now for said in render_screens().get(place, ())}
        assert shown, f"{name}: nothing is ever shown at {place}"
        assert told == shown, f"{name} ({fact.fact}) is not readable at {place} on {min(shown - told):%Y-%m-%d}"
