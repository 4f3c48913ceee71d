"""A teacher plans a broadcast in one sentence: whom, when, with which words; what is not clear is asked back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.broadcast.sentence import list_who, plan_broadcast
from bot.content.content import Content
from bot.domain.audience import parse_audience
from tests.broadcast.harness import NOTICE
from tests.conftest import shipped

NOW = datetime.fromisoformat("2013-12-05T10:00")
SENTENCES: Mapping[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("sentences.yaml").read_text("utf-8")
)
EXPECTED = {"cohorts", "majors", "states", "steps"}


def misread(row: Mapping[str, Any], content: Content) -> str:
    """Return how a sentence is planned otherwise than it says; "" for none."""
    plan = plan_broadcast(row["say"], content, content.notices[NOTICE], NOW)
    if "ask" in row:
        return "" if plan.asks else f"not asked: {plan}"
    if plan.asks:
        return f"asked: {plan.asks}"
    said = {name: values for name, values in list_who(plan.who).items() if values}
    meant = {name.replace("no_", "not_"): row[name] for name in row if name.removeprefix("no_") in EXPECTED}
    at = f"2013-{row['at']}" if row["at"] else None
    got = {"who": said, "at": plan.at.isoformat(timespec="minutes") if plan.at else None, "text": plan.text}
    want: dict[str, Any] = {"who": meant, "at": at, "text": row.get("text")}
    if "template" in row:
        got["template"], want["template"] = plan.template, row["template"]
    return "" if got == want else f"{got} for {want}"


@pytest.mark.parametrize("kind", ["built", "kept"])
def test_each_sentence_is_planned_as_it_is_meant_or_asked_back(kind: str) -> None:
    content = shipped()
    wrong = {row["say"]: said for row in SENTENCES[kind] if (said := misread(row, content))}
    assert not wrong, "\n".join(f"{say}\n    {said}" for say, said in wrong.items())


def test_the_rule_of_a_plan_is_one_that_staff_can_type() -> None:
    content = shipped()
    notice, steps = content.notices[NOTICE], tuple(content.script.by_id)
    for row in (*SENTENCES["built"], *SENTENCES["kept"]):
        audience = plan_broadcast(row["say"], content, notice, NOW).audience
        if audience is not None:
            assert parse_audience(str(audience), notice, steps) == audience
