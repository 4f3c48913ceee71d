"""Reads YAML that people write, and remembers where everything stands.

Only plain data comes out: mappings, lists, strings, booleans and None. A number, a date or a `no` stays the string that
was typed, because the schema knows what it should be. Whatever is not such plain data (tabs, full-width colons, double
keys, references, tags) is a `Mistake` at its line and column; several are found in one reading where YAML allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 20_000_000
MAX_DEPTH = 24

Path_ = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, both from 1."""

_CONSTANTS: Mapping[str, object] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a place of the file: a rule that has a sentence in the phrases, and its particulars."""

    rule: str
    place: Place
    about: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as data. `keys` and `values` give the place of each path's key and value."""

    tree: Any
    keys: Mapping[Path_, Place]
    values: Mapping[Path_, Place]
    mistakes: tuple[Mistake, ...]

    def place(self, loc: Path_, *, key: bool = False) -> Place:
        """Where a path stands, or the nearest enclosing thing that stands somewhere."""
        for end in range(len(loc), -1, -1):
            found = (
                (self.keys.get(loc[:end]) if key else None) or self.values.get(loc[:end]) or self.keys.get(loc[:end])
            )
            if found:
                return found
        return (1, 1)


def read(path: Path) -> Source:
    """The file as data; `mistakes` is what is wrong with it as YAML, the tree None when nothing can be made of it."""
    try:
        raw = path.read_bytes()
    except OSError:
        return _broken(Mistake("file_missing", (1, 1)))
    if len(raw) > MAX_BYTES:
        return _broken(Mistake("file_too_large", (1, 1), {"size": len(raw), "limit": MAX_BYTES}))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        return _broken(Mistake("file_encoding", (raw[: problem.start].count(b"\n") + 1, 1)))
    return parse(text)


def parse(text: str) -> Source:
    """Like `read`, for text."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        return _broken(*_explain(text, problem))
    if node is None:
        return _broken(Mistake("yaml_empty", (1, 1)))
    keys: dict[Path_, Place] = {}
    values: dict[Path_, Place] = {}
    mistakes: list[Mistake] = []
    tree = _plain(node, (), keys, values, mistakes, set())
    mistakes += _colons(text, values)
    return Source(tree, keys, values, tuple(mistakes))


def _broken(*mistakes: Mistake) -> Source:
    return Source(None, {}, {}, mistakes)


def _at(node: yaml.Node) -> Place:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def _plain(
    node: yaml.Node,
    loc: Path_,
    keys: dict[Path_, Place],
    values: dict[Path_, Place],
    mistakes: list[Mistake],
    seen: set[int],
) -> Any:
    values[loc] = _at(node)
    if id(node) in seen:
        mistakes.append(Mistake("yaml_alias", _at(node)))
        return None
    seen.add(id(node))
    if len(loc) > MAX_DEPTH:
        mistakes.append(Mistake("yaml_deep", _at(node)))
        return None
    if not node.tag.startswith("tag:yaml.org,2002:"):
        mistakes.append(Mistake("yaml_tag", _at(node)))
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*loc, n), keys, values, mistakes, seen) for n, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        tree: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in tree:
                line = keys[(*loc, name)][0]
                mistakes.append(Mistake("yaml_duplicate_key", _at(key), {"key": name, "line": line}))
                continue
            keys[(*loc, name)] = _at(key)
            tree[name] = _plain(value, (*loc, name), keys, values, mistakes, seen)
        return tree
    quoted = getattr(node, "style", None)
    return node.value if quoted else _CONSTANTS.get(node.value, node.value)


def _colons(text: str, values: Mapping[Path_, Place]) -> Iterator[Mistake]:
    """Lines such as `phone：1` or `phone:1` where a key was meant: YAML takes them for plain text and goes on."""
    lines = text.splitlines()
    for place in sorted(set(values.values())):
        line = lines[place[0] - 1] if place[0] <= len(lines) else ""
        if mistake := _key_meant(line[place[1] - 1 :], place):
            yield mistake


_KEY_FULL_WIDTH = re.compile(r"([a-z][a-z_]{1,30})\s*：")
_KEY_UNSPACED = re.compile(r"([a-z][a-z_]{1,30}):(?=[^\s/])")


def _key_meant(rest: str, place: Place) -> Mistake | None:
    for rule, pattern in (("yaml_full_width_colon", _KEY_FULL_WIDTH), ("yaml_missing_space", _KEY_UNSPACED)):
        if m := pattern.match(rest):
            return Mistake(rule, (place[0], place[1] + len(m[1])))
    return None


def _explain(text: str, problem: yaml.YAMLError) -> Iterator[Mistake]:
    """What a person did when YAML gave up: tabs and full-width colons anywhere, else what the parser says."""
    lines = text.splitlines()
    found = False
    for n, line in enumerate(lines, start=1):
        if line[: len(line) - len(line.lstrip())].count("\t"):
            found = True
            yield Mistake("yaml_tab", (n, line.index("\t") + 1))
        else:
            start = len(line) - len(line.lstrip(" -"))
            if mistake := _key_meant(line[start:], (n, start + 1)):
                found = True
                yield mistake
    if found:
        return
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    place = (min(place[0], max(1, len(lines))), place[1])
    detail = str(getattr(problem, "problem", None) or problem).splitlines()[0]
    for rule, pattern in _SAID:
        if re.search(pattern, detail):
            yield Mistake(rule, place)
            return
    yield Mistake("yaml_syntax", place, {"detail": detail})


_SAID = (
    ("yaml_alias", "undefined alias|alphabetic or numeric"),
    ("yaml_tag", "tag"),
    ("yaml_special", "cannot start any token"),
    ("yaml_quote", "quoted scalar|unexpected end of stream|while scanning a quoted"),
    ("yaml_block", r"'\]'|'\}'|','|flow"),
    ("yaml_indent", "block end|block mapping|block collection|mapping values are not allowed|could not find expected"),
)
"""What libyaml says, and the rule whose sentence tells it to a teacher; the first that fits counts."""
