"""Adds one line to one list of an FAQ file that a person wrote; everything else stays byte for byte as it was.

ruamel.yaml gives the position of the entry and its list; the line is inserted there, written like its neighbours. Must
not know: revisions, people, the purpose of the line.
"""

from __future__ import annotations

import re
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from bot.content import yaml_source
from bot.content.files import Files, holds_entries, with_file, with_shipped
from bot.content.tails import add_to_tail, name_tail

_PLAIN = re.compile(r"[\w\u3400-\u9fff][\w\u3400-\u9fff 、，。？！“”（）()/+.~-]*")
_NO_STRING = re.compile(r"(?i)(true|false|null|yes|no|on|off|y|n|~|[\d.:+-]+)")


class NoSuchList(Exception):
    """There is no entry of that id, or no list in it that a line could be added to."""


def to_yaml(line: str) -> str:
    """Return a line as a YAML value: bare where that is safe, else in double quotes."""
    bare = (
        _PLAIN.fullmatch(line) and not _NO_STRING.fullmatch(line) and not line.endswith((" ", "-")) and ": " not in line
    )
    if bare:
        return line
    out = StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.allow_unicode = True
    yaml.dump([DoubleQuotedScalarString(line)], out)
    return out.getvalue().removeprefix("- ").rstrip("\n")


def add_line(text: str, entry: str, key: str, line: str) -> str:
    """Return the file with `line` at the end of the entry's list `key`, which is made if missing. NoSuchList."""
    before, part, after = split_at_entry(text, entry)
    try:
        row = YAML().load(part)[0]
    except YAMLError:
        raise NoSuchList(entry) from None
    found = row.get(key)
    if isinstance(found, CommentedSeq) and found:
        add = _add_to_flow_list if found.fa.flow_style() else _add_to_block_list
        changed = add(part, found, line)
    elif key in row:
        raise NoSuchList(key)
    else:
        changed = _add_list(part, row, key, line)
    was, becomes = yaml_source.parse(part).tree, yaml_source.parse(changed).tree
    if becomes != [{**was[0], key: [*was[0].get(key, ()), line]}]:
        raise NoSuchList(key)
    return before + changed + after


def with_line(files: Files, topic: str, key: str, line: str) -> dict[str, str]:
    """Return the files with one more line in a list of an entry, in whichever file that is; a phrasing goes into the
    file of its further ones. NoSuchList.
    """
    known = with_shipped(files)
    for name, text in known.items():
        if holds_entries(name) and topic in text:
            try:
                if key != "phrasings":
                    return with_file(files, name, add_line(text, topic, key, line))
                split_at_entry(text, topic)
            except NoSuchList:
                continue
            tail = name_tail(topic)
            return with_file(files, tail, add_to_tail(known.get(tail, ""), line))
    raise NoSuchList(topic)


def split_at_entry(text: str, entry: str) -> tuple[str, str, str]:
    """Return the lines before the entry, its own lines, and the lines after them."""
    read = yaml_source.parse(text)
    rows = read.tree if isinstance(read.tree, list) else []
    at = next((n for n, row in enumerate(rows) if isinstance(row, dict) and row.get("id") == entry), None)
    if at is None:
        raise NoSuchList(entry)
    lines = (text if text.endswith("\n") else f"{text}\n").splitlines(keepends=True)
    first = read.values[(at,)][0] - 1
    last = read.values[(at + 1,)][0] - 1 if at + 1 < len(rows) else len(lines)
    if first >= last or not lines[first].lstrip().startswith("-"):
        raise NoSuchList(entry)
    return "".join(lines[:first]), "".join(lines[first:last]), "".join(lines[last:])


def _add_to_block_list(text: str, items: CommentedSeq, line: str) -> str:
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


def _add_to_flow_list(text: str, items: CommentedSeq, line: str) -> str:
    lines = text.splitlines(keepends=True)
    row, column = items.lc.item(len(items) - 1)
    start = sum(map(len, lines[:row])) + column
    closing = _end_of_value(text, start)
    return f"{text[:closing]}, {to_yaml(line)}{text[closing:]}"


def _end_of_value(text: str, start: int) -> int:
    """Return the end of a value of a `[…]` list that begins at `start`."""
    quote = text[start]
    if quote == '"':
        found = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, start)
    elif quote == "'":
        found = re.compile(r"'(?:[^']|'')*'", re.DOTALL).match(text, start)
    else:
        found = re.compile(r"[^,\]\n#]{0,300}[^,\]\s#]").match(text, start)
    if found is None:
        raise NoSuchList("]")
    return found.end()


def _add_list(text: str, row: CommentedMap, key: str, line: str) -> str:
    """Return the entry with a new list below its phrasings, written like that one."""
    model = row.get("phrasings")
    if not isinstance(model, CommentedSeq) or not model:
        raise NoSuchList(key)
    lines = text.splitlines(keepends=True)
    at, column = row.lc.key("phrasings")
    indent = " " * column
    if model.fa.flow_style():
        last_row, last_column = model.lc.item(len(model) - 1)
        end_of_list = _end_of_value(text, sum(map(len, lines[:last_row])) + last_column)
        end = text.count("\n", 0, text.index("]", end_of_list)) + 1
        return _insert(lines, end, f"{indent}{key}: [{to_yaml(line)}]")
    last, value_column = model.lc.item(len(model) - 1)
    probe = _add_to_block_list(text, model, "x").splitlines(keepends=True)
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
