"""Finds what people mistype in YAML: tabs, full-width colons and spaces, dashes and quotes of the wrong kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.content.places import Loc, Place

WIDE_QUOTES = ("“", "”", "‘", "’", "＂", "「")

_KEYS = (
    ("yaml_full_width_colon", re.compile(r"([a-z][a-z_]{1,30})\s*：")),
    ("yaml_wide_space", re.compile(r"([a-z][a-z_]{1,30}:)(?=[\u00a0\u2000-\u200a\u3000])")),
    ("yaml_missing_space", re.compile(r"([a-z][a-z_]{1,30}):(?=[^\s/])")),
)
"""By rule: the beginning of a text that was meant as a key."""
BULLETS = "－–—·•●○◦▪■◆★\uf0b7\uf0a7\uf06c\uf0d8\uf0fc"
"""Signs that stand before the items of a list in a text; the last ones are Word's own."""
_ITEM = re.compile(rf"-(?=[\u3400-\u9fff“\"']|[a-z_]+\s*[:：])|[{BULLETS}](?=\s*\S)")
_WIDE_SPACE = re.compile(r" {0,200}[\u00a0\u2000-\u200a\u3000]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_HIDDEN = re.compile(r"[\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069]|(?<!^)\ufeff")
"""Characters that nobody sees and that change what is found or shown; the joiner of emoji is none of them."""
_SWALLOWED = re.compile(r"\s{0,40}(?:- {1,9})?([a-z][a-z_]{1,40})\s{0,9}[:：](?=\s|$)|\s{0,40}- {1,9}(id)\b")
_ENTRY_KEYS = frozenset({
    "id", "title", "source", "checked_on", "step", "follow", "phrasings", "must_match", "must_not_match", "answer",
    "more", "quotes", "references",
})  # fmt: skip
"""Keys of an FAQ entry, which people lose in the text above them."""
_BLOCK_TEXT = re.compile(r"(:|^\s*-|- )\s+[|>][-+\d]*\s*(#.*)?$")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in the YAML of a file: a rule that has a sentence in the phrases, its place and its particulars.

    `loc` is the path whose value cannot be relied on because of it. Without `is_certain` it may be meant so: it is the
    reason for whatever the schema finds wrong at `loc`, and nothing if the schema finds nothing.
    """

    rule: str
    place: Place
    about: Mapping[str, object] = field(default_factory=dict)
    loc: Loc | None = None
    is_certain: bool = True


def find_slips(lines: Sequence[str]) -> Iterator[Mistake]:
    """Yield lines that are indented with a tab or a wide space, and mistyped keys and items; not inside block texts."""
    block: int | None = None
    for n, line in enumerate(lines, start=1):
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and (indent > block or not line.strip()):
            continue
        block = indent if _BLOCK_TEXT.search(line) else None
        start = len(line) - len(line.lstrip(" \t-"))
        if "\t" in line[: len(line) - len(line.lstrip())]:
            yield Mistake("yaml_tab", (n, line.index("\t") + 1))
            indent = len(line) - len(line.lstrip(" \t"))
        if (
            mistake := _find_wide_space(line, (n, 1))
            or _find_mistyped_key(line[start:], (n, start + 1))
            or _find_mistyped_item(line[indent:], (n, indent + 1))
        ):
            yield mistake


def find_slip_in_key(key: str, place: Place) -> Mistake | None:
    """Return what is mistyped in a key that YAML accepted."""
    if key.startswith(WIDE_QUOTES):
        return Mistake("yaml_full_width_quote", place)
    return _find_invisible(key, place) or _find_wide_space(key, place) or _find_mistyped_key(key, place)


def find_slip_in_text(text: str, place: Place) -> Mistake | None:
    """Return the key or list item that was meant where YAML sees plain text: `phone：1`, `—甲`."""
    return _find_mistyped_key(text, place) or _find_mistyped_item(text, place)


def find_swallowed(lines: Sequence[str], first: int, known: Collection[str]) -> Mistake | None:
    """Return the first line of a text that was meant as a key of an entry or as one of the `known` keys.

    The text's lines begin at number `first` of the file.
    """
    for n, line in enumerate(lines, start=first):
        if (m := _SWALLOWED.match(line)) and ((key := m[1] or m[2]) in _ENTRY_KEYS or key in known):
            return Mistake("yaml_swallowed", (n, m.start(1 if m[1] else 2) + 1), {"key": key})
    return None


def find_hidden(lines: Sequence[str]) -> Iterator[Mistake]:
    """Yield the first invisible character of each line."""
    for n, line in enumerate(lines, start=1):
        if not line.isascii() and (m := _HIDDEN.search(line)):
            yield Mistake("yaml_invisible", (n, m.start() + 1), {"value": f"U+{ord(m[0]):04X}"})


def control_character(sign: str, place: Place) -> Mistake:
    """Return the mistake of a character that nobody sees, named by its code point."""
    return Mistake("yaml_control", place, {"value": f"U+{ord(sign):04X}"})


def _find_mistyped_key(text: str, place: Place) -> Mistake | None:
    for rule, pattern in _KEYS:
        if m := pattern.match(text):
            return Mistake(rule, (place[0], place[1] + len(m[1])))
    return None


def _find_mistyped_item(text: str, place: Place) -> Mistake | None:
    """Return the mistake of `-甲`, `— 甲`, `· 甲` where an item of a list was meant."""
    return Mistake("yaml_dash", place) if _ITEM.match(text) else None


def _find_wide_space(text: str, place: Place) -> Mistake | None:
    m = _WIDE_SPACE.match(text)
    return m and Mistake("yaml_wide_space", (place[0], place[1] + m.end() - 1))


def _find_invisible(key: str, place: Place) -> Mistake | None:
    m = _INVISIBLE.search(key)
    return m and control_character(m[0], (place[0], place[1] + m.start()))
