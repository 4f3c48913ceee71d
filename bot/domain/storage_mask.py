"""Hide private things in typed words before they are written down anywhere. Pure.

Stricter than the warning of `privacy`: everything that the warning finds is hidden, and everything that a rule of
`privacy.yaml` finds. A rule only looks at a bounded piece of text from each place, so the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

import yaml

from bot.domain import privacy
from bot.domain.spelling import NUMERALS, TO_DIGITS, fold

MaskName = Literal["id18", "id15", "mobile", "mail", "code", "password", "long_number", "name", "address"]
"""What may stand for something private: the kinds of the warning, and two that only the mask knows."""

_PASSES = 8
"""Rounds at most: what is hidden can make a neighbour visible, which the next round finds."""
_MARK = re.compile("〔[^〔〕]{1,20}〕")
_OPAQUE = "\ua015"  # a letter of no language here: no rule looks across a mark or into it
_N = f"[{''.join(NUMERALS)}]"
_HAN = "[\u4e00-\u9fff]"
_SPOKEN = re.compile(
    "|".join(
        (
            rf"(?<!{_N}){_N}(?:\W{{1,12}}+{_N}(?!{_N})){{2,}}+",  # one by one: 一 三 八
            f"{_N}{{2,}}+",
            # A single numeral beside a Chinese word is a part of it, as in 一直.
            f"(?<!{_N})(?<!{_HAN}){_N}(?!(?!{_N}){_HAN})",
        )
    )
)
"""Chinese numerals that are read as digits."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A private thing at `text[start:end]`; `mark` is the key of the words that replace it."""

    mark: MaskName
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Rule:
    mark: MaskName
    pattern: re.Pattern[str]
    reads_numerals: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: tuple[_Rule, ...]
    bare_code: re.Pattern[str]


def mask_for_storage(text: str, allowed: Collection[str], marks: Mapping[MaskName, str]) -> str:
    """Return `text` with every private thing replaced by its mark; masking twice is masking once.

    `allowed` are the notice's own phones and mails. Marks are written in 〔〕.
    """
    for _ in range(_PASSES):
        found = find_private(text, allowed)
        if not found:
            break
        text = _replace(text, found, marks)
    return text


def find_private(text: str, allowed: Collection[str] = ()) -> tuple[Hidden, ...]:
    """Return what is to be hidden, in order, not overlapping."""
    found = [Hidden(one.kind.value, one.start, one.end) for one in privacy.find(text, allowed)]
    return tuple(_merge([*found, *_find_by_rules(text, frozenset(allowed))]))


def find_bare_codes(text: str, allowed: Collection[str] = ()) -> tuple[privacy.Finding, ...]:
    """Return the first 4 to 8 digits that nothing names otherwise, as a code: for the steps of `code_steps`."""
    rule = _compile_rules(frozenset(allowed)).bare_code
    for page in _read_pages(text):
        for match in rule.finditer(page):
            if match.lastgroup:
                return (privacy.Finding(privacy.Kind.CODE, *match.span(match.lastgroup)),)
    return ()


@cache
def code_steps() -> frozenset[str]:
    """Return the steps of the script at which any 4 to 8 digits typed are a code."""
    return frozenset(_rules_file()["bare_code"]["steps"])


def _find_by_rules(text: str, allowed: frozenset[str]) -> Iterator[Hidden]:
    pages = _read_pages(text)
    for rule in _compile_rules(allowed).rules:
        for page in pages if rule.reads_numerals else pages[:1]:
            for match in rule.pattern.finditer(page):
                if match.lastgroup:
                    yield Hidden(rule.mark, *match.span(match.lastgroup))


def _read_pages(text: str) -> tuple[str, ...]:
    """Return the folded text, and the same with Chinese numerals as digits where that differs."""
    plain = _MARK.sub(lambda match: _OPAQUE * len(match[0]), fold(text))
    plain = _compile_joins().sub(lambda match: " " * len(match[0]), plain)
    spoken = _SPOKEN.sub(lambda match: match[0].translate(TO_DIGITS), plain)
    return (plain, spoken) if spoken != plain else (plain,)


def _merge(found: Iterable[Hidden]) -> Iterator[Hidden]:
    """Put overlapping things together; the mark is that of the longest, of equals that of the first."""
    group: list[Hidden] = []
    for one in sorted(found, key=lambda hidden: hidden.start):
        if group and one.start >= max(hidden.end for hidden in group):
            yield _unite(group)
            group = []
        group.append(one)
    if group:
        yield _unite(group)


def _unite(group: list[Hidden]) -> Hidden:
    longest = max(group, key=lambda hidden: hidden.end - hidden.start)
    return Hidden(longest.mark, group[0].start, max(hidden.end for hidden in group))


def _replace(text: str, found: Iterable[Hidden], marks: Mapping[MaskName, str]) -> str:
    parts: list[str] = []
    at = 0
    for hidden in found:
        parts += text[at : hidden.start], marks[hidden.mark]
        at = hidden.end
    return "".join((*parts, text[at:]))


@cache
def _rules_file() -> Mapping[str, Any]:
    text = resources.files("bot.domain").joinpath("privacy.yaml").read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return data


@lru_cache(maxsize=16)
def _compile_rules(allowed: frozenset[str]) -> _Rules:
    """Return the rules with these phones and mails kept."""
    data, macros = _rules_file(), _make_macros(allowed)
    rules = tuple(
        _Rule(rule["mark"], re.compile(_expand(rule["pattern"], macros)), rule.get("digits", False))
        for rule in data["rules"]
    )
    return _Rules(rules, re.compile(_expand(data["bare_code"]["pattern"], macros)))


def _make_macros(allowed: frozenset[str]) -> Mapping[str, str]:
    data = _rules_file()
    phones = {*data["phones"], *(one for one in allowed if "@" not in one)}
    mails = [re.escape(one) for one in sorted(allowed) if "@" in one]
    return {
        **{name: f"(?i:{words})" for name, words in data["words"].items()},
        **data["macros"],
        "phones": "|".join(map(_spell_phone, sorted(phones))),
        "mails": f"(?i:{'|'.join(mails)})" if mails else "(?!)",
        **{name: "|".join(map(re.escape, data[name])) for name in ("samples", "sizes")},
    }


@cache
def _compile_joins() -> re.Pattern[str]:
    digit = f"[0-9OoIl{''.join(NUMERALS)}]"
    return re.compile(f"(?<={digit}) ?(?:{_rules_file()['words']['joins']}) ?(?={digit})")


def _spell_phone(phone: str) -> str:
    """Return the pattern of a phone with any separators, with or without the code of its town."""
    town, _, rest = fold(phone).rpartition("-")
    spelled = [r"[ \-()]{0,2}".join(re.findall("[0-9]", part)) for part in (town, rest)]
    return rf"(?:{spelled[0]}[ \-()]{{0,2}})?{spelled[1]}" if spelled[0] else spelled[1]


def _expand(pattern: str, macros: Mapping[str, str]) -> str:
    """Return the pattern with each {name} replaced by its macro."""
    return re.sub("{([a-z_]+)}", lambda match: _expand(macros[match[1]], macros), pattern)
