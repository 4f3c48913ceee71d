"""Mends a line of YAML that somebody mistyped, as the sentence about it says, so that the lines around it can be read.

Knows lines and the rules of `bot.content.yaml_source`; reads nothing and tells nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_KEY_BARE = re.compile(r"[ -]*[a-z_]+\b[ =]*")
_VALUE = re.compile(r"[ ]*(?:- +)*(?:[a-z_]+: +)?")
MERGING = ("<<<<<<<", "=======", ">>>>>>>")
_DROPPED = ("yaml_no_colon", "yaml_fence")
TYPED: Mapping[str, tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = {
    "yaml_tab": (re.compile(r"^\s*"), lambda m: m[0].replace("\t", "  ")),
    "yaml_wide_space": (
        re.compile(r"^[ ]*(?:- +)*(?:[a-z_]+:)?\s*"),
        lambda m: re.sub(r"[^\S\t]", " ", m[0].replace("\u3000", "  ")),
    ),
    "yaml_full_width_colon": (re.compile(r"^([\s-]*[a-z_]+)\s*：\s*"), r"\1: "),
    "yaml_missing_space": (re.compile(r"^([\s-]*[a-z_]+:)"), r"\1 "),
    "yaml_dash": (re.compile(r"^(\s*)[－–—·•-]+\s*"), r"\1- "),
}
"""By rule: what a slip at the beginning of a line looks like, and what was meant."""
_QUOTED = (
    "yaml_alias", "yaml_tag", "yaml_special", "yaml_escape", "yaml_quote", "yaml_block",
    "yaml_full_width_comma", "yaml_after_quote", "yaml_after_bracket", "yaml_colon_inside",
)  # fmt: skip
"""Rules of a value that can be read on as a text: it is put into quotes."""


def mend(lines: list[str], rule: str, place: tuple[int, int], quoted: dict[tuple[int, int], int]) -> bool:
    """Mends the line at which a rule is broken (line and column from 1), or takes it out, so that others can be read.

    `quoted` gets the column of a value that was put into quotes. Returns whether there was anything to do.
    """
    n, column = place
    line = lines[n - 1] if n <= len(lines) else ""
    if rule == "yaml_merging":
        end = next((m for m in range(n, len(lines)) if lines[m].startswith(MERGING[2])), n)
        middle = next((m for m in range(n, end) if lines[m].startswith(MERGING[1])), end)
        lines[middle : end + 1] = [""] * (end + 1 - middle)
        lines[n - 1] = ""
        return middle > n - 1
    if rule in TYPED:
        pattern, meant = TYPED[rule]
        lines[n - 1] = pattern.sub(meant, line, count=1)
    elif rule == "yaml_no_colon" and (m := _KEY_BARE.match(line)):
        lines[n - 1] = f"{m[0].rstrip(' =')}: {_single(line[m.end() :])}"
        quoted[place] = len(m[0].rstrip(" =")) + 3
    elif rule in _DROPPED:
        lines[n - 1 : n] = [""]
    elif rule == "yaml_text_behind":
        lines[n - 1] = line[: column - 1]
        quoted[place] = max(line.rfind(sign, 0, column - 1) for sign in "|>") + 1
    elif rule in _QUOTED and (m := _VALUE.match(line)):
        lines[n - 1] = m[0] + _single(line[m.end() :])
        quoted[place] = m.end() + 1
    return lines[n - 1 : n] != [line]


def _single(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
