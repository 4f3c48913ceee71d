"""Keeps examinations for all tests of a process: many publish the same few files, and each takes two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import pytest

from bot.content import loading
from bot.content.checks import find_word_flaws
from bot.content.content import Content
from bot.content.files import Files
from bot.content.lint import RULES
from bot.content.loading import load
from bot.knowledge import examine as examining
from bot.knowledge.examine import Examination, Memory, Report, examine
from tests.conftest import shipped

KEPT = 20
"""Reports that are kept, of three megabytes each."""


def _find_other_word_flaws(content: Content, before: Content | None = None) -> Iterable[Any]:
    """Check the words of other scripts than the shipped one, which tests of its content check."""
    return () if content.script == shipped().script else find_word_flaws(content, before)


@lru_cache(maxsize=8)
def _load(files: tuple[tuple[str, str], ...]) -> Content:
    return load(dict(files)) if files else shipped()


def load_once(files: Files) -> Content:
    """Return the content of files, loaded before or now."""
    return _load(tuple(sorted(files.items())))


class _Loaded(Memory):
    """What all tests of a process loaded."""

    def load(self, files: Mapping[str, str | bytes]) -> Content:
        texts = {name: text for name, text in files.items() if isinstance(text, str)}
        return load_once(texts) if len(texts) == len(files) else load(files)

    def keep(self, files: Mapping[str, str | bytes], content: Content, *, passed: bool = False) -> None:
        pass

    def has_passed(self, files: Mapping[str, str | bytes]) -> bool:
        return True


def examine_once(draft: Examination) -> Report:
    """Examine files, or return what came of the same examination before."""
    before = None if draft.before is None else tuple(sorted(draft.before.items()))
    key = (tuple(sorted(draft.files.items())), before, draft.today, draft.questions, draft.every, draft.errors_only)
    if key not in _reports:
        _reports[key] = examine(draft, _Loaded())
        if len(_reports) > KEPT:
            del _reports[next(iter(_reports))]
    return _reports[key]


_reports: dict[Any, Report] = {}


async def examine_nearby(draft: Examination) -> Report:
    """Examine in a thread of this process, which spares a test the start of another."""
    return await asyncio.to_thread(examine_once, draft)


@pytest.fixture(autouse=True)
def kept_examinations(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a folder's conftest: whatever examines in this process, a chat or a command, does so once, and the reader of
    a new content is built when somebody types, not to hear each of its phrasings.
    """
    monkeypatch.setattr(loading, "find_word_flaws", _find_other_word_flaws)
    monkeypatch.setitem(RULES, "unheard", ("error", lambda *_: iter(())))
    monkeypatch.setattr(Content, "answers", lambda content, text: frozenset(content.matcher.ask(text).chosen))
    monkeypatch.setattr(Content, "prepare", lambda _: None)
    monkeypatch.setattr(examining, "examine_in_thread", examine_nearby)
