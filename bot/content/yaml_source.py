"""Reads YAML that people write, and remembers where everything stands.

Only plain data comes out: mappings, lists, strings, booleans and None. A number, a date or a `no` stays the string that
was typed, because the schema knows what it should be. Whatever is not such plain data (tabs, full-width colons, double
keys, references, tags) is a `Mistake` at its line and column. Where YAML gives up, the line is mended as its sentence
says and the reading goes on, so that whatever else is wrong is found at once; what was mended is never used.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import yaml

from bot.content.yaml_repair import MERGING, TYPED, mend

MAX_BYTES = 20_000_000
MAX_DEPTH = 24
MAX_ROUNDS = 8
"""How often a text is mended and read again."""
MAX_MENDED = 1_000_000
"""Characters of a text that is mended at all; a larger one is read once."""
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


def read_file(path: Path) -> Source:
    """The file as data; `mistakes` is what is wrong with it as YAML, the tree None when nothing can be made of it."""
    try:
        raw = path.read_bytes()
    except OSError:
        return _fail(Mistake("file_missing", (1, 1)))
    return parse_bytes(raw)


def parse_bytes(raw: str | bytes) -> Source:
    """Like `read`, for what a file holds, as text or as it was saved."""
    if len(raw) > MAX_BYTES:
        return _fail(Mistake("file_too_large", (1, 1), {"size": len(raw), "limit": MAX_BYTES}))
    text = decode(raw) if isinstance(raw, bytes) else raw
    return parse(text) if isinstance(text, str) else _fail(Mistake("file_encoding", text))


def decode(raw: bytes) -> str | Place:
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
    lines, mistakes, quoted = text.splitlines(), list[Mistake](), dict[Place, int]()
    mended, touched, reached = list(lines), set[int](), 0
    for _ in range(MAX_ROUNDS):
        try:
            node = yaml.compose("\n".join(mended) if touched else text, Loader=_Loader)
            break
        except yaml.YAMLError as problem:
            found = list(_explain("\n".join(mended) if touched else text, problem))
            # A line that was mended, or one above it, is only told because of how it was mended.
            fresh = [m for m in found if m.place[0] not in touched and (m.rule in TYPED or m.place[0] > reached)]
            mistakes += fresh
            done = len(text) <= MAX_MENDED and all(mend(mended, m.rule, m.place, quoted) for m in fresh)
            if len(fresh) < len(found) or not done:
                return replace(_fail(*mistakes), lines=tuple(lines))
            touched |= {mistake.place[0] for mistake in fresh}
            reached = max(reached, *(0 if mistake.rule in TYPED else mistake.place[0] for mistake in fresh))
    else:
        return replace(_fail(*mistakes), lines=tuple(lines))
    reading = _TreeReader(mended)
    tree = reading.plain(node, (), 0) if node else None
    mistakes = [*_attach_paths(mistakes, quoted, reading.values), *reading.mistakes]
    if tree is None and not mistakes:
        return _fail(Mistake("yaml_empty", (1, 1)))
    if touched:
        reading.keys, reading.values = _within(lines, reading.keys), _within(lines, reading.values)
        mistakes = [replace(mistake, place=_inside(lines, mistake.place)) for mistake in mistakes]
    return Source(tree, reading.keys, reading.values, tuple(mistakes), tuple(lines))


def _attach_paths(
    mistakes: Iterable[Mistake], quoted: Mapping[Place, int], values: Mapping[Path_, Place]
) -> list[Mistake]:
    """The mistakes, those for which a value was put into quotes with the path of that value."""
    paths = {place: path for path, place in values.items()}
    return [replace(m, loc=paths.get((m.place[0], quoted[m.place]))) if m.place in quoted else m for m in mistakes]


def _inside(lines: Sequence[str], place: Place) -> Place:
    """A place of the mended text as one of the text itself, where a line may be shorter."""
    line, column = place
    return (line, min(column, len(lines[line - 1]) + 1)) if line <= len(lines) else place


def _within(lines: Sequence[str], places: Mapping[Path_, Place]) -> dict[Path_, Place]:
    return {path: _inside(lines, place) for path, place in places.items()}


def _fail(*mistakes: Mistake) -> Source:
    return Source(None, {}, {}, mistakes)


def _at(node: yaml.Node) -> Place:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


class _TreeReader:
    """One reading of a parsed file: where everything stands, and what is not plain data."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.cut = {n: m.end() + 1 for n, line in enumerate(lines, start=1) if "#" in line and (m := _CUT.search(line))}
        self.keys: dict[Path_, Place] = {}
        self.values: dict[Path_, Place] = {}
        self.mistakes: list[Mistake] = []
        self.seen: set[int] = set()

    def plain(self, node: yaml.Node, loc: Path_, above: int) -> Any:
        """The node as plain data; `above` is the line of its key (from 1)."""
        place = self.values[loc] = _at(node)
        if rule := self._refusal_rule(node, loc):
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
        if self.cut and node.value and (cut := self.cut.get(node.end_mark.line + 1, 0)) > node.end_mark.column:
            self.mistakes.append(Mistake("yaml_hash", (node.end_mark.line + 1, cut), loc=loc))
        return _CONSTANTS.get(node.value, node.value)

    def _refusal_rule(self, node: yaml.Node, loc: Path_) -> str | None:
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
            if mistake := _slip_in_key(name, place):
                self.mistakes.append(replace(mistake, loc=(*loc, name), sure=False))
            tree[name] = self.plain(value, (*loc, name), place[0])
        return tree

    def _colons(self, node: yaml.Node, loc: Path_, above: int) -> None:
        """Lines such as `phone：1` or `phone:1` where a key was meant: YAML takes them for plain text and goes on."""
        first, last = node.start_mark.line + 1, node.end_mark.line + 1
        mistake = _key_meant(node.value, _at(node)) or _item_meant(node.value, _at(node)) if first != above else None
        if mistake:
            self.mistakes.append(replace(mistake, loc=loc, sure=False))
        if node.value.startswith("【"):
            self.mistakes.append(Mistake("yaml_full_width_bracket", _at(node), loc=loc, sure=False))
        told = mistake is not None
        for line in range(first + 1, last + 1):
            text = self.lines[line - 1].lstrip(" ") if line <= len(self.lines) else ""
            place = (line, len(self.lines[line - 1]) - len(text) + 1) if text else (line, 1)
            if text.startswith("- "):
                # Items below a line that was told are what that line ate, and below a text no better for more spaces.
                rule = "yaml_list_in_text" if first == above else "yaml_indent"
                self.mistakes += [] if told else [Mistake(rule, place, loc=loc)]
                told = True
            elif mistake := _key_meant(text, place) or _item_meant(text, place):
                self.mistakes.append(replace(mistake, loc=loc))
                told = True

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
WIDE_QUOTES = ("“", "”", "‘", "’", "＂", "「")
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
_ITEM = re.compile(r"-(?=[\u3400-\u9fff“\"']|[a-z_]+\s*[:：])|[－–—·•](?=\s*\S)")
_CUT = re.compile(r"\S +(?=#[^\s#])")
"""Where a `#` begins a comment that is none: who writes a remark puts a space behind it."""
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


def _slip_in_key(key: str, place: Place) -> Mistake | None:
    if key.startswith(WIDE_QUOTES):
        return Mistake("yaml_full_width_quote", place)
    return _unseen_in(key, place) or _wide_before(key, place) or _key_meant(key, place)


def _unseen_in(key: str, place: Place) -> Mistake | None:
    m = _UNSEEN.search(key)
    return m and Mistake("yaml_control", (place[0], place[1] + m.start()), {"value": f"U+{ord(m[0]):04X}"})


def _explain(text: str, problem: yaml.YAMLError) -> Iterator[Mistake]:
    """What a person did when YAML gave up: tabs and colons that it stumbled on, else what the parser says."""
    if unseen := yaml.reader.Reader.NON_PRINTABLE.search(text):
        yield Mistake("yaml_control", _place(text[: unseen.start()]), {"value": f"U+{ord(unseen[0]):04X}"})
        return
    lines = text.splitlines()
    if merging := next((n for n, line in enumerate(lines, start=1) if line.startswith(MERGING[0])), None):
        yield Mistake("yaml_merging", (merging, 1))
        return
    marks = [mark for mark in (getattr(problem, f"{name}_mark", None) for name in ("problem", "context")) if mark]
    typed = list(_find_typing_slips(lines))
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
        inside = lines[place[0] - 1][place[1] - 1] == ":" and not _NAME.fullmatch(before)
        rule = "yaml_colon_inside" if inside else rule
    if rule == "yaml_block" and (wide := _wide_comma(lines[place[0] - 1], place[1] - 1)):
        rule, place = "yaml_full_width_comma", (place[0], wide)
    if rule == "yaml_after_quote" and (opened := _find_open_quote(lines, place[0])):
        rule, place = "yaml_quote", opened
    yield Mistake(rule, place, {"detail": detail})


def _find_typing_slips(lines: Sequence[str]) -> Iterator[Mistake]:
    """Lines indented with a tab, and keys with a wrong colon; not inside block texts."""
    block: int | None = None
    for n, line in enumerate(lines, start=1):
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and (indent > block or not line.strip()):
            continue
        block = indent if _BLOCK.search(line) else None
        start = len(line) - len(line.lstrip(" \t-"))
        if "\t" in line[: len(line) - len(line.lstrip())]:
            yield Mistake("yaml_tab", (n, line.index("\t") + 1))
            indent = len(line) - len(line.lstrip(" \t"))
        if (
            mistake := _wide_before(line, (n, 1))
            or _key_meant(line[start:], (n, start + 1))
            or _item_meant(line[indent:], (n, indent + 1))
        ):
            yield mistake


def _wide_comma(line: str, start: int) -> int | None:
    """The column of a Chinese comma where keys or items were to be parted: `{name: 甲， copies: 1}`."""
    m = re.compile(r"[，、](?=\s*[a-z_]+:)").search(line, start)
    return m and m.start() + 1


def _find_open_quote(lines: Sequence[str], end: int) -> Place | None:
    """The place of a quote that was opened above line `end` and runs on to a quote there."""
    for n in range(end - 1, 0, -1):
        if m := _OPEN.match(lines[n - 1]):
            return (n, m.start(1) + 1)
        if '"' in lines[n - 1]:
            return None
    return None


_NAME = re.compile(r"[\s-]*[a-z_]+")
_OPEN = re.compile(r'[ -]*(?:[a-z_]+: +)?("[^"]*)$')
_BLOCK = re.compile(r"(:|^\s*-|- )\s+[|>][-+\d]*\s*(#.*)?$")

_SAID = (
    ("yaml_alias", "undefined alias|alphabetic or numeric"),
    ("yaml_tag", r"\btag\b"),
    ("yaml_text_behind", "block scalar"),
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
