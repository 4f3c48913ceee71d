"""`gradbot check` and a publication say the same of the same files: the same problems, at the same lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import pytest

from bot.content.files import Files, keep_texts, load_shipped, read_folder, with_shipped
from bot.content.loading import load
from bot.content.problem import ContentFault, ContentProblem
from bot.knowledge.examine import Examination, Memory, examine
from tests.content.test_content import BROKEN, CARD
from tests.content.test_foreign_text import CANTEEN, LIBRARY, indent
from tests.examined import kept_examinations

__all__ = ["kept_examinations"]

UGLY: Mapping[str, str | bytes] = {
    "swallowed": LIBRARY + indent(CANTEEN, 4),
    "invisible": LIBRARY.replace("晚上", "晚\u200b上"),
    "dash lost": LIBRARY + CANTEEN.replace("- id", "  id"),
    "wide bracket": CANTEEN.replace("  answer", "  follow: ［canteen-card］\n  answer"),
    "office": b"PK\x03\x04" + b"\0" * 60,
    "markdown and html": LIBRARY.replace("早上八点", "**早上八点**") + CANTEEN.replace("食堂", "<b>食堂</b>"),
    "title without a blank": CARD.replace("title: ", "title："),
    "harmless": CARD.replace("\n", "\r\n"),
}
memory = Memory()


@cache
def _in_force() -> Files:
    return keep_texts(with_shipped({}))


def _check(files: Mapping[str, str | bytes]) -> list[ContentFault]:
    try:
        load(files, to_publish=True)
    except ContentProblem as refused:
        return sorted(refused.problems)
    return []


def _publish(files: Mapping[str, str | bytes]) -> list[ContentFault]:
    report = examine(Examination(files, _in_force(), date.max), memory)
    return sorted(report.problems or (error.problem for error in report.errors))


@pytest.mark.slow
@pytest.mark.parametrize("name", UGLY)
def test_of_a_file_beside_the_shipped_ones(name: str) -> None:
    files: dict[str, str | bytes] = {**load_shipped("faq"), "faq/own.yaml": UGLY[name]}
    assert _publish(files) == _check(files)
    assert bool(_check(files)) is (name != "harmless")


@pytest.mark.slow
def test_of_broken_folders() -> None:
    for folder in sorted(folder for folder in BROKEN.iterdir() if folder.is_dir())[::3]:
        files = read_folder(folder)
        assert _publish(files) == _check(files) != [], folder.name
