"""Phrasings of an entry beyond the first few, in a file of their own: `ID.txt` in `faq/phrasings`, one a line.

Such a file is read as a source whose one row is the entry, so that a fault in it is told like one of the entry: by its
id and the number of the phrasing, at the file's own line. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.content import yaml_source
from bot.content.places import Loc, Place
from bot.content.yaml_slips import BULLETS, Mistake, find_hidden, find_swallowed
from bot.content.yaml_source import Source
from faq.lines import ENDING, FOLDER, number_lines

_NAME = re.compile(rf"faq/{FOLDER}/([^/]+){re.escape(ENDING)}")
_GIVEN = re.compile(rf"(?:faq-)?(?:{FOLDER}-)?([a-z0-9-]{{1,60}})(?: ?[(（]\d+[)）])?{re.escape(ENDING)}")
_ITEM = re.compile(rf"(?:[-*{BULLETS}]|\d{{1,2}}[、.．)）](?!\d))\s*(?=\S)")
_SIGNS = f"#-*{BULLETS} "


def name_tail(topic: str) -> str:
    """Return the name of the file of an entry's further phrasings."""
    return f"faq/{FOLDER}/{topic}{ENDING}"


def topic_of(name: str) -> str:
    """Return the id of the entry whose further phrasings a file holds; empty for any other file."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def topic_of_given(name: str) -> str:
    """Return the id in the name of a file that somebody gives: `cost.txt`, as exported `faq-phrasings-cost.txt`, with
    the number that a phone adds to the name of a file that it has already.
    """
    found = _GIVEN.fullmatch(name)
    return found[1] if found else ""


def read_tail(raw: str | bytes, topic: str, own: Sequence[str]) -> Source:
    """Return the file of an entry with `own` phrasings as a source; what stands in the entry already is left out.

    The tree is None when it is no text.
    """
    text = yaml_source.decode_bytes(raw)
    if isinstance(text, Mistake):
        return Source(None, {}, {}, (text,))
    lines, values, kept = tuple(text.splitlines()), dict[Loc, Place](), [*own]
    mistakes = [*find_hidden(lines)]
    for number, said in number_lines(text):
        column = lines[number - 1].index(said) + 1
        mistakes += _find_mistakes(said, (number, column))
        if said not in kept:
            values[0, "phrasings", len(kept)] = (number, column)
            kept.append(said)
    return Source([{"id": topic, "phrasings": kept}], {}, values, tuple(mistakes), lines)


def _find_mistakes(said: str, place: Place) -> Iterator[Mistake]:
    """Yield an item of a list, or a key of an entry, where a phrasing was to stand."""
    if key := find_swallowed([said], place[0], ()):
        yield Mistake("line_key", place, {"key": key.about["key"]})
    elif item := _ITEM.match(said):
        yield Mistake("line_item", place, {"value": item[0].strip()})


def add_to_tail(text: str, line: str) -> str:
    """Return the file with one more phrasing at its end, without the signs that begin a comment or a list."""
    end = "\r\n" if "\r\n" in text else "\n"
    between = "" if not text or text.endswith("\n") else end
    return f"{text}{between}{line.strip().lstrip(_SIGNS) or line.strip()}{end}"


def keep_in_tail(text: str, lines: Sequence[str]) -> str:
    """Return the file with these phrasings: those that it has stay as they are, with the comments between them."""
    numbers = dict(number_lines(text))
    kept = [
        line
        for n, line in enumerate(text.splitlines(keepends=True), start=1)
        if n not in numbers or numbers[n] in lines
    ]
    return "".join(kept)
