"""Reads YAML that people write, and remembers where everything stands.

Only plain data comes out: mappings, lists, strings, booleans and None. A number, a date or a `no` stays the string that
was typed, because the schema knows what it should be. Whatever is not such plain data (tabs, full-width colons, double
keys, references, tags) is a `Mistake` at its line and column; several are found in one reading where YAML allows.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import yaml

MAX_BYTES = 20_000_000
MAX_DEPTH = 24
SAMPLE = 100_000
"""Bytes that show whether a text is GBK or Big5."""

Path_ = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, both from 1."""

_CONSTANTS: Mapping[str, object] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip

_SIGNS = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
"""A character in GBK or in Big5: two bytes."""

_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Guesses no types: what they are is the schema's business, and guessing takes a third of the time."""

    yaml_implicit_resolvers: ClassVar[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a place of the file: a rule that has a sentence in the phrases, and its particulars.

    `loc` is the path whose value cannot be relied on because of it. Not `sure`: it may be meant so; it is the reason
    for whatever the schema finds wrong at `loc`, and nothing if the schema finds nothing.
    """

    rule: str
    place: Place
    about: Mapping[str, object] = field(default_factory=dict)
    loc: Path_ | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """A file as data. `keys` and `values` give the place of each path's key and value, `lines` is the text itself."""

    tree: Any
    keys: Mapping[Path_, Place]
    values: Mapping[Path_, Place]
    mistakes: tuple[Mistake, ...]
    lines: tuple[str, ...] = ()

    def place(self, loc: Path_, *, key: bool = False) -> Place:
        """Where a path stands, or the nearest enclosing thing that stands somewhere."""
        for end in range(len(loc), -1, -1):
            found = (
                (self.keys.get(loc[:end]) if key else None) or self.values.get(loc[:end]) or self.keys.get(loc[:end])
            )
            if found:
                return found
        return (1, 1)

    def within(self, loc: Path_, words: str) -> Place:
        """Where these words stand in the text at a path; the text's own place when they are not there as typed."""
        line, column = self.place(loc)
        value: Any = self.tree
        for name in loc:
            value = value[name] if isinstance(value, list | dict) else ""  # type: ignore[index]
        most = value.count("\n") + 2 if isinstance(value, str) and words else 0
        for n, text in enumerate(self.lines[line - 1 : line - 1 + most], start=line):
            if (found := text.find(words, column - 1 if n == line else 0)) >= 0:
                return (n, found + 1)
        return (line, column)


def read(path: Path) -> Source:
    """The file as data; `mistakes` is what is wrong with it as YAML, the tree None when nothing can be made of it."""
    try:
        raw = path.read_bytes()
    except OSError:
        return _broken(Mistake("file_missing", (1, 1)))
    return given(raw)


def given(raw: str | bytes) -> Source:
    """Like `read`, for what a file holds, as text or as it was saved."""
    if len(raw) > MAX_BYTES:
        return _broken(Mistake("file_too_large", (1, 1), {"size": len(raw), "limit": MAX_BYTES}))
    text = decoded(raw) if isinstance(raw, bytes) else raw
    return parse(text) if isinstance(text, str) else _broken(Mistake("file_encoding", text))


def decoded(raw: bytes) -> str | Place:
    """The text of a file in UTF-8, UTF-16, GBK or Big5, as editors save it; else the place of the first byte that is
    no UTF-8.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(raw) % 2 == 0:
        return raw.decode("utf-16", "replace")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        broken = _place(raw[: problem.start].decode("utf-8", "replace"))
    else:
        return text if "\0" not in text else _place(text[: text.index("\0")])
    # Of a damaged UTF-8 file most is still characters of three bytes; of GBK and Big5 hardly anything is.
    foreign = sum(byte > 127 for byte in raw)
    if 6 * sum("\u0800" <= sign < "\U00010000" for sign in raw.decode("utf-8", "ignore")) > foreign:
        return broken
    try:
        return raw.decode("cp950" if _big5(raw) else "gb18030")
    except UnicodeDecodeError:
        return broken


def _big5(raw: bytes) -> bool:
    """Whether more signs are everyday characters as Big5 than as GBK: nearly all of a text are in its own encoding, not
    half of them in the other.
    """
    signs: list[bytes] = _SIGNS.findall(raw, 0, SAMPLE)
    big5 = sum(b"\xa4" <= sign < b"\xc7" for sign in signs)
    return big5 > sum(b"\xb0" <= sign < b"\xd8" and sign[1:] > b"\xa0" for sign in signs)


def _place(before: str) -> Place:
    """The place after this much of a text."""
    lines = f"{before}.".splitlines()
    return (len(lines), len(lines[-1]))


def parse(text: str) -> Source:
    """Like `read`, for text."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        return replace(_broken(*_explain(text, problem)), lines=tuple(text.splitlines()))
    reading = _Reading(text.splitlines())
    tree = reading.plain(node, (), 0) if node else None
    if tree is None and not reading.mistakes:
        return _broken(Mistake("yaml_empty", (1, 1)))
    return Source(tree, reading.keys, reading.values, tuple(reading.mistakes), tuple(reading.lines))


def _broken(*mistakes: Mistake) -> Source:
    return Source(None, {}, {}, mistakes)


def _at(node: yaml.Node) -> Place:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


class _Reading:
    """One reading of a parsed file: where everything stands, and what is not plain data."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.keys: dict[Path_, Place] = {}
        self.values: dict[Path_, Place] = {}
        self.mistakes: list[Mistake] = []
        self.seen: set[int] = set()

    def plain(self, node: yaml.Node, loc: Path_, above: int) -> Any:
        """The node as plain data; `above` is the line of its key (from 1)."""
        place = self.values[loc] = _at(node)
        if rule := self._refused(node, loc):
            self.mistakes.append(Mistake(rule, place, loc=loc))
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            self._commas(node, loc)
            return [self.plain(child, (*loc, n), 0) for n, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if not isinstance(node, yaml.ScalarNode) or node.style:
            return node.value
        if _SIGN.search(node.value):
            self._colons(node, loc, above)
        return _CONSTANTS.get(node.value, node.value)

    def _refused(self, node: yaml.Node, loc: Path_) -> str | None:
        if id(node) in self.seen:
            return "yaml_alias"
        if len(loc) > MAX_DEPTH:
            return "yaml_deep"
        return None if node.tag in _PLAIN else "yaml_tag"

    def _mapping(self, node: yaml.MappingNode, loc: Path_) -> Mapping[str, Any]:
        tree: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in tree:
                line = self.keys[(*loc, name)][0]
                self.mistakes.append(Mistake("yaml_duplicate_key", _at(key), {"key": name, "line": line}))
                continue
            place = self.keys[(*loc, name)] = _at(key)
            if mistake := _unseen_in(name, place) or _wide_before(name, place) or _key_meant(name, place):
                self.mistakes.append(replace(mistake, loc=(*loc, name), sure=False))
            tree[name] = self.plain(value, (*loc, name), place[0])
        return tree

    def _colons(self, node: yaml.Node, loc: Path_, above: int) -> None:
        """Lines such as `phone：1` or `phone:1` where a key was meant: YAML takes them for plain text and goes on."""
        first, last = node.start_mark.line + 1, node.end_mark.line + 1
        if first != above and (mistake := _key_meant(node.value, _at(node)) or _item_meant(node.value, _at(node))):
            self.mistakes.append(replace(mistake, loc=loc, sure=False))
        if node.value.startswith("【"):
            self.mistakes.append(Mistake("yaml_full_width_bracket", _at(node), loc=loc, sure=False))
        for line in range(first + 1, last + 1):
            text = self.lines[line - 1].lstrip(" ") if line <= len(self.lines) else ""
            place = (line, len(self.lines[line - 1]) - len(text) + 1) if text else (line, 1)
            if text.startswith("- "):
                self.mistakes.append(Mistake("yaml_indent", place, loc=loc))
            elif mistake := _key_meant(text, place) or _item_meant(text, place):
                self.mistakes.append(replace(mistake, loc=loc))

    def _commas(self, node: yaml.SequenceNode, loc: Path_) -> None:
        """`[甲，乙]`: few items, because what was to part them is a Chinese comma."""
        items = [child for child in node.value if isinstance(child, yaml.ScalarNode) and not child.style]
        if node.flow_style and len(node.value) < FEW_ITEMS and (wide := [i for i in items if _COMMA.search(i.value)]):
            line, column = _at(wide[0])
            found = _COMMA.search(wide[0].value)
            place = (line, column + (found.start() if found and node.start_mark.line == node.end_mark.line else 0))
            self.mistakes.append(Mistake("yaml_full_width_comma", place, loc=loc, sure=False))


FEW_ITEMS = 2
"""A list of fewer items may be one whose commas are Chinese."""
_COMMA = re.compile("[，、]")
_SIGN = re.compile("[:：【－–—·•-]")
"""What a plain text must hold to be looked at for a key or an item that was meant: most hold none."""
_KEY_FULL_WIDTH = re.compile(r"([a-z][a-z_]{1,30})\s*：")
_KEY_UNSPACED = re.compile(r"([a-z][a-z_]{1,30}):(?=[^\s/])")
_KEY_WIDE_SPACE = re.compile(r"([a-z][a-z_]{1,30}:)(?=[\u00a0\u2000-\u200a\u3000])")
_KEYS = (
    ("yaml_full_width_colon", _KEY_FULL_WIDTH),
    ("yaml_wide_space", _KEY_WIDE_SPACE),
    ("yaml_missing_space", _KEY_UNSPACED),
)
_ITEM = re.compile(r"-(?=[\u3400-\u9fff“\"'])|[－–—·•](?=\s*\S)")
_WIDE = re.compile(r" *[\u00a0\u2000-\u200a\u3000]")
_UNSEEN = re.compile(r"[\u200b-\u200f\u2060\ufeff]")


def _key_meant(rest: str, place: Place) -> Mistake | None:
    for rule, pattern in _KEYS:
        if m := pattern.match(rest):
            return Mistake(rule, (place[0], place[1] + len(m[1])))
    return None


def _item_meant(rest: str, place: Place) -> Mistake | None:
    """`-甲`, `— 甲`, `· 甲` where an item of a list was meant."""
    return Mistake("yaml_dash", place) if _ITEM.match(rest) else None


def _wide_before(line: str, place: Place) -> Mistake | None:
    m = _WIDE.match(line)
    return m and Mistake("yaml_wide_space", (place[0], place[1] + m.end() - 1))


def _unseen_in(key: str, place: Place) -> Mistake | None:
    m = _UNSEEN.search(key)
    return m and Mistake("yaml_control", (place[0], place[1] + m.start()), {"value": f"U+{ord(m[0]):04X}"})


def _explain(text: str, problem: yaml.YAMLError) -> Iterator[Mistake]:
    """What a person did when YAML gave up: tabs and colons that it stumbled on, else what the parser says."""
    if unseen := yaml.reader.Reader.NON_PRINTABLE.search(text):
        yield Mistake("yaml_control", _place(text[: unseen.start()]), {"value": f"U+{ord(unseen[0]):04X}"})
        return
    lines = text.splitlines()
    marks = [mark for mark in (getattr(problem, f"{name}_mark", None) for name in ("problem", "context")) if mark]
    typed = list(_typed(lines))
    stumbled = range(min((mark.line for mark in marks), default=0), max((mark.line + 2 for mark in marks), default=0))
    if any(mistake.place[0] in stumbled for mistake in typed):
        yield from typed
        return
    detail = str(getattr(problem, "problem", None) or problem).splitlines()[0]
    said = f"{detail} {getattr(problem, 'context', None)}"
    rule = next((rule for rule, pattern in _SAID if re.search(pattern, said)), "yaml_syntax")
    mark = marks[-1 if rule in _WHERE_IT_BEGAN else 0] if marks else None
    place = (min(mark.line + 1, max(1, len(lines))), mark.column + 1) if mark else (1, 1)
    if lines and lines[place[0] - 1].startswith("```"):
        rule = "yaml_fence"
    before = lines[place[0] - 1][: place[1] - 1] if lines else ""
    if rule == "yaml_indent" and before.strip(" -"):
        rule = "yaml_after_quote" if before.rstrip().endswith(("'", '"')) else rule
        rule = "yaml_after_bracket" if before.rstrip().endswith(("}", "]")) else rule
        rule = "yaml_colon_inside" if re.search(r":\s", before) and lines[place[0] - 1][place[1] - 1] == ":" else rule
    yield Mistake(rule, place, {"detail": detail})


def _typed(lines: Sequence[str]) -> Iterator[Mistake]:
    """Lines indented with a tab, and keys with a wrong colon; not inside block texts."""
    block: int | None = None
    for n, line in enumerate(lines, start=1):
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and (indent > block or not line.strip()):
            continue
        block = indent if _BLOCK.search(line) else None
        start = len(line) - len(line.lstrip(" -"))
        if "\t" in line[: len(line) - len(line.lstrip())]:
            yield Mistake("yaml_tab", (n, line.index("\t") + 1))
        elif (
            mistake := _wide_before(line, (n, 1))
            or _key_meant(line[start:], (n, start + 1))
            or _item_meant(line[indent:], (n, indent + 1))
        ):
            yield mistake


_BLOCK = re.compile(r"(:|^\s*-|- )\s+[|>][-+\d]*\s*(#.*)?$")

_SAID = (
    ("yaml_alias", "undefined alias|alphabetic or numeric"),
    ("yaml_tag", r"\btag\b"),
    ("yaml_special", "cannot start any token"),
    ("yaml_escape", "escape|did not find expected hexdecimal"),
    ("yaml_deep", "nesting depth"),
    ("yaml_documents", "another document"),
    ("yaml_quote", "quoted scalar|unexpected end of stream|while scanning a quoted"),
    ("yaml_block", r"'\]'|'\}'|','|flow"),
    ("yaml_no_colon", "could not find expected ':'"),
    ("yaml_indent", "block|not allowed in this context|expected key|indicator|document start"),
)
"""What libyaml says, and the rule whose sentence tells it to a teacher; the first that fits counts."""
_WHERE_IT_BEGAN = ("yaml_quote", "yaml_block", "yaml_no_colon")
"""Rules of which libyaml knows where it began, which is where the person looks."""
