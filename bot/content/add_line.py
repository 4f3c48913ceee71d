"""Edits of an FAQ file that a person wrote: one line more in one list, and everything else byte for byte as it was.

ruamel.yaml says where the entry and its list stand; the line is put into the text there, in the way its neighbours are
written. Must not know: revisions, people, what the line is for.
"""

from __future__ import annotations

import re
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from bot.content import yaml_source
from bot.content.files import Files, part_of, whole, with_file

_PLAIN = re.compile(r"[\w\u3400-\u9fff][\w\u3400-\u9fff 、，。？！“”（）()/+.~-]*")
_WORDS = re.compile(r"(?i)(true|false|null|yes|no|on|off|y|n|~|[\d.:+-]+)")


class NotThere(Exception):
    """No entry of that id in the file, or nothing that a line could be added to."""


def to_yaml(line: str) -> str:
    """A line as a YAML value: bare where that is safe, else in double quotes."""
    bare = _PLAIN.fullmatch(line) and not _WORDS.fullmatch(line) and not line.endswith((" ", "-")) and ": " not in line
    if bare:
        return line
    out = StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.allow_unicode = True
    yaml.dump([DoubleQuotedScalarString(line)], out)
    return out.getvalue().removeprefix("- ").rstrip("\n")


def add_line(text: str, entry: str, key: str, line: str) -> str:
    """The file with `line` at the end of the entry's list `key`; the list is made when there is none. NotThere."""
    before, part, after = _around(text, entry)
    try:
        row = YAML().load(part)[0]
    except YAMLError:
        raise NotThere(entry) from None
    found = row.get(key)
    if isinstance(found, CommentedSeq) and found:
        changed = _in_flow(part, found, line) if found.fa.flow_style() else _in_block(part, found, line)
    elif key in row:
        raise NotThere(key)
    else:
        changed = _after(part, row, key, line)
    was, becomes = yaml_source.parse(part).tree, yaml_source.parse(changed).tree
    if becomes != [{**was[0], key: [*was[0].get(key, ()), line]}]:
        raise NotThere(key)
    return before + changed + after


def with_line(files: Files, topic: str, key: str, line: str) -> dict[str, str]:
    """The files with a line more in a list of an entry, wherever it stands. NotThere."""
    for name, text in whole(files).items():
        if part_of(name) == "faq":
            try:
                return with_file(files, name, add_line(text, topic, key, line))
            except NotThere:
                continue
    raise NotThere(topic)


def _around(text: str, entry: str) -> tuple[str, str, str]:
    """What stands before the entry, its own lines, and what stands after them."""
    read = yaml_source.parse(text)
    rows = read.tree if isinstance(read.tree, list) else []
    at = next((n for n, row in enumerate(rows) if isinstance(row, dict) and row.get("id") == entry), None)
    if at is None:
        raise NotThere(entry)
    lines = (text if text.endswith("\n") else f"{text}\n").splitlines(keepends=True)
    first = read.values[(at,)][0] - 1
    last = read.values[(at + 1,)][0] - 1 if at + 1 < len(rows) else len(lines)
    if first >= last or not lines[first].lstrip().startswith("-"):
        raise NotThere(entry)
    return "".join(lines[:first]), "".join(lines[first:last]), "".join(lines[last:])


def _in_block(text: str, items: CommentedSeq, line: str) -> str:
    lines = text.splitlines(keepends=True)
    last, column = items.lc.item(len(items) - 1)
    marker = lines[last][:column].rstrip(" ")  # up to and with the dash
    end = last + 1
    indent = len(marker) - 1
    # A value that runs over lines ends where a line is indented no further than its dash.
    while end < len(lines) and lines[end].strip() and len(lines[end]) - len(lines[end].lstrip(" ")) > indent:
        if lines[end].lstrip().startswith("#"):
            break
        end += 1
    between = lines[last][len(marker) : column]
    head = " " * indent + "-" + (between or " ")
    return _insert(lines, end, head + to_yaml(line))


def _in_flow(text: str, items: CommentedSeq, line: str) -> str:
    lines = text.splitlines(keepends=True)
    row, column = items.lc.item(len(items) - 1)
    start = sum(map(len, lines[:row])) + column
    closing = _end_of_value(text, start)
    return f"{text[:closing]}, {to_yaml(line)}{text[closing:]}"


def _end_of_value(text: str, start: int) -> int:
    """Where a value of a `[…]` list that begins at `start` ends."""
    quote = text[start]
    if quote == '"':
        found = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, start)
    elif quote == "'":
        found = re.compile(r"'(?:[^']|'')*'", re.DOTALL).match(text, start)
    else:
        found = re.compile(r"[^,\]\n#]*[^,\]\s#]").match(text, start)
    if found is None:
        raise NotThere("]")
    return found.end()


def _after(text: str, row: CommentedMap, key: str, line: str) -> str:
    """A new list below the entry's phrasings, written as that one is."""
    model = row.get("phrasings")
    if not isinstance(model, CommentedSeq) or not model:
        raise NotThere(key)
    lines = text.splitlines(keepends=True)
    at, column = row.lc.key("phrasings")
    indent = " " * column
    if model.fa.flow_style():
        last_row, last_column = model.lc.item(len(model) - 1)
        end_of_list = _end_of_value(text, sum(map(len, lines[:last_row])) + last_column)
        end = text.count("\n", 0, text.index("]", end_of_list)) + 1
        return _insert(lines, end, f"{indent}{key}: [{to_yaml(line)}]")
    last, value_column = model.lc.item(len(model) - 1)
    probe = _in_block(text, model, "x").splitlines(keepends=True)
    end = next(n for n, (a, b) in enumerate(zip([*lines, ""], probe, strict=False)) if a != b)
    dash = lines[last][:value_column]
    return _insert(lines, end, f"{indent}{key}:", f"{dash}{to_yaml(line)}") if at != last else text


def _insert(lines: list[str], at: int, *new: str) -> str:
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    before = lines[:at]
    if before and not before[-1].endswith(("\n", "\r")):
        before[-1] += end
        return "".join(before) + end.join(new)
    return "".join((*before, *(f"{one}{end}" for one in new), *lines[at:]))
