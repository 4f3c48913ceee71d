"""Repairs a line of YAML that somebody mistyped, so that the lines around it can be read in the same pass. Pure.

What was repaired is never used as content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.content.places import Place
from bot.content.yaml_slips import BULLETS

_KEY_BARE = re.compile(r"[ -]{0,200}[a-z_]{1,60}\b[ =]*")
_BEFORE_VALUE = re.compile(r"[ ]{0,200}(?:- +)*(?:[a-z_]{1,60}: +)?")
MERGE_MARKERS = ("<<<<<<<", "=======", ">>>>>>>")
SLIPS: Mapping[str, tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = {
    "yaml_tab": (re.compile(r"^\s*"), lambda m: m[0].replace("\t", "  ")),
    "yaml_wide_space": (
        re.compile(r"^[ ]*(?:- +)*(?:[a-z_]+:)?\s*"),
        lambda m: re.sub(r"[^\S\t]", " ", m[0].replace("\u3000", "  ")),
    ),
    "yaml_full_width_colon": (re.compile(r"^([\s-]*[a-z_]+)\s*：\s*"), r"\1: "),
    "yaml_missing_space": (re.compile(r"^([\s-]*[a-z_]+:)"), r"\1 "),
    "yaml_dash": (re.compile(rf"^(\s*)[{BULLETS}-]+\s*"), r"\1- "),
    "yaml_trailing_comma": (re.compile(r"\s{0,9}[,，]\s{0,9}$"), ""),
}
"""By rule: a slip at the beginning of a line, and what was meant."""
_REMOVED = ("yaml_no_colon", "yaml_fence")
"""Rules whose line is taken out."""
_QUOTED = (
    "yaml_alias", "yaml_tag", "yaml_special", "yaml_escape", "yaml_quote", "yaml_block",
    "yaml_full_width_comma", "yaml_after_quote", "yaml_after_bracket", "yaml_colon_inside",
)  # fmt: skip
"""Rules of a value that can be read on as a text: it is put into quotes."""


def repair_line(lines: list[str], rule: str, place: Place, quoted: dict[Place, int]) -> bool:
    """Repair or take out the line at which a rule is broken; return whether that changed anything.

    `quoted` gets, by the place of the mistake, the column of a value that was put into quotes.
    """
    n, column = place
    line = lines[n - 1] if n <= len(lines) else ""
    if rule == "yaml_merging":
        return _remove_conflict(lines, n)
    if rule in SLIPS:
        pattern, meant = SLIPS[rule]
        lines[n - 1] = pattern.sub(meant, line, count=1)
    elif rule == "yaml_no_colon" and (m := _KEY_BARE.match(line)):
        lines[n - 1] = f"{m[0].rstrip(' =')}: {_quote(line[m.end() :])}"
        quoted[place] = len(m[0].rstrip(" =")) + 3
    elif rule in _REMOVED:
        lines[n - 1 : n] = [""]
    elif rule == "yaml_text_behind":
        lines[n - 1] = line[: column - 1]
        quoted[place] = max(line.rfind(sign, 0, column - 1) for sign in "|>") + 1
    elif rule in _QUOTED and (m := _BEFORE_VALUE.match(line)):
        lines[n - 1] = m[0] + _quote(line[m.end() :])
        quoted[place] = m.end() + 1
    return lines[n - 1 : n] != [line]


def _remove_conflict(lines: list[str], n: int) -> bool:
    """Keep the first of the two versions that an unfinished merge left, from its marker in line `n` on."""
    end = next((m for m in range(n, len(lines)) if lines[m].startswith(MERGE_MARKERS[2])), n)
    middle = next((m for m in range(n, end) if lines[m].startswith(MERGE_MARKERS[1])), end)
    lines[middle : end + 1] = [""] * (end + 1 - middle)
    lines[n - 1] = ""
    return middle > n - 1


def _quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
