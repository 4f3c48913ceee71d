"""The forms in which people write a day, as a table: a pattern over folded words and the days that its match may mean.

Pure. Must not know messages: what is asked, denied or corrected is seen in `flows.dates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from flows.words import any_of

LAST_YEAR_DAYS = 183
"""A day without a year that is yet to come means last year's, if that is at most this many days back."""
LAST_MONTH_DAYS = 20
"""A day without a month that is yet to come means last month's, if that is at most this many days back."""
BARE_NUMBER_DAYS = 60
"""A bare number such as 1205 is a day only if it is the whole message and at most this many days back."""

Days = tuple[date, ...] | None
"""Days that a match may mean, likelier first; () when the calendar has none such, None when it is no day at all."""

_DIGITS = dict(zip("〇零一二三四五六七八九两", "001234567892", strict=True))


def read_number(said: str) -> int:
    """The number below 100 that digits or characters (12, 十二, 廿八) write; -1 for none."""
    if said.isascii():
        return int(said)
    said = said.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = said.rpartition("十")
    parts = (_DIGITS.get(tens, "") if tens else "1", _DIGITS.get(ones, "") if ones else "0") if ten else ("0", said)
    digits = "".join(_DIGITS.get(part, part) for part in parts)
    return int(digits) if len(digits) == 2 and digits.isdecimal() else -1


def read_year(said: str) -> int:
    """The year that four or two digits or characters (2013, 13, 二〇一三, 一三) write."""
    year = int("".join(_DIGITS.get(c, c) for c in said))
    return year + 2000 if year < 100 else year


def _day(year: int, month: int, day: int) -> tuple[date, ...]:
    try:
        return (date(year, month, day),)
    except ValueError:
        return ()


def _full(year: str, month: str, day: str) -> tuple[date, ...]:
    return _day(read_year(year), read_number(month), read_number(day))


def _likelier(now: tuple[date, ...], before: tuple[date, ...], today: date, most: int) -> tuple[date, ...]:
    """The past of two readings unless it is more than `most` days back."""
    is_past = (not now or now[0] > today) and before and (today - before[0]).days <= most
    return before if is_past else now


def _of_year(month: str, day: str, today: date) -> tuple[date, ...]:
    m, d = read_number(month), read_number(day)
    return _likelier(_day(today.year, m, d), _day(today.year - 1, m, d), today, LAST_YEAR_DAYS)


def _of_month(months_ago: int, day: str, today: date) -> tuple[date, ...]:
    months = today.year * 12 + today.month - 1 - months_ago
    return _day(months // 12, months % 12 + 1, read_number(day))


def _of_any_month(day: str, today: date) -> tuple[date, ...]:
    return _likelier(_of_month(0, day, today), _of_month(1, day, today), today, LAST_MONTH_DAYS)


def _written(m: re.Match[str], today: date) -> Days:
    if m["which"]:
        return _day(today.year - "今去前".index(m["which"]), read_number(m["m"]), read_number(m["d"]))
    return _full(m["y"], m["m"], m["d"]) if m["y"] else _of_year(m["m"], m["d"], today)


def _signed(m: re.Match[str], today: date) -> Days:
    return _full(m[1], m[2], m[3]) or (() if len(m[1]) == 4 else None)


def _compact(m: re.Match[str], today: date) -> Days:
    return _full(m[1], m[2], m[3]) or None


def _two_numbers(m: re.Match[str], today: date) -> Days:
    is_surely_a_day = m["unit"] or m.span() == (0, len(m.string))
    return _of_year(m[1], m[2], today) or (() if is_surely_a_day else None)


def _bare_number(m: re.Match[str], today: date) -> Days:
    days = _full(m[1], m[2], m[3]) if m[1] else _of_year(m[2], m[3], today)
    return days if days and 0 <= (today - days[0]).days <= BARE_NUMBER_DAYS else None


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def _english(m: re.Match[str], today: date) -> Days:
    return _of_year(str(_MONTHS.index((m[1] or m[4])[:3]) + 1), m[2] or m[3], today)


def _of_a_month(m: re.Match[str], today: date) -> Days:
    return _of_month(m[1].count("上"), m[2], today)


def _of_the_month(m: re.Match[str], today: date) -> Days:
    return _of_any_month(m[1], today)


def _listed(m: re.Match[str], today: date) -> Days:
    return (*_of_any_month(m[1], today), *_of_any_month(m[2], today))


def _neighbours(m: re.Match[str], today: date) -> Days:
    """五六号, 十五六号: two days in a row."""
    first, second = read_number((m[1] or "") + m[2]), read_number((m[1] or "") + m[3])
    return (*_of_any_month(str(first), today), *_of_any_month(str(second), today)) if second == first + 1 else None


_WEEKDAYS = {c: n for n, c in enumerate("一二三四五六日")} | {str(n + 1): n for n in range(7)} | {"天": 6}


def _weekday(m: re.Match[str], today: date) -> Days:
    day = today - timedelta(days=today.weekday()) + timedelta(days=_WEEKDAYS[m[2]])
    if m[1]:
        return (day - timedelta(weeks=m[1].count("上")),)
    # Whoever says 周四 on a Thursday may mean today or a week ago.
    return (day, day - timedelta(weeks=1)) if day == today else (day - timedelta(weeks=int(day > today)),)


def _weekend(m: re.Match[str], today: date) -> Days:
    saturday = today - timedelta(days=today.weekday() - 5) - timedelta(weeks=m[1].count("上"))
    days = (saturday, saturday + timedelta(days=1))
    return days if m[1] else tuple(sorted(day - timedelta(weeks=int(day > today)) for day in days))


def _ago(m: re.Match[str], today: date) -> Days:
    n = read_number(m[1])
    return (today - timedelta(days=n if m[2] in "天日" else 7 * n),) if n > 0 else None


_SPOKEN = {
    **dict.fromkeys(
        ["昨天", "昨日", "昨儿个", "昨儿", "昨个", "昨早", "昨晚", "昨夜", "昨下午", "昨上午", "琴日", "寻日"], 1
    ),
    **dict.fromkeys(["前天", "前日", "前儿个", "前儿", "前个", "前晚", "前夜"], 2),
    **dict.fromkeys(["夜个", "夜儿个", "夜来"], 1),
    "大大前天": 4,
    **dict.fromkeys(["大前天", "大前日", "大前儿", "上前天"], 3),
}


def _spoken(m: re.Match[str], today: date) -> Days:
    return (today - timedelta(days=_SPOKEN[m[0]]),)


def _today(m: re.Match[str], today: date) -> Days:
    return (today,)


def _night(m: re.Match[str], today: date) -> Days:
    return (today, today - timedelta(days=1))


_CHARS = "〇零一二两三四五六七八九十廿卅"
_N = rf"(?:\d{{1,2}}|[{_CHARS}]{{1,3}})"
_Y = "(?:{0}{{4}}|{0}{{2}})".format(r"[\d〇零一二三四五六七八九]")
_WEEK = "(?:周|星期|礼拜)"
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_NTH = r"(\d{1,2})(?:st|nd|rd|th)?"
_ALONE = rf"(?<![\da-z@#*+])(?:(?=\d)|(?<![{_CHARS}]))"
_UNIT = r"\s?[日号](?!\d(?!\d?\s?[:点时日号])|[楼机线店窗码房院门铺桌车馆库])"
_HEARD_AS_UNIT = r"\s?[好浩](?![几多])"
_M = r"(\d{1,2})"
_NO_SIZE = r"(?!\s?[元块折寸分秒%万个件套张版级届倍米斤岁])"
_NO_UNIT = rf"(?![\d{_CHARS}日号年月]|\s?[个万元块岁门次级]|\s?点(?![的了]))"
_YEAR = rf"(?:(?P<y>{_Y})\s?年\s?|(?P<which>[今去前])年的?\s?)?"
_BY = r"\s?[.\-/。·]\s?"

FILLING, TODAY, PLAIN = 0, 1, 2
"""How much a word for a day weighs: 刚, 现在 and 今天 are often said beside the day that is meant."""

_PLAIN_FORMS: tuple[tuple[str, Callable[[re.Match[str], date], Days]], ...] = (
    (
        rf"{_ALONE}(?<![-/.]){_YEAR}(?P<m>{_N})\s?月份?的?\s?(?P<d>{_N})(?:{_UNIT}|\s?[好浩](?![几多])|{_NO_UNIT})",
        _written,
    ),
    (
        rf"{_ALONE}(\d{{4}}|\d\d)(?:\s?年\s?|{_BY})(\d{{1,2}})(?:\s?月\s?|{_BY})(\d{{1,2}})(?:\s?[日号])?(?![\d.\-/])",
        _signed,
    ),
    (rf"{_ALONE}(20\d\d)(\d\d)(\d\d)(?![\da-z])", _compact),
    (
        rf"{_ALONE}(?<![.\-/:])(\d{{1,2}}){_BY}(\d{{1,2}})(?P<unit>{_UNIT})?(?![\d\-/:a-z]|\.\d){_NO_SIZE}",
        _two_numbers,
    ),
    (r"^\s*(?:(20\d\d|\d\d)\s)?(\d{1,2})\s(\d{1,2})$", _bare_number),
    (r"^\s*(20\d\d|\d\d)?(\d\d)(\d\d)(?=[吧的点了弄报哈啊.。!\s]*$)", _bare_number),
    (rf"\b({_MONTH})\s?{_NTH}\b|\b{_NTH}\s(?:of\s)?({_MONTH})\b", _english),
    (rf"((?:这个?|本|上{{1,4}}一?个?)月的?)\s?({_N}){_UNIT}", _of_a_month),
    (rf"(?<![第月{_CHARS}])(十|二十)?([一二三四五六七八九])([一二三四五六七八九]){_UNIT}", _neighbours),
    (rf"{_ALONE}(?<![第月.\-])({_N})\s?(?:[,、和或跟]|还是|或者)\s?({_N}){_UNIT}", _listed),
    (rf"{_ALONE}(?<![第月期周拜.\-:])({_N}){_UNIT}", _of_the_month),
    (rf"(?:(上{{1,4}}一?个?|这一?个?|本){_WEEK}?的?)?{_WEEK}([一二三四五六日天1-7])(?![\d号])", _weekday),
    (r"((?:上{1,4}个?|这个?|本)?)周末", _weekend),
    (rf"{_ALONE}({_N})\s?个?\s?([天日周]|星期|礼拜)\s?[之以]?前", _ago),
    (rf"(?<![目以之提面])(?:{any_of(_SPOKEN)})", _spoken),
)
_NOW = r"刚刚|刚才|方才|才刚|[刚才](?=[点弄打报说做办搞按确联讲跟和给])|现在|早上(?!好)|上午(?!好)|[中下]午(?!好)"

Rule = tuple[int, re.Pattern[str], Callable[[re.Match[str], date], Days]]
RULES: tuple[Rule, ...] = (
    *((PLAIN, re.compile(pattern), read) for pattern, read in _PLAIN_FORMS),
    (TODAY, re.compile(r"今天|今日|今儿个?|今个|今朝|今[早晨晚](?!好)|今(?=[点弄报])"), _today),
    (FILLING, re.compile(r"(?:^|(?<=[\s,。]))(?:大?晚上|夜里|半夜|凌晨)(?!好)"), _night),
    (FILLING, re.compile(_NOW), _today),
)
"""In order: what a rule has read is not read again by one below."""
