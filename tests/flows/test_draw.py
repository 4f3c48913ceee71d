"""The picture is drawn from the script that runs."""

from __future__ import annotations

import re

from bot.domain.session import Session
from bot.render.reply import Voice
from flows.draw import mermaid
from tests.conftest import shipped
from tests.person import at

SCRIPT = shipped().script


def drawn() -> str:
    return mermaid(SCRIPT, Voice(shipped(), Session("2014-autumn"), at("2013-12-05")).fill)


def test_every_step_is_a_box_once_and_every_exit_an_arrow() -> None:
    lines = drawn().split("\n")
    assert lines[0] == "flowchart TD"
    boxes = [m[1] for line in lines if (m := re.match(r"    ([a-z0-9-]+)[\[{(]", line))]
    assert sorted(boxes) == sorted(SCRIPT.by_id)
    arrows = [line for line in lines if " -->" in line or " -.->" in line]
    assert len(arrows) == sum(len([*step.exits]) + len(step.gate) for step in SCRIPT.steps) > 90


def test_arrows_lead_to_boxes_or_back() -> None:
    for line in drawn().split("\n"):
        if m := re.match(r"  ([a-z0-9-]+) -[-.]+>(?:\|\"[^\"]*\"\|)? ([a-z0-9-]+)", line):
            assert m[1] in SCRIPT.by_id
            assert m[2] in SCRIPT.by_id or m[2].removesuffix("-return") in SCRIPT.tracks


def test_gates_are_dotted_and_the_end_is_round() -> None:
    assert '  m9-verdict -.->|"wrong"| x1-report' in drawn().split("\n")
    assert re.search(r'm10-done\(\["10 · 核对完成"\]\)', drawn())


def test_what_the_notice_calls_its_button_is_in_the_picture() -> None:
    assert "点“正确”" in drawn()
    assert "{{ " not in drawn()


def test_the_same_script_gives_the_same_picture() -> None:
    assert drawn() == drawn()
