"""The shared lexicon of the reader, read from `lexicon.yaml` once, on first use; its head says what each section is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def lexicon() -> Mapping[str, Any]:
    """The sections of `lexicon.yaml`."""
    return _load("lexicon.yaml")


@cache
def wordings() -> Mapping[str, Any]:
    """The sections of `words.yaml`."""
    return _load("words.yaml")


def _load(name: str) -> Mapping[str, Any]:
    text = resources.files("bot.reading").joinpath(name).read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 – builds strings, lists and dicts only
    return data


def weights_file() -> Mapping[str, Any]:
    """The weights of the model by feature: JSON, because half a megabyte of YAML takes a third of a second to read."""
    weights: Mapping[str, Any] = json.loads(resources.files("bot.reading").joinpath("weights.json").read_bytes())
    return weights
