"""The lines that the matcher is judged by; `pathlib` reads them because tests may open files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from faq.lines import ENDING, FOLDER, number_lines
from faq.model import Entry

HERE = Path(__file__).parent
ENTRIES = HERE.parents[1] / "faq" / "entries"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of ours; any of `topics` is a right answer."""

    topics: tuple[str, ...]
    style: str
    text: str


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# ")]


def questions(name: str = "questions.txt") -> list[Question]:
    rows = [[part.strip() for part in line.split("|", 2)] for line in _lines(HERE / name)]
    return [Question(tuple(topics.split(",")), style, text) for topics, style, text in rows]


def out_of_scope(name: str = "out_of_scope.txt") -> list[str]:
    return _lines(HERE / name)


def entries() -> list[Entry]:
    """Every entry that ships, in the order of its file, with all of its phrasings."""
    files = sorted(ENTRIES.glob("*.yaml"))
    rows = (row for file in files for row in yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    return [Entry(**{**row, "phrasings": (*row["phrasings"], *_further(row["id"]))}) for row in rows]


def _further(topic: str) -> list[str]:
    path = ENTRIES.parent / FOLDER / f"{topic}{ENDING}"
    return [line for _, line in number_lines(path.read_text("utf-8"))] if path.exists() else []
