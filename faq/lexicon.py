"""The lexicon: what the folding and the matcher know of the language, read from `lexicon.yaml` once, on first use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def lexicon() -> Mapping[str, Any]:
    """The sections of `lexicon.yaml`; its head says what each is for."""
    text = resources.files("faq").joinpath("lexicon.yaml").read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 – builds strings, lists and dicts only
    return data


def any_of(words: Iterable[str]) -> str:
    """An alternation, longest word first; Latin words and numbers only as whole words."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    whole = "(?<![a-z0-9]){}(?![a-z0-9])"
    return "|".join(whole.format(re.escape(word)) if word.isascii() else re.escape(word) for word in ordered)


def heads(words: Iterable[str]) -> frozenset[str]:
    """The characters that a text must have one of to hold any of the words: looking for them first is cheap."""
    return frozenset(word[0] for word in words)


@cache
def particles() -> frozenset[str]:
    """The units that are a hollow word by themselves."""
    return frozenset(word for word in lexicon()["hollow"] if len(word) == 1 or word.isascii())
