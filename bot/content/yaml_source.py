"""Parses YAML that people write, and records the place of every key and value.

Only plain data comes out: mappings, lists, strings, booleans and None. A number, a date or a `no` stays the string that
was typed, because the schema knows what it should be. Whatever is not such plain data (tabs, full-width colons, double
keys, references, tags) is a `Mistake` at its line and column. Where YAML gives up, the line is repaired and the text
parsed again, so that all mistakes are found in one pass; a repaired value is never used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml

from bot.content.encoding import decode, name_format
from bot.content.places import Loc, Place
from bot.content.yaml_errors import explain
from bot.content.yaml_repair import SLIPS, repair_line
from bot.content.yaml_slips import Mistake, find_hidden, find_slip_in_key, find_slip_in_text, find_swallowed

MAX_BYTES = 20_000_000
MAX_DEPTH = 24
MAX_ROUNDS = 8
"""Number of times that a text is repaired and parsed again."""
MAX_REPAIRED = 1_000_000
"""Characters of a text that is repaired at all; a larger one is parsed once."""
MAX_PARSED = 96
"""Files that are remembered as they were parsed: those that ship, and the last ones of a content."""
FEW_ITEMS = 2
"""A list of fewer items may be one whose commas are Chinese."""

_CONSTANTS: Mapping[str, object] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}
_COMMA = re.compile("[，、]")
_SLIP_SIGN = re.compile("[:：【［－–—·•-]|[,，]$")
"""A character without which a plain text holds no mistyped key, item or bracket: most texts hold none."""
_LINES = ("phrasings", "must_match", "must_not_match")
"""Lists whose items are short sentences: one that goes on in the next line has lost the dash of that line."""
LONG_LINE = 60
"""Characters from which on a program breaks a line by itself."""
_UNSPACED_HASH = re.compile(r"\S +(?=#[^\s#])")
"""A `#` that cuts off a text: whoever means a comment puts a space behind it."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Guesses no types: what they are is the schema's business, and guessing takes a third of the time."""

    yaml_implicit_resolvers: ClassVar[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True)
class Source:
    """A file as data. `keys` and `values` give the place of each path's key and value, `lines` is the text itself."""

    tree: Any
    keys: Mapping[Loc, Place]
    values: Mapping[Loc, Place]
    mistakes: tuple[Mistake, ...]
    lines: tuple[str, ...] = ()

    def place(self, loc: Loc, *, key: bool = False) -> Place:
        """Return the place of a value (or its key), else that of the nearest value around it that has one."""
        for end in range(len(loc), -1, -1):
            found = (
                (self.keys.get(loc[:end]) if key else None) or self.values.get(loc[:end]) or self.keys.get(loc[:end])
            )
            if found:
                return found
        return (1, 1)

    def find_words(self, loc: Loc, words: str) -> Place:
        """Return the place of these words in the text at a path; the text's own place when they are not there."""
        line, column = self.place(loc)
        value: Any = self.tree
        for name in loc:
            value = value[name] if isinstance(value, list | dict) else ""  # type: ignore[index]
        most = value.count("\n") + 2 if isinstance(value, str) and words else 0
        for n, text in enumerate(self.lines[line - 1 : line - 1 + most], start=line):
            if (at := text.find(words, column - 1 if n == line else 0)) >= 0:
                return (n, at + 1)
        return (line, column)

    def line(self, number: int) -> str:
        """Return a line by its number from 1; empty when there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


NOWHERE = Source(None, {}, {}, ())
"""Stands for a file that is not there."""


def read_file(path: Path, parse_raw: Callable[[bytes], Source] | None = None) -> Source:
    """Parse a file. Its mistakes say what is wrong with it as YAML; the tree is None when nothing can be made of it.

    `parse_raw` parses what it holds: `parse_kept`, or as it is absent `parse_bytes`.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return _unreadable(Mistake("file_missing", (1, 1)))
    return (parse_raw or parse_bytes)(raw)


@lru_cache(maxsize=MAX_PARSED)
def parse_kept(raw: bytes) -> Source:
    """Parse the content of a file like `parse_bytes`; that of the last MAX_PARSED is kept by what they hold. Most
    content holds most of the shipped files as they are, and of a draft one file is new. Nothing changes a tree.
    """
    return parse_bytes(raw)


def parse_bytes(raw: str | bytes) -> Source:
    """Parse the content of a file, as text or as it was saved; like `read_file`."""
    text = decode_bytes(raw)
    return parse(text) if isinstance(text, str) else _unreadable(text)


def decode_bytes(raw: str | bytes) -> str | Mistake:
    """Return the text of a file, given as text or as it was saved; else what keeps it from being one."""
    if len(raw) > MAX_BYTES:
        return Mistake("file_too_large", (1, 1), {"size": len(raw), "limit": MAX_BYTES})
    if isinstance(raw, bytes) and (name := name_format(raw)):
        return Mistake("file_office", (1, 1), {"value": name})
    text = decode(raw) if isinstance(raw, bytes) else raw
    return text if isinstance(text, str) else Mistake("file_encoding", text)


def parse(text: str) -> Source:
    """Parse a text; like `read_file`."""
    draft = _RepairedText(text)
    if not draft.compose():
        return replace(_unreadable(*draft.mistakes), lines=draft.original)
    reader = _TreeReader(draft.lines)
    tree = reader.plain(draft.node, (), 0) if draft.node else None
    mistakes = [*draft.mistakes_with_paths(reader.values), *reader.mistakes]
    told = {mistake.place for mistake in mistakes}
    mistakes += [mistake for mistake in find_hidden(draft.original) if mistake.place not in told]
    if tree is None and not mistakes:
        return _unreadable(Mistake("yaml_empty", (1, 1)))
    if not draft.repaired:
        return Source(tree, reader.keys, reader.values, tuple(mistakes), draft.original)
    clamp = draft.clamp
    keys, values = ({loc: clamp(place) for loc, place in places.items()} for places in (reader.keys, reader.values))
    return Source(tree, keys, values, tuple(replace(m, place=clamp(m.place)) for m in mistakes), draft.original)


def _unreadable(*mistakes: Mistake) -> Source:
    return Source(None, {}, {}, mistakes)


class _RepairedText:
    """A text that is repaired line by line until YAML accepts it. `node` is what YAML makes of it (None: nothing)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.original = tuple(text.splitlines())
        self.lines = [*self.original]
        self.node: yaml.Node | None = None
        self.mistakes: list[Mistake] = []
        self.repaired: set[int] = set()
        self._last = 0
        self._quoted: dict[Place, int] = {}

    def compose(self) -> bool:
        """Parse and repair, at most MAX_ROUNDS times; return whether YAML accepts the text."""
        for _ in range(MAX_ROUNDS):
            text = "\n".join(self.lines) if self.repaired else self.text
            try:
                self.node = yaml.compose(text, Loader=_Loader)
            except yaml.YAMLError as error:
                if not self._repair(explain(text, error)):
                    return False
            else:
                return True
        return False

    def _repair(self, found: Sequence[Mistake]) -> bool:
        """Repair the lines of these mistakes; return whether that helps to parse on."""
        # A mistake at a repaired line, or above one, is a consequence of the repair.
        fresh = [m for m in found if m.place[0] not in self.repaired and (m.rule in SLIPS or m.place[0] > self._last)]
        self.mistakes += fresh
        if len(self.text) > MAX_REPAIRED or not all(
            repair_line(self.lines, m.rule, m.place, self._quoted) for m in fresh
        ):
            return False
        self.repaired |= {m.place[0] for m in fresh}
        self._last = max(self._last, *(0 if m.rule in SLIPS else m.place[0] for m in fresh), 0)
        return len(fresh) == len(found)

    def mistakes_with_paths(self, values: Mapping[Loc, Place]) -> Iterable[Mistake]:
        """Yield the mistakes, those whose value was put into quotes with the path of that value."""
        paths = {place: loc for loc, place in values.items()}
        for mistake in self.mistakes:
            line, column = mistake.place[0], self._quoted.get(mistake.place)
            yield mistake if column is None else replace(mistake, loc=paths.get((line, column)))

    def clamp(self, place: Place) -> Place:
        """Return a place of the repaired text as one of the original, where a line may be shorter."""
        line, column = place
        return (line, min(column, len(self.original[line - 1]) + 1)) if line <= len(self.original) else place


class _TreeReader:
    """Turns YAML's nodes into plain data, recording places and what is not plain data."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.keys: dict[Loc, Place] = {}
        self.values: dict[Loc, Place] = {}
        self.mistakes: list[Mistake] = []
        self._lines = lines
        self._hashes = {
            n: m.end() + 1
            for n, line in enumerate(lines, start=1)
            if "#" in line and (m := _UNSPACED_HASH.search(line))
        }
        self._seen: set[int] = set()
        self._names: set[str] = set()

    def plain(self, node: yaml.Node, loc: Loc, key_line: int) -> Any:
        """Return the node as plain data; `key_line` is the line of its key, from 1 (0: it has none)."""
        place = self.values[loc] = _place_of(node)
        if rule := self._refusal_rule(node, loc):
            self.mistakes.append(Mistake(rule, place, loc=loc))
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            self._check_commas(node, loc)
            self._check_dashes(node, loc)
            return [self.plain(child, (*loc, n), 0) for n, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if not isinstance(node, yaml.ScalarNode):
            return node.value
        if node.style:
            if node.style in "|>":
                self._check_block(node, loc)
            return node.value
        self._check_text(node, loc, key_line)
        return _CONSTANTS.get(node.value, node.value)

    def _refusal_rule(self, node: yaml.Node, loc: Loc) -> str | None:
        if id(node) in self._seen:
            return "yaml_alias"
        if len(loc) > MAX_DEPTH:
            return "yaml_deep"
        return None if node.tag in _PLAIN else "yaml_tag"

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> Mapping[str, Any]:
        tree: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in tree and name == next(iter(tree)):
                # The first key a second time: a new row, whose dash was lost; what follows is its own.
                self.mistakes.append(Mistake("yaml_dash_lost", _place_of(key), {"key": name}))
                return tree
            if name in tree:
                line = self.keys[(*loc, name)][0]
                self.mistakes.append(Mistake("yaml_duplicate_key", _place_of(key), {"key": name, "line": line}))
                continue
            place = self.keys[(*loc, name)] = _place_of(key)
            self._names.add(name)
            if mistake := find_slip_in_key(name, place):
                self.mistakes.append(replace(mistake, loc=(*loc, name), is_certain=False))
            tree[name] = self.plain(value, (*loc, name), place[0])
        return tree

    def _check_text(self, node: yaml.ScalarNode, loc: Loc, key_line: int) -> None:
        if _SLIP_SIGN.search(node.value):
            reported = self._check_first_line(node, loc, key_line)
            self._check_more_lines(node, loc, key_line, reported=reported)
        end = (node.end_mark.line + 1, node.end_mark.column)
        if self._hashes and node.value and (column := self._hashes.get(end[0], 0)) > end[1]:
            self.mistakes.append(Mistake("yaml_hash", (end[0], column), loc=loc))

    def _check_block(self, node: yaml.ScalarNode, loc: Loc) -> None:
        """Record a key or an entry that stands so far to the right that YAML took it for more of a text."""
        first, last = node.start_mark.line + 1, min(node.end_mark.line, len(self._lines))
        if mistake := find_swallowed(self._lines[first:last], first + 1, self._names):
            self.mistakes.append(replace(mistake, loc=loc))

    def _check_first_line(self, node: yaml.ScalarNode, loc: Loc, key_line: int) -> bool:
        """Record and return whether a key was meant (`phone：1`, `phone:1`); record brackets of the wrong kind."""
        place = _place_of(node)
        mistake = find_slip_in_text(node.value, place) if place[0] != key_line else None
        if mistake:
            self.mistakes.append(replace(mistake, loc=loc, is_certain=False))
        if node.value.startswith(("【", "［")):
            about = {"value": node.value[0]}
            self.mistakes.append(Mistake("yaml_full_width_bracket", place, about, loc=loc, is_certain=False))
        if node.value.endswith((",", "，")):
            end = (node.end_mark.line + 1, node.end_mark.column)
            certain = loc[-1:] == ("title",)  # a sentence may go on, a title does not
            self.mistakes.append(Mistake("yaml_trailing_comma", end, loc=loc, is_certain=certain))
        return mistake is not None

    def _check_more_lines(self, node: yaml.ScalarNode, loc: Loc, key_line: int, *, reported: bool) -> None:
        """Record keys and items that YAML took for more lines of a plain text."""
        first, last = node.start_mark.line + 1, node.end_mark.line + 1
        for line in range(first + 1, last + 1):
            text = self._lines[line - 1].lstrip(" ") if line <= len(self._lines) else ""
            place = (line, len(self._lines[line - 1]) - len(text) + 1) if text else (line, 1)
            if text.startswith("- "):
                # Items below a reported line belong to that line, and those below a text are one mistake.
                rule = "yaml_list_in_text" if first == key_line else "yaml_indent"
                self.mistakes += [] if reported else [Mistake(rule, place, loc=loc)]
                reported = True
            elif mistake := find_slip_in_text(text, place):
                self.mistakes.append(replace(mistake, loc=loc))
                reported = True

    def _check_dashes(self, node: yaml.SequenceNode, loc: Loc) -> None:
        """Record the lines in a list of sentences that YAML joined to the one above them: their dash was lost."""
        if not loc or loc[-1] not in _LINES or node.flow_style:
            return
        for n, item in enumerate(node.value):
            first, last = item.start_mark.line, min(item.end_mark.line, len(self._lines) - 1)
            is_one_line = not isinstance(item, yaml.ScalarNode) or item.style or first >= last
            if is_one_line or len(self._lines[first]) >= LONG_LINE:
                continue
            for at in range(first + 1, last + 1):
                text = self._lines[at].strip()
                place = (at + 1, len(self._lines[at]) - len(self._lines[at].lstrip()) + 1)
                if text and not text.startswith(("-", "#")) and not find_slip_in_text(text, place):
                    self.mistakes.append(Mistake("yaml_item_lost", place, {"value": text}, loc=(*loc, n)))

    def _check_commas(self, node: yaml.SequenceNode, loc: Loc) -> None:
        """Record `[甲，乙]`: few items, because what was to part them is a Chinese comma."""
        items = [child for child in node.value if isinstance(child, yaml.ScalarNode) and not child.style]
        if not node.flow_style or len(node.value) >= FEW_ITEMS:
            return
        if wide := next((item for item in items if _COMMA.search(item.value)), None):
            line, column = _place_of(wide)
            comma = _COMMA.search(wide.value)
            is_one_line = node.start_mark.line == node.end_mark.line
            place = (line, column + (comma.start() if comma and is_one_line else 0))
            self.mistakes.append(Mistake("yaml_full_width_comma", place, loc=loc, is_certain=False))


def _place_of(node: yaml.Node) -> Place:
    return (node.start_mark.line + 1, node.start_mark.column + 1)
