"""Reads lines of hours with the majors or levels they are for: 上午（8:00-11:30）：畜牧兽医、农村经济. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.notice_import.dates import read_times
from bot.notice_import.sentences import Sentence

ONLY_TIMES = re.compile(
    r"^(?:[（(]?[\d一二三四]{1,2}[）)、.．]\s{0,9})?(?:具体|采集|拍摄|核对"
    r"|开放)?(?:时间段?)?\s{0,9}[:：为]?\s{0,9}(?:每[天日]"
    r"|(?=[上下]午|\d))"
)
_ASIDE = re.compile(r"[（(](\d[^）)]{1,24})[）)]")
_NAMES = re.compile(
    r"\s{0,4}[:：\s]\s{0,4}(?P<names>(?!地点|学生|具体|采集|拍摄|全体|所有|其他|请|在|到|[上下]午)[\u4e00-\u9fff]{2,12}"
    r"(?:[、，和][\u4e00-\u9fff]{2,12}){0,8})\s{0,4}[。；;]?$"
)
"""Majors or levels that stand behind hours."""
_NO_NAME = re.compile(r"地点|电话|时间|报告厅|教室|[室楼厅馆]$|开放|办公|[采拍核校]")


@dataclass(frozen=True, slots=True)
class HoursLine:
    """The hours of a line that has nothing before them; `plain` without brackets around hours, `end` behind them."""

    plain: str
    spans: tuple[str, ...]
    end: int

    @property
    def names(self) -> str:
        """The majors or levels that stand behind the hours; empty where something else does."""
        m = _NAMES.match(self.plain, self.end)
        return m["names"] if m and not _NO_NAME.search(m["names"]) else ""


def read_hours_line(text: str) -> HoursLine | None:
    """Return the hours of a line that begins with them; None for any other."""
    plain = _ASIDE.sub(r" \1 ", text)
    m = ONLY_TIMES.match(plain)
    if not m or len(text) > 60 or re.search("周[一二三四五]|电话|服务|咨询|办公", text):
        return None
    times, stop = read_times(plain, m.end())
    return HoursLine(plain, tuple(f"{begin}-{finish}" for begin, finish in times if finish), stop)


def find_slots(body: Sequence[Sentence]) -> Iterator[tuple[str, Sentence]]:
    """Yield the names of two and more lines of hours that each have their own; nothing for one alone."""
    found = [(line.names, one) for one in body if (line := read_hours_line(one.plain)) and line.spans and line.names]
    if len(found) > 1:
        yield from found
