"""Every regular expression of ours takes a moment for whatever somebody types, also where it finds nothing."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import bot
import faq
import flows
from bot.domain import staff_texts, storage_mask

LONGEST_S = 0.05
SIZE = 4096
PIECES = (
    *("1", "1 ", " ", "\n", "a", "a ", "a.", "a@", "(", "（", "[", "<", '"', "-", "- ", "1-", ".", "，", "一", "上"),
    *("{", "{{", "=", "x=", "a: ", "http://a.", "“", "周一", "O", "2013-", "密码", "QQ"),
)
FUNCTIONS = {"compile", "sub", "split", "findall", "finditer", "search", "match", "fullmatch"}


def patterns() -> dict[str, re.Pattern[str]]:
    """Return every pattern by its text: those in the names of modules, and those that stand in a call."""
    found: dict[str, re.Pattern[str]] = {}
    for package in (bot, faq, flows):
        for name in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in name.name and not name.name.endswith("__main__"):
                module = importlib.import_module(name.name)
                found |= {one.pattern: one for one in _inside(vars(module), 3)}
                found |= {one: re.compile(one) for one in _in_calls(Path(module.__file__ or ""))}
    masks = [one.pattern for one in storage_mask._compile_rules(frozenset()).rules]
    return found | {one.pattern: one for one in (*masks, *_inside(staff_texts._rules(), 2))}


def _inside(value: Any, depth: int) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif depth and isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _inside(one, depth - 1)


def _in_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr=attr), args=[ast.Constant(value=str(text)), *_]
            ) if attr in FUNCTIONS:
                yield text


def _measure(pattern: re.Pattern[str], text: str) -> float:
    began = time.thread_time()
    for _ in pattern.finditer(text):
        pass
    return time.thread_time() - began


@pytest.mark.slow
def test_none_takes_long_for_any_repeated_piece() -> None:
    every = patterns()
    assert len(every) > 200
    slow = {}
    for text, pattern in every.items():
        words = re.findall(r"[^\W_]{2,}|[^\w\s]{1,2}", text.replace("\\", ""))[:3]
        for piece in (*PIECES, *words, text[:1]):
            for whole in ((piece * SIZE)[:SIZE], (piece + " " * SIZE)[:SIZE]):
                if _measure(pattern, whole) > LONGEST_S < _measure(pattern, whole):
                    slow[text[:90]] = whole[:20]
    assert slow == {}
