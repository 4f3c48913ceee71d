"""What a college wrote itself: entries that do not ship, and their lines that the shipped ones lack."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

import faq
from faq.lines import ENDING, FOLDER, number_lines
from faq.model import Entry
from flows.notice import Notice

SHIPPED_ENTRIES = Path(faq.__file__ or "").parent / "entries"


@cache
def shipped_lines() -> Mapping[str, frozenset[str]]:
    """Return the phrasings of the entries that ship, by id."""
    files = (path.read_text("utf-8") for path in sorted(SHIPPED_ENTRIES.glob("*.yaml")))
    rows = (row for text in files for row in yaml.load(text, yaml.CSafeLoader))
    return {row["id"]: frozenset((*map(str, row["phrasings"]), *_read_tail(row["id"]))) for row in rows}


def _read_tail(topic: str) -> tuple[str, ...]:
    """Return the phrasings of a shipped entry that stand in a file of their own."""
    path = SHIPPED_ENTRIES.parent / FOLDER / f"{topic}{ENDING}"
    return tuple(line for _, line in number_lines(path.read_text("utf-8"))) if path.exists() else ()


def notice_topics(notices: Mapping[str, Notice]) -> frozenset[str]:
    """Return the topics that notices answer themselves."""
    return frozenset(question.id for notice in notices.values() for question in notice.faq)


def is_own(entry: Entry) -> bool:
    """Return whether the college wrote an entry itself: none that ships has its id."""
    return entry.id not in shipped_lines()


def own_lines(entry: Entry) -> tuple[tuple[int, str], ...]:
    """Return the phrasings of an entry that the shipped one with its id lacks, with their numbers from 0."""
    shipped = shipped_lines().get(entry.id, frozenset())
    return tuple((n, line) for n, line in enumerate(entry.phrasings) if line not in shipped)
