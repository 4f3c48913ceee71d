"""Repairs what pydantic finds wrong, so that the values around it can be checked in the same pass. Pure.

What was repaired is never used as content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from bot.content.places import Loc

MAX_REPAIRS = 8
"""Number of times that a row is repaired and validated again."""

RULES = {
    "list_type": "tuple_type",
    "dict_type": "model_type",
    "mapping_type": "model_type",
    "model_attributes_type": "model_type",
    "bool_parsing": "bool_type",
    "int_parsing": "int_type",
    "int_from_float": "int_type",
    "date_parsing": "date_type",
    "date_from_datetime_inexact": "date_type",
    "date_from_datetime_parsing": "date_type",
    "time_parsing": "time_type",
}
"""pydantic's error types that share a sentence."""

_SAMPLES: Mapping[str, Callable[[Mapping[str, Any], Any], Any]] = {
    "malformed_url": lambda about, value: "https://example.org/",
    "malformed_phone": lambda about, value: "00000000",
    "malformed_mail": lambda about, value: "nobody@example.org",
    "day_without_year": lambda about, value: None,
    "no_such_day": lambda about, value: None,
    "day_not_counted": lambda about, value: None,
    "string_too_long": lambda about, value: value[: about["max_length"]],
    "string_too_short": lambda about, value: "？" * about["min_length"],
    "string_type": lambda about, value: "？？",
    "model_type": lambda about, value: {},
    "tuple_type": lambda about, value: [],
    "too_short": lambda about, value: [*value, *(f"？{n}" for n in range(about["min_length"] - len(value)))],
    "too_long": lambda about, value: value[: about["max_length"]],
    "bool_type": lambda about, value: False,
    "int_type": lambda about, value: 1,
    "date_type": lambda about, value: "2000-01-01",
    "time_type": lambda about, value: "00:00",
    "greater_than_equal": lambda about, value: about["ge"],
    "less_than_equal": lambda about, value: about["le"],
    "beyond_without_date": lambda about, value: {**value, "checked_on": "2000-01-01"},
    "string_pattern_mismatch": lambda about, value: "x",
    "literal_error": lambda about, value: about["expected"].split("'")[1],
    "missing": lambda about, value: "？？",
    "end_before_start": lambda about, value: {**value, "from": None, "to": None},
}
"""By error type: a valid value for the place of the error."""


def list_errors(error: ValidationError) -> Iterator[Any]:
    """Yield pydantic's errors, without those that only count how many items are left after the wrong ones."""
    for detail in error.errors(include_url=False):
        few = detail["type"] == "too_short" and isinstance(detail["input"], list | tuple)
        if not few or len(detail["input"]) < detail.get("ctx", {}).get("min_length", 0):
            yield detail


def repair_tree(tree: Any, errors: Iterable[Any]) -> Any:
    """Return the tree with a valid value at the place of each error, or without that key."""
    for error in errors:
        loc = loc_in_tree(tree, error["loc"])
        sample = _SAMPLES.get(RULES.get(error["type"], error["type"]))
        if error["type"] == "missing":
            loc = (*loc, error["loc"][-1])
        if sample:
            tree = _change(tree, loc, partial(sample, error.get("ctx", {})))
        elif loc and isinstance(loc[-1], str):
            tree = _change(tree, loc, None)
    return tree


def _change(tree: Any, loc: Loc, change: Callable[[Any], Any] | None) -> Any:
    """Return the tree with one value changed, or without it (`change` None). The tree itself stays as it is."""
    if not loc:
        return change(tree) if change else tree
    head, rest = loc[0], loc[1:]
    if isinstance(tree, list) and isinstance(head, int) and head < len(tree):
        return [_change(child, rest, change) if n == head else child for n, child in enumerate(tree)]
    if not isinstance(tree, dict):
        return tree
    if not rest and change is None:
        return {key: child for key, child in tree.items() if key != head}
    return {**tree, head: _change(tree.get(str(head)), rest, change)}


def node_at(tree: Any, loc: Loc) -> Any:
    """Return the value at a path; None when there is none."""
    for name in loc:
        try:
            tree = tree[name]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def loc_in_tree(tree: Any, loc: Sequence[str | int]) -> Loc:
    """Return the path that pydantic gives, without the names of union members, which stand in no file."""
    path: list[str | int] = []
    for name in loc:
        inner = (isinstance(tree, dict) and name in tree) or (isinstance(tree, list) and isinstance(name, int))
        if inner and (not isinstance(name, int) or name < len(tree)):
            path.append(name)
            tree = tree[name]
    return tuple(path)


def describe_loc(tree: Any, loc: Loc) -> str:
    """Return the id of the nearest row that has one, and the keys below it: `m1-phone.choices.2.go` (rows from 1)."""
    names: list[str] = []
    node = tree
    for name in loc:
        node = node_at(node, (name,))
        names.append(str(name + 1) if isinstance(name, int) else name)
        if isinstance(node, dict) and isinstance(node.get("id"), str):
            names = [node["id"]]
    return ".".join(names)


def key_of(loc: Loc) -> str:
    """Return the innermost key of a path; empty when there is none."""
    return next((str(name) for name in reversed(loc) if isinstance(name, str)), "")
