"""The words of the console's pages, read from `words.yaml` once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def load_words() -> dict[str, Any]:
    """Return the words by page and name."""
    read: dict[str, Any] = yaml.load((Path(__file__).parent / "words.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return read
