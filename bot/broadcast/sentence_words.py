"""The words of a teacher's sentence about a broadcast: cut into tokens, none of its characters left out. Pure.

Longer words go first, so that 还没开始 is no 没 and 尽快核对 no 尽快. What no word covers is `unread`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal

import yaml

from faq.sounds import units
from flows.majors import CourseMention, list_mentions
from flows.notice import Notice

Kind = Literal[
    "day", "weekday", "date", "later", "before", "part", "clock", "after", "now", "vague", "repeat", "about",
    "class", "grade", "everybody", "state", "stuck", "step", "except", "outside", "rest",
    "join", "verb", "template", "purpose", "filler", "stop", "unread",
]  # fmt: skip
TIMES: frozenset[Kind] = frozenset(
    {"day", "weekday", "date", "later", "before", "part", "clock", "after", "now", "vague", "repeat", "about"}
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the sentence; `groups` are the named parts of its pattern, `mention` the classes that it names."""

    kind: Kind
    text: str
    groups: Mapping[str, str | None] = field(default_factory=dict)
    mention: CourseMention | None = None


def _load_words() -> list[tuple[Kind, re.Pattern[str]]]:
    """Read the words of each kind, with its fragments in place."""
    text = resources.files(__package__).joinpath("sentence_words.yaml").read_text(encoding="utf-8")
    told = yaml.load(text, yaml.CSafeLoader)
    fragments: dict[str, str] = {}

    def fill(pattern: str) -> str:
        return _FRAGMENT.sub(lambda m: fragments.get(m[1], m[0]), pattern)

    for name, pattern in told["fragments"].items():
        fragments[name] = f"(?:{fill(pattern)})"
    return [(row["kind"], re.compile(fill("|".join(row["any"])))) for row in told["words"]]


_FRAGMENT = re.compile("(?<!P)<([a-z_]+)>")
_PATTERNS = _load_words()


def tokenize(text: str, notice: Notice, templates: Mapping[str, str]) -> list[Token]:
    """Cut a folded sentence into tokens. `templates` are the ids of templates by the words that name them."""
    mentions = list_mentions(text, notice)
    taken = {n for mention in mentions for n in range(*mention.span)}
    mentions += [m for m in list_mentions(text, notice, units) if taken.isdisjoint(range(*m.span))]
    named = "|".join(re.escape(name) for name in sorted(templates, key=len, reverse=True))
    template = (
        re.compile(rf"(?P<name>{named})(?:(?:的)?(?:那[个条])?(?:提醒|模板|通知|消息|那条)|模板)") if named else None
    )
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        found = _longest(text, at, mentions, template)
        if found.kind == "unread" and tokens and tokens[-1].kind == "unread":
            tokens[-1] = Token("unread", tokens[-1].text + found.text)
        else:
            tokens.append(found)
        at += len(found.text)
    return tokens


def _longest(text: str, at: int, mentions: Sequence[CourseMention], template: re.Pattern[str] | None) -> Token:
    """Return the longest token at a place; a class is preferred to other words that are as long."""
    best = Token("unread", text[at])
    size = 0
    here = next((mention for mention in mentions if mention.span[0] == at), None)
    named = Token("class", text[slice(*here.span)], mention=here) if here else best
    if here and here.is_written:
        best, size = named, len(named.text)
    if template and (m := template.match(text, at)) and m.end() - at > size:
        best, size = Token("template", m[0], m.groupdict()), m.end() - at
    for kind, pattern in _PATTERNS:
        if (m := pattern.match(text, at)) and m.end() - at >= size + ((best.kind, kind) != ("class", "filler")):
            best, size = Token(kind, m[0], m.groupdict()), m.end() - at
    return named if best.kind == "unread" else best  # a misspelt name is one where no other word is
