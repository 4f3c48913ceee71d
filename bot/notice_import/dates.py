"""Reads dates and times of day at a place of a sentence. Pure.

A `WrittenDay` keeps what is written: a missing year or month is None. What cannot be a day is no match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_DIGITS = str.maketrans("零〇○Oo一二三四五六七八九", "000001" + "23456789")
YEAR = r"(?:20\d\d|二[零〇○Oo0][零〇○Oo0一二三四五六七八九\d]{2})"
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九元])"
_DAY = r"(?:3[01]|[12]\d|0?[1-9]|[一二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?|[一二三四五六七八九])"
_DATE = re.compile(
    rf"(?:(?<!\d)(?P<year>{YEAR})\s{{0,9}}年\s{{0,9}})?(?:(?<![\d.])|(?<=^\d\.)"
    rf"|(?<=^\d\d\.))(?P<month>{_MONTH})\s{{0,9}}月\s{{0,9}}(?P<day>{_DAY})(?!\d)(?P<unit>\s{{0,9}}[日号])?"
    rf"|(?<!\d)(?P<year2>{YEAR})\s{{0,9}}(?P<sep>[./-])\s{{0,9}}(?P<month2>{_MONTH})\s{{0,9}}(?P=sep)\s{{0,9}}(?P<day2>{_DAY})(?![\d])\s{{0,9}}[日号]?"
    rf"|(?<!\d)(?P<year3>20[1-4]\d)(?P<month3>1[0-2]|[1-9])月\s{{0,9}}(?P<day3>{_DAY})(?!\d)\s{{0,9}}[日号]"
)
_SHORT = re.compile(rf"(?<![\d.])(?P<month>{_MONTH})[./](?P<day>{_DAY})(?![\d.元])")
"""A day without the word 月, which stands for one only beside another such day."""
_DAY_ONLY = re.compile(
    rf"(?<!\d)(?P<day>{_DAY})(?!\d)(?:\s{{0,9}}[日号](?!常)|(?=\s{{0,9}}[日号]?(?:以?之?前|止|截止)))"
)
_THIRD = re.compile(
    rf"(?:(?P<year>{YEAR})\s{{0,9}}年\s{{0,9}})?(?<!\d)(?P<month>{_MONTH})\s{{0,9}}月份?\s{{0,9}}(?P<third>[上中下]旬|月?底|月?末|月?初)"
)
THIRDS = {"上": (1, 10), "中": (11, 20), "下": (21, 31), "初": (1, 10), "底": (21, 31), "末": (21, 31)}
DAMAGED = re.compile(
    r"(?<![\d.-])20[1-4]\d\d{2,4}\s{0,9}(?=[日号])|(?<![\d.-])20[1-4]\d\d{3,5}(?![\d号月年届级-])"
    r"|(?<![\d年月./-])[1-9]\d{2,3}(?=日(?!元))|(?<![\d年月./-])(?:1[0-2]|[1-9])\s+(?:3[01]|[12]\d|[1-9])日"
    r"|(?<![\d.-])[1-9]\d{2,3}-\d{1,2}日|(?<![\d-])[1-9]\d{2,4}(?=[:：]\d\d)"
    r"|(?<!\d)20[1-4]\d\s{0,9}年\s{0,9}(?:月\s{0,9}日|\d{3,4}日|\d{1,2}\s+\d{1,2}日)"
    r"|(?<![\d年])\s{0,9}月\s{0,9}日|5月\d+月"
)
"""Digits that were a day before something was lost from them."""
_PART = r"(?:上午|下午|晚上?|早上?|中午|凌晨|傍晚)"
_CLOCK = rf"(?:{_PART}\s{{0,9}})?(?:[01]?\d|2[0-4])\s{{0,9}}(?:[:：;；]\s{{0,9}}[0-5]\d|[时点](?:半|整|[0-5]?\d分?)?)"
_TIME = re.compile(_CLOCK)
DASH = re.compile(r"\s{0,9}(?:(?:开始|起)?[，,]?\s{0,9}(?:至|到)|[-—－─–~～―]+>?|一(?=\s{0,9}[\d上下]))\s{0,9}")
_AND = re.compile(r"\s{0,9}(?:[、，,;；及和]|以及)?\s{0,9}[（(]?\s{0,9}")
_EACH = re.compile(
    r"\s{0,9}[）)]?[，,、；;]?\s{0,9}[（(]?\s{0,9}(?:每[天日]|期间|每个?工作日)?\s{0,9}[（(]?\s{0,9}(?:的)?\s{0,9}"
)
_WEEKDAY = re.compile(
    r"\s{0,9}[（(]\s{0,9}(?:周|星期|礼拜)[一二三四五六日天]\s{0,9}(?:[至到、和—-](?:周|星期"
    r"|礼拜)?[一二三四五六日天]\s{0,9})?[,，]?\s{0,9}(?:[）)]"
    r"|(?=[上下]午|\d))|(?:星期|周)[一二三四五六日天](?=[^一-龥]|[上下]午)"
)


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """A day as written; `end` is where the next character stands, `why` the doubt about it."""

    year: int | None
    month: int | None
    day: int
    end: int
    why: str = ""
    short: bool = False
    weekday: int | None = None
    """The day of the week that is written behind it, Monday as 0."""

    def on(self, year: int | None, month: int | None = None) -> date | None:
        """Return the day in this year and month where its own are not written; None when there is no such day."""
        try:
            return date(self.year or year or 0, self.month or month or 0, self.day)
        except ValueError:
            return None


def to_number(text: str) -> int:
    """Return a number of at most two places, in digits or in words: `二十一` is 21, 元 of a first month 1."""
    text = text.replace("廿", "二十").replace("元", "一")
    if text.isdecimal():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return 10 * (int(tens.translate(_DIGITS)) if tens else 1) + (int(ones.translate(_DIGITS)) if ones else 0)
    return int(text.translate(_DIGITS))


def read_day(text: str, at: int) -> WrittenDay | None:
    """Return the day that stands at this place with its month; None when there is none."""
    m = _DATE.match(text, at)
    if m is None:
        return None
    if m["month"]:
        why = "" if m["unit"] else "原文这里没有写“日”"
        year = to_number(m["year"]) if m["year"] else None
        weekday = _read_weekday(text, m.end())
        return WrittenDay(year, to_number(m["month"]), to_number(m["day"]), m.end(), why, weekday=weekday)
    if m["year2"]:
        year, weekday = to_number(m["year2"]), _read_weekday(text, m.end())
        return WrittenDay(year, to_number(m["month2"]), to_number(m["day2"]), m.end(), weekday=weekday)
    return WrittenDay(int(m["year3"]), int(m["month3"]), to_number(m["day3"]), m.end(), "原文少了“年”字")


def _read_weekday(text: str, at: int) -> int | None:
    m = re.compile(r"\s{0,9}[（(]\s{0,3}(?:周|星期|礼拜)([一二三四五六日天])\s{0,3}[）)]").match(text, at)
    return "一二三四五六日".index(m[1].replace("天", "日")) if m else None


def read_short_day(text: str, at: int) -> WrittenDay | None:
    """Return a day such as `3.28` at this place."""
    m = _SHORT.match(text, at)
    return WrittenDay(None, to_number(m["month"]), to_number(m["day"]), m.end(), short=True) if m else None


def read_day_only(text: str, at: int) -> WrittenDay | None:
    """Return a day without a month at this place: `18日`, or `20` before 前."""
    m = _DAY_ONLY.match(text, at)
    return WrittenDay(None, None, to_number(m["day"]), m.end()) if m else None


def read_third(text: str, at: int) -> tuple[WrittenDay, WrittenDay, str] | None:
    """Return the first and the last day of a third of a month (上旬, 月底), and its words."""
    m = _THIRD.match(text, at)
    if m is None:
        return None
    first, last = THIRDS[next(sign for sign in m["third"] if sign in THIRDS)]
    year, month = (to_number(m["year"]) if m["year"] else None), to_number(m["month"])
    last = min(last, (31, 29 if year and year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1])
    ends = (WrittenDay(year, month, day, m.end()) for day in (first, last))
    return next(ends), next(ends), m[0]


def read_full_date(text: str) -> tuple[date, int, int] | None:
    """Return the first day with its year in a text, and the places where it begins and ends."""
    for m in _DATE.finditer(text):
        written = read_day(text, m.start())
        if written and written.year and (day := written.on(None)):
            return day, m.start(), m.end()
    return None


def skip_weekday(text: str, at: int) -> int:
    m = _WEEKDAY.match(text, at)
    return m.end() if m else at


def read_times(text: str, at: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return the times at this place as spans (`("17:00", "")`: a time alone), and the place after them."""
    spans, part, end = list[tuple[str, str]](), "", at
    place = m.end() if (m := _EACH.match(text, at)) else at
    while len(spans) < 4 and (m := _TIME.match(text, place)):
        begin, part = _parse_time(m[0], part)
        end, finish = m.end(), ""
        dash = DASH.match(text, end)
        other = _TIME.match(text, dash.end()) if dash else None
        if other and not read_day(text, dash.end() if dash else end):
            finish, part = _parse_time(other[0], part, begin)
            end = other.end()
        if not begin:
            break
        spans.append((begin, finish))
        gap = _AND.match(text, end)
        place = gap.end() if gap else end
        part = "" if re.match(_PART, text[place : place + 2]) else part
        if not finish:
            break
    return tuple(spans), end


def _parse_time(text: str, part: str, after: str = "") -> tuple[str, str]:
    """Return `HH:MM` (empty: no such time) and the part of the day that it is said of."""
    own = re.match(_PART, text)
    part = own[0] if own else part
    hour, minute, *_ = *map(int, re.findall(r"\d+", text)), 30 * ("半" in text)
    if (part.startswith(("下午", "晚", "傍晚")) and hour < 12) or (part == "中午" and hour < 4):
        hour += 12
    elif part.startswith("晚") and hour == 12:
        hour = 24
    made = f"{hour:02}:{minute:02}"
    if after and made <= after and hour < 12 and not own:
        made = f"{hour + 12:02}:{minute:02}"
    return (made if made <= "24:00" and minute < 60 else ""), part
