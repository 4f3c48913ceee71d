"""Phrasings that stand in a file of their own, `phrasings/ID.txt`, so that an entry stays short enough to be read."""

from __future__ import annotations

from collections.abc import Iterator

FOLDER, ENDING = "phrasings", ".txt"
MOST_IN_ENTRY = 15
"""Phrasings that stand in an entry itself; further ones go into its file."""


def number_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the phrasings of a file with the numbers of their lines from 1; what begins with `#` is a comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if said and not said.startswith("#"):
            yield number, said
