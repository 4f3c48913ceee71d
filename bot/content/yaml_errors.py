"""Explains why YAML could not be parsed, as a rule that has a sentence in the phrases. Pure.

libyaml says where it gave up; the person typed something wrong at or above that place. The causes in `_CAUSES` are
tried in order, the parser's own message is the last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import yaml

from bot.content.places import Place, place_after
from bot.content.yaml_repair import MERGE_MARKERS
from bot.content.yaml_slips import Mistake, control_character, find_slips

_KEY = re.compile(r"[\s-]{0,200}[a-z_]{1,60}")
_OPEN_QUOTE = re.compile(r'[ -]{0,200}(?:[a-z_]{1,60}: {1,40})?("[^"]*)$')
_WIDE_COMMA = re.compile(r"[，、](?=\s*[a-z_]+:)")


@dataclass(frozen=True, slots=True)
class _Failure:
    """A text that YAML could not parse. `marks` are the parser's own places, where it gave up first."""

    text: str
    lines: Sequence[str]
    error: yaml.YAMLError
    marks: Sequence[yaml.Mark]


def explain(text: str, error: yaml.YAMLError) -> list[Mistake]:
    """Return the mistakes that made YAML give up on a text; at least one."""
    marks = [mark for name in ("problem", "context") if (mark := getattr(error, f"{name}_mark", None))]
    failure = _Failure(text, text.splitlines(), error, marks)
    return next(mistakes for cause in _CAUSES if (mistakes := list(cause(failure))))


def _find_control_character(failure: _Failure) -> Iterator[Mistake]:
    if m := yaml.reader.Reader.NON_PRINTABLE.search(failure.text):
        yield control_character(m[0], place_after(failure.text[: m.start()]))


def _find_merge_conflict(failure: _Failure) -> Iterator[Mistake]:
    for n, line in enumerate(failure.lines, start=1):
        if line.startswith(MERGE_MARKERS[0]):
            yield Mistake("yaml_merging", (n, 1))
            return


def _find_slips_nearby(failure: _Failure) -> Iterator[Mistake]:
    """Yield all slips of the text, provided that one is near where the parser gave up."""
    slips = list(find_slips(failure.lines))
    lines = [mark.line for mark in failure.marks]
    near = range(min(lines, default=0), max(lines, default=-2) + 2)
    if any(slip.place[0] in near for slip in slips):
        yield from slips


def _interpret_message(failure: _Failure) -> Iterator[Mistake]:
    """Yield what the parser says, made more precise by what stands at that place."""
    lines, error = failure.lines, failure.error
    detail = str(getattr(error, "problem", None) or error).splitlines()[0]
    message = f"{detail} {getattr(error, 'context', None)}"
    rule = next((rule for rule, pattern in _MESSAGES if re.search(pattern, message)), "yaml_syntax")
    place = (1, 1)
    if failure.marks:
        mark = failure.marks[-1 if rule in _AT_CONTEXT else 0]
        place = (min(mark.line + 1, max(1, len(lines))), mark.column + 1)
    for general, special, find in _REFINEMENTS if lines else ():
        if (general is None or rule == general) and (found := find(lines, place)):
            rule, place = special, found
    yield Mistake(rule, place, {"detail": detail})


_CAUSES = (_find_control_character, _find_merge_conflict, _find_slips_nearby, _interpret_message)

_MESSAGES = (
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
"""By rule: words of libyaml's message; the first that fits counts."""
_AT_CONTEXT = ("yaml_quote", "yaml_block", "yaml_no_colon")
"""Rules that are reported where the thing began (the parser's context), which is where the person looks."""


def _find_fence(lines: Sequence[str], place: Place) -> Place | None:
    return place if lines[place[0] - 1].startswith("```") else None


def _find_entry(lines: Sequence[str], place: Place) -> Place | None:
    """Return the place of an id at the margin, where the next entry was meant to begin."""
    return place if lines[place[0] - 1].startswith("id:") else None


def _find_inner_colon(lines: Sequence[str], place: Place) -> Place | None:
    line, column = lines[place[0] - 1], place[1] - 1
    before = line[:column]
    return place if before.strip(" -") and line[column : column + 1] == ":" and not _KEY.fullmatch(before) else None


def _find_behind(signs: tuple[str, ...], lines: Sequence[str], place: Place) -> Place | None:
    return place if lines[place[0] - 1][: place[1] - 1].rstrip().endswith(signs) else None


def _find_trailing_comma(lines: Sequence[str], place: Place) -> Place | None:
    """Return the place of a comma at the end of the line, behind a quote or bracket: `title: "甲",`."""
    line, column = lines[place[0] - 1], place[1] - 1
    return (place[0], column + 1) if re.fullmatch(r"[,，]\s*", line[column:]) else None


def _find_wide_comma(lines: Sequence[str], place: Place) -> Place | None:
    """Return the place of a Chinese comma where keys or items were to be parted: `{name: 甲， copies: 1}`."""
    m = _WIDE_COMMA.search(lines[place[0] - 1], place[1] - 1)
    return m and (place[0], m.start() + 1)


def _find_open_quote(lines: Sequence[str], place: Place) -> Place | None:
    """Return the place of a quote that was opened above this line and runs on to a quote there."""
    for n in range(place[0] - 1, 0, -1):
        if m := _OPEN_QUOTE.match(lines[n - 1]):
            return (n, m.start(1) + 1)
        if '"' in lines[n - 1]:
            return None
    return None


_REFINEMENTS: Sequence[tuple[str | None, str, Callable[[Sequence[str], Place], Place | None]]] = (
    (None, "yaml_fence", _find_fence),
    ("yaml_indent", "yaml_entry_dash", _find_entry),
    ("yaml_indent", "yaml_colon_inside", _find_inner_colon),
    ("yaml_indent", "yaml_after_bracket", partial(_find_behind, ("}", "]"))),
    ("yaml_indent", "yaml_after_quote", partial(_find_behind, ("'", '"'))),
    ("yaml_after_bracket", "yaml_trailing_comma", _find_trailing_comma),
    ("yaml_after_quote", "yaml_trailing_comma", _find_trailing_comma),
    ("yaml_block", "yaml_full_width_comma", _find_wide_comma),
    ("yaml_after_quote", "yaml_quote", _find_open_quote),
)
"""A rule (None: any), the more precise rule, and the function that finds its place; applied in order."""
