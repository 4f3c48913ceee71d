"""The types that the phrases are made of: a sentence, a label, a frozen row of them.

These modules do without postponed annotations: pydantic would compile each of 400 strings, at every start.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Sentence = str
"""1 to 900 characters; the limits stand in the configuration of the rows, which is built faster than 300 types."""
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


class PhraseRow(BaseModel):
    """A row of phrases: frozen, and refuses unknown keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        defer_build=True,
        str_strip_whitespace=True,
        str_min_length=1,
        str_max_length=900,
    )
