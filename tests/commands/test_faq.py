"""`gradbot faq …` and `gradbot notice draft`: what they print, and with which code they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOTICES, CommandResult, Here
from tests.knowledge.test_revisions import OWN


def read(ended: CommandResult) -> tuple[int, Any]:
    """The code, and what was printed as JSON."""
    assert "Traceback" not in ended.err
    return ended.code, json.loads(ended.out)


def test_a_revision_from_the_command_line_and_back(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "canteen.yaml"
    file.write_text(OWN, "utf-8")
    code, rehearsed = read(here("faq", "test", str(file), "--json"))
    assert (code, rehearsed["published"], rehearsed["number"]) == (0, False, 0)
    code, told = read(here("faq", "publish", str(file), "--note", "食堂", "--json"))
    assert (code, told["published"], told["number"]) == (0, True, 2)
    assert told["changes"] == [{"what": "entry_added", "title": "食堂的红烧肉", "text": "red-pork"}]
    assert first(here, "红烧肉几点卖") == "red-pork"
    _, differ = read(here("faq", "diff", "1", "2", "--json"))
    assert "+- id: red-pork" in differ["diff"]
    code, back = read(here("faq", "rollback", "1", "--json"))
    assert (code, back["published"], back["number"]) == (0, True, 3)
    assert first(here, "红烧肉几点卖") != "red-pork"
    _, history = read(here("faq", "history", "--json"))
    assert [(one["number"], one["author"]) for one in history["revisions"]] == [
        (3, "command"), (2, "command"), (1, "start"),
    ]  # fmt: skip
    assert here("faq", "rollback", "9").code == 1


def first(here: Here, question: str, **settings: str) -> str:
    """The topic that is nearest to a question."""
    topic: str = read(here("ask", "--json", question, **settings))[1]["topics"][0]["id"]
    return topic


def test_what_is_wrong_ends_with_1_and_shows_the_line(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "canteen.yaml"
    file.write_text(OWN.replace("  title: ", "\ttitle: "), "utf-8")
    code, told, _ = here("faq", "publish", str(file))
    assert code == 1
    assert "faq/canteen.yaml:2:1" in told
    assert "Tab" in told
    assert "^" in told


@pytest.mark.parametrize("words", [("inbox",), ("history",), ("lint",), ("test",)])
def test_every_command_tells_json(words: tuple[str, ...], here: Here) -> None:
    code, told = read(here("faq", *words, "--json"))
    assert code == 0
    assert isinstance(told, dict)


def test_a_notice_in_words_becomes_a_file(here: Here, tmp_path: Path) -> None:
    words, out = NOTICES / "words" / "linhai.txt", tmp_path / "draft.yaml"
    assert here("notice", "draft", str(words), "--out", str(out)) == (0, "", "")
    code, told = read(here("notice", "draft", str(words), "--json"))
    assert (code, told["yaml"]) == (0, out.read_text("utf-8"))


def test_why_is_explained(here: Here) -> None:
    code, told = read(here("ask", "--explain", "--json", "密码忘了"))
    assert code == 0
    assert told["near"][0]["id"] == "forgot-password"
    assert told["near"][0]["parts"]
