"""Changes one fact of a notice that somebody wrote: its day or its phone; everything else stays byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from bot.content import yaml_source
from bot.content.add_line import NoSuchList, to_yaml
from bot.content.files import Files, part_of, with_file, with_shipped
from bot.content.places import Loc

FactKind = Literal["deadline", "phone"]


@dataclass(frozen=True, slots=True)
class NoticeFact:
    """A fact of a notice in force: the last day of a window, or a phone. `label` says whose, `notice` names the notice.

    `file` and `loc` are its place; `value` as it is written.
    """

    kind: FactKind
    notice: str
    label: str
    value: str
    file: str
    loc: Loc


def list_facts(files: Files, kind: FactKind) -> tuple[NoticeFact, ...]:
    """Return the facts of a kind in all published notices, in the order of the files and in them."""
    found: list[NoticeFact] = []
    for name, text in with_shipped(files).items():
        if part_of(name) == "notices":
            tree = yaml_source.parse(text).tree
            about = tree.get("notice") if isinstance(tree, dict) else None
            if isinstance(about, dict) and about.get("status") == "published":
                short = str(about.get("short") or about.get("title") or name)
                rows = _list_days(tree) if kind == "deadline" else _list_phones(tree)
                found += [NoticeFact(kind, short, label, value, name, loc) for label, value, loc in rows]
    return tuple(found)


def _list_days(tree: Any) -> Iterator[tuple[str, str, Loc]]:
    for n, row in enumerate(tree.get("windows") or ()):
        if row.get("to") and not isinstance(row["to"], dict):  # one that is counted has no day to change
            yield str(row.get("label") or row.get("kind")), row["to"], ("windows", n, "to")


def _list_phones(tree: Any) -> Iterator[tuple[str, str, Loc]]:
    for n, row in enumerate(tree.get("contacts") or ()):
        label = " ".join(str(row[key]) for key in ("role", "person") if row.get(key))
        for at, phone in enumerate(row.get("phones") or ()):
            yield label, phone, ("contacts", n, "phones", at)


def with_fact(files: Files, fact: NoticeFact, value: str) -> dict[str, str]:
    """Return the files with another value for a fact. NoSuchList when it is not there any more."""
    text = with_shipped(files).get(fact.file, "")
    return with_file(files, fact.file, replace_scalar(text, fact.loc, value))


def replace_scalar(text: str, loc: Loc, value: str) -> str:
    """Return the text with another value at a path, the comment behind it kept. NoSuchList."""
    node: Any = yaml.compose(text, yaml.CSafeLoader)
    for name in loc:
        if isinstance(node, yaml.MappingNode):
            node = next((held for key, held in node.value if key.value == name), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(name, int) and name < len(node.value):
            node = node.value[name]
        else:
            node = None
    if not isinstance(node, yaml.ScalarNode) or node.start_mark.line != node.end_mark.line:
        raise NoSuchList(".".join(map(str, loc)))
    lines = text.splitlines(keepends=True)
    row, start, end = node.start_mark.line, node.start_mark.column, node.end_mark.column
    lines[row] = f"{lines[row][:start]}{_write(value)}{lines[row][end:]}"
    return "".join(lines)


def _write(value: str) -> str:
    return value if value.replace("-", "").isdigit() else to_yaml(value)
