"""Finds the scars that absent facts leave in a text: a gap in mid-sentence, stops in a row, an empty span. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise

from flows.notice import Notice

_STOPS = re.compile(r"(?<![…。])[，。；：、！？](?=[，。；、！？])(?!……)")
_SAME = re.compile(r"(?<!\d)(\d{1,3})\s*[到至]\s*\1(?!\d)")
_OPEN = re.compile(r"\{\{|\}\}|\[\[|\]\]|\bNone\b")
_NOTHING = re.compile(r"[：:]\s*$|(?:^|\n)[ \t]*\d{1,2}[.、][ \t]*(?=\n|$)|“”|《》|（）")


def find_scars(text: str, unstated: str) -> Iterator[str]:
    """Yield what is wrong in a filled text: the words around each scar."""
    for m in re.finditer(re.escape(unstated), text):
        ahead, behind = text[: m.start()], text[m.end() :]
        alone = re.search(r"(?:^|[。：\n“]\s*)$", ahead) and re.match(r"\s*(?:[。\n”；]|$)", behind)
        if not alone:
            yield text[max(0, m.start() - 8) : m.end() + 8].strip()
    for pattern in (_STOPS, _SAME, _OPEN, _NOTHING):
        yield from (text[max(0, m.start() - 8) : m.end() + 8].strip() for m in pattern.finditer(text))


def list_moments(notice: Notice) -> list[datetime]:
    """Return one moment of every phase: before, at the first and last day of every window, between, and after all."""
    days = sorted({day for window in notice.windows for day in (window.opens, window.last_day) if day})
    if not days:
        return []
    around = {days[0] - timedelta(days=10), days[-1] + timedelta(days=10), *days}
    around |= {first + (then - first) / 2 for first, then in pairwise(days)}
    return [datetime.combine(day, time(10)) for day in sorted(around)]
