"""The building blocks of the phrases: a sentence, a label, a frozen row."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=900)]


Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


class Row(BaseModel):
    """Frozen, and refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
