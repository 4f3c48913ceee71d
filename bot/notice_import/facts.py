"""The facts of a notice that graduates hear, each with its path, its row and the sentence that it is from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

HEARD: Mapping[str, tuple[str, ...]] = {
    "windows": ("label", "from", "to", "time_from", "time_to", "note"),
    "contacts": ("role", "person", "phones", "email", "im", "room", "hours"),
    "cohorts": ("label", "grades", "majors", "note"),
    "entry_paths": ("label", "url", "clicks"),
    "verdict": ("ok_button", "wrong_button"),
    "photo": ("vendor", "code_how", "apps", "fee", "feature_code", "already_done_rule", "dislike_rule"),
    "account": ("id_rule", "browser", "keep"),
    "corrections": ("where", "why"),
    "report": ("by", "how"),
    "collection": ("where", "proxy"),
    "consequences": ("if", "then"),
    "conflicts": ("shown_to_students",),
    "links": ("label", "url"),
    "warnings": (),
    "notice": ("title", "short", "issued_on"),
    "school": ("name", "unit"),
}
"""Keys by section, in the order in which people look at them."""
NEEDED = frozenset({"label", "role", "url", "if", "then", "title", "short", "name", "unit"})
"""Keys that a row never lacks."""
LISTS = frozenset({"phones", "grades", "majors", "clicks", "apps", "keep"})
"""Keys whose value is a list."""


@dataclass(frozen=True, slots=True)
class HeardFact:
    """A fact; `row` names the row that it belongs to (empty: it is none of several), `value` is empty where the notice
    does not say.
    """

    path: tuple[str | int, ...]
    row: str
    value: str
    quote: str

    @property
    def at(self) -> str:
        """The path as doubts write it."""
        return ".".join(map(str, self.path))

    @property
    def key(self) -> str:
        """The key of the fact: of an item that of its list."""
        return next(str(part) for part in reversed(self.path) if isinstance(part, str))

    @property
    def may_be_absent(self) -> bool:
        """Whether a notice may leave it out."""
        return isinstance(self.path[-1], int) or self.key not in NEEDED


def list_heard(data: Mapping[str, Any]) -> Iterator[HeardFact]:
    """Yield the facts of a notice as data; one that is counted from another day has no value of its own."""
    for section, keys in HEARD.items():
        held = data.get(section)
        for place, row in enumerate(held) if isinstance(held, list) else [(None, held or {})]:
            path = (section,) if place is None else (section, place)
            if isinstance(row, Mapping):
                yield from _list_row(row, path, keys)
            else:
                yield HeardFact(path, "", str(row), "")


def _list_row(row: Mapping[str, Any], path: tuple[str | int, ...], keys: tuple[str, ...]) -> Iterator[HeardFact]:
    names = (("label",), ("role", "person"), ("kind",)) if len(path) > 1 else ()
    name = next((" ".join(str(row[key]) for key in some if row.get(key)) for some in names if row.get(some[0])), "")
    quote = str(row.get("quote") or "").strip()
    for key in keys:
        value = row.get(key)
        if isinstance(value, list):
            yield from (HeardFact((*path, key, n), name, str(one or ""), quote) for n, one in enumerate(value))
        elif not isinstance(value, Mapping):
            yield HeardFact((*path, key), name, "" if value is None else str(value), quote)
