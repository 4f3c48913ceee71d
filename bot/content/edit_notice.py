"""Changes one fact of a notice that somebody wrote; everything else stays byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import yaml

from bot.content import yaml_source
from bot.content.add_line import NoSuchList, to_yaml
from bot.content.files import Files, part_of, with_file, with_shipped
from bot.content.places import Loc
from bot.notice_import.facts import LISTS, HeardFact, list_heard
from flows.notice import Notice

FactKind = Literal["deadline", "phone", "day", "text"]
"""deadline: the last day of a window; day: another day."""
_DAYS = ("from", "to", "issued_on")


@dataclass(frozen=True, slots=True)
class NoticeFact:
    """A fact of a notice in force. `label` says whose, `notice` names the notice, `key` is the name of the fact.

    `file` and `loc` are its place; `value` as it is written, empty where the notice does not say; `quote` the sentence.
    """

    kind: FactKind
    notice: str
    label: str
    value: str
    file: str
    loc: Loc
    key: str = ""
    quote: str = ""
    may_be_absent: bool = False


def list_facts(files: Files, kind: FactKind | None = None) -> tuple[NoticeFact, ...]:
    """Return the facts of a kind that all published notices say, in the order of the files and in them; without a kind
    also what they do not say.
    """
    found: list[NoticeFact] = []
    for name, text in with_shipped(files).items():
        if part_of(name) == "notices":
            tree = yaml_source.parse(text).tree
            about = tree.get("notice") if isinstance(tree, dict) else None
            if isinstance(about, dict) and about.get("status") == "published":
                short = str(about.get("short") or about.get("title") or name)
                found += [_fact_of(one, short, name) for one in list_heard(tree)]
    return tuple(one for one in found if kind is None or (one.kind == kind and one.value))


def read_notices(files: Files) -> tuple[Notice, ...]:
    """Return the published notices of files that were examined, the shipped ones among them."""
    trees = [yaml_source.parse(text).tree for name, text in with_shipped(files).items() if part_of(name) == "notices"]
    notices = [Notice.model_validate(tree) for tree in trees if isinstance(tree, dict)]
    return tuple(one for one in notices if one.notice.status == "published")


def _fact_of(heard: HeardFact, notice: str, file: str) -> NoticeFact:
    place = (heard.path[0], heard.key)
    kind: FactKind = "phone" if place == ("contacts", "phones") else "day" if heard.key in _DAYS else "text"
    kind = "deadline" if place == ("windows", "to") else kind
    more = {"key": heard.key, "quote": heard.quote, "may_be_absent": heard.may_be_absent}
    return NoticeFact(kind, notice, heard.row, heard.value, file, heard.path, **more)  # type: ignore[arg-type]


def with_fact(files: Files, fact: NoticeFact, value: str | None) -> dict[str, str]:
    """Return the files with another value for a fact, None: the notice does not say.

    NoSuchList when it is not there any more, or is an item of a list that shall go.
    """
    text = with_shipped(files).get(fact.file, "")
    if value is None and isinstance(fact.loc[-1], int):
        raise NoSuchList(".".join(map(str, fact.loc)))
    try:
        text = replace_scalar(text, fact.loc, value)
    except NoSuchList:
        if fact.value:
            raise
        text = _insert_key(text, fact.loc, value)
    return with_file(files, fact.file, text)


def _insert_key(text: str, loc: Loc, value: str | None) -> str:
    """Return the text with a key that a row lacks, behind its first one; with its section at the end. NoSuchList."""
    row, key = _find_node(text, loc[:-1]), str(loc[-1])
    written = f"{key}: [{_write(value)}]" if key in LISTS else f"{key}: {_write(value)}"
    if row is None and len(loc) == 2:  # a section that the notice has not
        return f"{text.rstrip()}\n{loc[0]}: {{{written}}}\n"
    first = row.value[0] if isinstance(row, yaml.MappingNode) and row.value else None
    if first is None or not isinstance(first[1], yaml.ScalarNode):
        raise NoSuchList(".".join(map(str, loc)))
    lines, end = text.splitlines(keepends=True), first[1].end_mark
    if row.flow_style:
        line = lines[end.line]
        lines[end.line] = f"{line[: end.column]}, {written}{line[end.column :]}"
    else:
        at = first[1].start_mark.line + 1 if first[1].style is None or first[1].style in "'\"" else end.line
        lines.insert(at, f"{' ' * first[0].start_mark.column}{written}\n")
    return "".join(lines)


def _find_node(text: str, loc: Loc) -> Any:
    node: Any = yaml.compose(text, yaml.CSafeLoader)
    for name in loc:
        if isinstance(node, yaml.MappingNode):
            node = next((held for key, held in node.value if key.value == name), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(name, int) and name < len(node.value):
            node = node.value[name]
        else:
            node = None
    return node


def replace_scalar(text: str, loc: Loc, value: str | None) -> str:
    """Return the text with another value at a path, the comment behind it kept. NoSuchList."""
    node = _find_node(text, loc)
    if not isinstance(node, yaml.ScalarNode) or node.start_mark.line != node.end_mark.line:
        raise NoSuchList(".".join(map(str, loc)))
    lines = text.splitlines(keepends=True)
    row, start, end = node.start_mark.line, node.start_mark.column, node.end_mark.column
    lines[row] = f"{lines[row][:start]}{_write(value)}{lines[row][end:]}"
    return "".join(lines)


def _write(value: str | None) -> str:
    return "null" if value is None else value if value.replace("-", "").isdigit() else to_yaml(value)
