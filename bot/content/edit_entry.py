"""Changes one value of an FAQ entry, writes a new entry or removes one; everything else stays byte for byte as it was.

A key is a block of lines: from its own line to the next key, without the comments above that one. Lines of a list that
stay keep their writing and the comments above them. Must not know: revisions, people, the purpose of the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.content import yaml_source
from bot.content.add_line import NoSuchList, split_at_entry, to_yaml
from bot.content.files import Files, holds_entries, with_file, with_shipped
from bot.content.tails import add_to_tail, keep_in_tail, name_tail
from faq.lines import MOST_IN_ENTRY, number_lines

Value = str | date | Sequence[str] | None
"""A value of an entry; None removes the key."""
KEYS = (
    "id", "title", "answer", "source", "checked_on", "step", "follow", "phrasings", "must_match", "must_not_match",
    "more", "quotes", "original", "references",
)  # fmt: skip
"""The keys of an entry in the order in which people read them."""
OWN_FILE = "faq/own.yaml"
"""The file of entries that are written in the chat or in the browser."""
LONG = 60
"""Characters from which on a text stands below its key."""


def with_value(files: Files, topic: str, key: str, value: Value) -> dict[str, str]:
    """Return the files with another value for a key of an entry, in whichever file that is. NoSuchList."""
    name, text = _find_file(files, topic)
    if key != "phrasings" or not value or isinstance(value, str | date):
        return with_file(files, name, set_value(text, topic, key, value))
    return _with_phrasings(files, name, topic, value)


def _with_phrasings(files: Files, name: str, topic: str, lines: Sequence[str]) -> dict[str, str]:
    """Return the files with these phrasings of an entry."""
    known, tail = with_shipped(files), name_tail(topic)
    text, further = set_phrasings(known[name], known.get(tail, ""), topic, lines)
    changed = with_file(files, name, text)
    return {**changed, tail: further} if further or tail in known else changed


def set_phrasings(text: str, tail: str, topic: str, lines: Sequence[str]) -> tuple[str, str]:
    """Return the file of an entry and that of its further phrasings with these phrasings: each stays where it is, new
    ones go where there is room. NoSuchList.
    """
    row = yaml_source.parse(split_at_entry(text, topic)[1]).tree[0]
    held, further = row.get("phrasings") or (), {line for _, line in number_lines(tail)}
    own = [line for line in lines if line in held]
    new = [line for line in lines if line not in held and line not in further]
    room = max(0, MOST_IN_ENTRY - len(own))
    kept = keep_in_tail(tail, lines)
    for line in new[room:]:
        kept = add_to_tail(kept, line)
    return set_value(text, topic, key="phrasings", value=(*own, *new[:room])), kept


def with_entry(files: Files, row: Mapping[str, Value]) -> dict[str, str]:
    """Return the files with one more entry, at the end of OWN_FILE."""
    text = with_shipped(files).get(OWN_FILE, "")
    between = "" if not text or text.endswith("\n") else "\n"
    lines: Sequence[str] = row.get("phrasings") or ()  # type: ignore[assignment]
    row = {**row, "phrasings": lines[:MOST_IN_ENTRY]}
    files = with_file(files, OWN_FILE, text + between + render_entry(row))
    further = "".join(f"{line}\n" for line in lines[MOST_IN_ENTRY:])
    return {**files, name_tail(str(row["id"])): further} if further else files


def without_entry(files: Files, topic: str) -> dict[str, str]:
    """Return the files without an entry and its phrasings; a file that has no other goes as well. NoSuchList."""
    name, text = _find_file(files, topic)
    rest = remove_entry(text, topic)
    changed = with_file(files, name, rest)
    if isinstance(yaml_source.parse(rest).tree, list):
        return changed
    return {other: kept for other, kept in changed.items() if other != name}


def _find_file(files: Files, topic: str) -> tuple[str, str]:
    """Return the file of an entry, and its text. NoSuchList."""
    for name, text in with_shipped(files).items():
        if holds_entries(name) and topic in text:
            rows = yaml_source.parse(text).tree
            if isinstance(rows, list) and any(isinstance(row, dict) and row.get("id") == topic for row in rows):
                return name, text
    raise NoSuchList(topic)


def render_entry(row: Mapping[str, Value]) -> str:
    """Return a new entry as YAML, its keys in the order of KEYS; what is empty is left out."""
    lines: list[str] = []
    for key in KEYS:
        if value := row.get(key):
            lines += _render(key, value, 2)
    lines[0] = f"- {lines[0][2:]}"
    return "".join(f"{line}\n" for line in lines)


def remove_entry(text: str, entry: str) -> str:
    """Return the file without an entry and the comments right above it. NoSuchList."""
    before, _, after = split_at_entry(text, entry)
    lines = before.splitlines(keepends=True)
    while lines and lines[-1].startswith("#") and any(not line.startswith("#") for line in lines):
        lines.pop()
    return "".join(lines) + after


def set_value(text: str, entry: str, key: str, value: Value) -> str:
    """Return the file with another value for a key of an entry; None removes the key. NoSuchList."""
    before, part, after = split_at_entry(text, entry)
    wanted = dict(yaml_source.parse(part).tree[0])
    if value is None:
        wanted.pop(key, None)
    else:
        wanted[key] = _plain(value)
    changed = _set_block(part, key, value)
    if changed is None or not _says(changed, wanted):
        changed = render_entry(wanted)  # written in one line, or in another unusual way
        if not _says(changed, wanted):
            raise NoSuchList(key)
    return before + changed + after


def _plain(value: Value) -> object:
    if isinstance(value, str | None):
        return value
    return value.isoformat() if isinstance(value, date) else [*value]


def _says(text: str, wanted: Mapping[str, object]) -> bool:
    tree = yaml_source.parse(text).tree
    if not isinstance(tree, list) or len(tree) != 1 or not isinstance(tree[0], dict):
        return False
    return {key: _strip(value) for key, value in tree[0].items()} == {k: _strip(v) for k, v in wanted.items()}


def _strip(value: object) -> object:
    """Return a text without blanks around it and at the ends of its lines, which nobody sees."""
    return "\n".join(line.rstrip() for line in value.strip().split("\n")) if isinstance(value, str) else value


def _set_block(part: str, key: str, value: Value) -> str | None:
    """Return the entry with the block of a key replaced, put in or taken out; None where its keys share a line."""
    source, end = yaml_source.parse(part), "\r\n" if "\r\n" in part else "\n"
    places = {loc[1]: place for loc, place in source.keys.items() if len(loc) == 2}
    lines = part.splitlines()
    starts = sorted(line for line, _ in places.values())
    if not places or len(set(starts)) < len(starts):
        return None
    column = next(iter(places.values()))[1] - 1
    if key in places:
        first = places[key][0] - 1
        last = _end_of_block(lines, first, next((line - 1 for line in starts if line - 1 > first), len(lines)))
        kept = _list_writings(lines[first:last], source.tree[0][key], value) if value else None
        new = [] if value is None else (kept or _render(key, value, column))
        if first == 0 and not new:
            return None
    else:
        earlier = [name for name in KEYS[: KEYS.index(key)] if name in places]
        if value is None or not earlier:
            return part if value is None else None
        top = max(places[name][0] for name in earlier) - 1
        first = last = _end_of_block(lines, top, next((line - 1 for line in starts if line - 1 > top), len(lines)))
        new = _render(key, value, column)
    if first == 0 and new:
        new[0] = f"{lines[0][:column]}{new[0][column:]}"
    return end.join([*lines[:first], *new, *lines[last:]]) + end


def _end_of_block(lines: Sequence[str], first: int, end: int) -> int:
    """Return the end of a block without the comments and empty lines below it."""
    while end - 1 > first and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _list_writings(block: Sequence[str], old: object, new: Value) -> list[str] | None:
    """Return a block list with other items: those that stay as they are written, with the comments above them.

    None where it is no block list, or an item cannot be told from the next.
    """
    if not isinstance(old, list) or isinstance(new, str | date) or not new or block[0].rstrip().endswith("]"):
        return None
    dash = next((len(line) - len(line.lstrip()) for line in block[1:] if line.lstrip().startswith("- ")), None)
    if dash is None:
        return None
    items: list[list[str]] = [[]]
    for line in block[1:]:
        begins = line.startswith(f"{' ' * dash}- ") or line.lstrip().startswith("#")
        if begins and items[-1] and not items[-1][-1].lstrip().startswith("#"):
            items.append([])
        items[-1].append(line)
    if len(items) != len(old):
        return None
    written = {str(value): lines for value, lines in zip(old, items, strict=True)}
    rows = [written.get(item, [f"{' ' * dash}- {to_yaml(item)}"]) for item in new]
    return [block[0], *(line for lines in rows for line in lines)]


def _render(key: str, value: Any, column: int) -> list[str]:
    """Return a key and its value as lines, the key at a column."""
    indent = " " * column
    if isinstance(value, str):
        text = value.strip()
        if "\n" in text or len(text) > LONG:
            return [f"{indent}{key}: |", *(f"{indent}  {line.rstrip()}".rstrip() for line in text.split("\n"))]
        return [f"{indent}{key}: {to_yaml(text)}"]
    if isinstance(value, date):
        return [f"{indent}{key}: {value.isoformat()}"]
    if key in ("follow", "quotes") or not value:
        return [f"{indent}{key}: [{', '.join(map(to_yaml, value))}]"]
    rows = [_render_row(item, column + 2) for item in value]
    return [f"{indent}{key}:", *(line for row in rows for line in row)]


def _render_row(item: Any, column: int) -> list[str]:
    """Return an item of a list as lines: a text, or the keys of an addition."""
    indent = " " * column
    if isinstance(item, str):
        return [f"{indent}- {to_yaml(item)}"]
    lines = [line for key, value in item.items() for line in _render(key, value, column + 2)]
    return [f"{indent}- {lines[0].lstrip()}", *lines[1:]]
