"""Finds days that are counted from another one: 公示结束后3个工作日内, 自本通知发布之日起15日内. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.notice_import.dates import to_number
from bot.notice_import.kinds import kind_of_words
from bot.notice_import.mentions import DaysMention, YearSense, find_mentions
from bot.notice_import.sentences import FramedNotice, Sentence
from flows.workdays import add_workdays, is_holiday

_NUMBER = r"(?P<n>\d{1,3}|[一二三四五六七八九十]{1,3}|两)\s{0,3}个?\s{0,3}(?P<unit>工作日|自然日|天|日)(?:以?内|之内)?"
_SINCE = re.compile(
    rf"(?:自|从)\s{{0,3}}(?P<anchor>[^，。；：:\s]{{2,20}}?)(?:之日|当日|当天|次日)?起[，,的]?\s{{0,3}}{_NUMBER}"
)
_AFTER = re.compile(
    rf"(?:^|(?<=[，。；：:（(、\s于在]))(?P<anchor>[\u4e00-\u9fff“”《》]{{2,16}}?)(?:之日|次日|当日)?(?:以后|之?后|起)的?[，,]?\s{{0,3}}{_NUMBER}(?=[^后]|$)"
)
_OF_NOTICE = re.compile(r"(?:通知|公告|文件|本函|发文|公布|发布|下发|印发)")
_ENDS = re.compile(r"结束|截止|截至|期满|完毕|完成|止$")
_EACH_THEIR_OWN = re.compile(r"完成|完毕")
"""The end of something at which people are done on different days; the last of them is meant."""
_PERSONAL = re.compile(r"发现|看到|收到|签收|提交|本人|登[录陆]|申请|拍摄|错误|有误|毕业$|入学|办理|领取|交费|缴费")
"""Something that each one does on a day of their own."""


@dataclass(frozen=True, slots=True)
class CountedDays:
    """Days of a sentence that are counted: the mention, from what, and how many in which unit.

    `after` is the place of a window in the list that was given, None for the day of the notice or another named day;
    `named` is whether it is such another day, which has no row of its own.
    """

    mention: DaysMention
    after: int | None
    unit: str
    n: int
    named: bool = False


def find_counted(
    one: Sentence, notice: FramedNotice, windows: Sequence[tuple[str, date | None]], years: YearSense
) -> Iterator[CountedDays]:
    """Yield the counted days of a sentence whose first day is known; `windows` are kind and last day of those above."""
    taken = -1
    for m in sorted((*_SINCE.finditer(one.plain), *_AFTER.finditer(one.plain)), key=lambda m: (m.start(), -m.end())):
        if m.start() < taken:
            continue
        taken = m.end()
        anchor, n = m["anchor"], to_number(m["n"].replace("两", "二"))
        known = _find_anchor(anchor, one, notice, windows, years)
        if known is None or not n:
            continue
        start, after, named = known
        unit = "workdays" if m["unit"] == "工作日" else "days"
        last = add_workdays(start, n) if unit == "workdays" else start + timedelta(days=n)
        since = m.re is _SINCE
        why = _doubt(m[0].strip(), start, last, unit=unit, unclear=named or _EACH_THEIR_OWN.search(anchor) is not None)
        made = DaysMention(
            m.start(), m.end(), "span" if since else "deadline", start if since else None, last, why=why,
            why_opens=why if named else "",
        )  # fmt: skip
        yield CountedDays(made, after, unit, n, named)


def _find_anchor(
    anchor: str, one: Sentence, notice: FramedNotice, windows: Sequence[tuple[str, date | None]], years: YearSense
) -> tuple[date, int | None, bool] | None:
    """Return the day from which one counts, the window that ends on it, and whether it is another named day."""
    if _PERSONAL.search(anchor) and not re.search("结束|截止", anchor):
        return _find_named(anchor, one, notice, years)
    if _OF_NOTICE.search(anchor) and not re.search("结果|名单|成绩|证书", anchor):
        return (notice.issued, None, False) if notice.issued else None
    kind = kind_of_words(_ENDS.sub("", anchor))  # 采集结束 is none of the words for a capture
    for n in reversed(range(len(windows))):
        if kind and _ENDS.search(anchor) and windows[n][0] == kind and (last := windows[n][1]):
            return last, n, False
    return _find_named(anchor, one, notice, years)


def _find_named(anchor: str, one: Sentence, notice: FramedNotice, years: YearSense) -> tuple[date, None, bool] | None:
    """Return the single day that a sentence beside says of the same thing (审核通过 … 审核结果于4月18日公布)."""
    pairs = {anchor[n : n + 2] for n in range(len(anchor) - 1)} - {
        "之日",
        "本人",
        "发现",
        "学生",
        "毕业",
        "信息",
        "结果",
    }
    for other in notice.body:
        if abs(other.n - one.n) > 2:
            continue
        days = list(find_mentions(other.plain, replace(years)))
        if len(days) == 1 and days[0].closes and days[0].opens in (None, days[0].closes):
            around = other.plain[max(0, days[0].start - 12) : days[0].start] + other.plain[days[0].end :][:8]
            if any(pair in around for pair in pairs):
                return days[0].closes, None, True
    return None


def _doubt(words: str, start: date, last: date, *, unit: str, unclear: bool) -> str:
    """Return the doubt about a counted day: where holidays decide, or it is `unclear` from which day one counts."""
    between = (start + timedelta(days=n) for n in range(1, (last - start).days + 1))
    known = is_holiday(date(last.year, 1, 1))
    if unit == "workdays" and (not known or any(map(is_holiday, between))):
        return f"原文是“{words}”，按工作日数到这一天；中间有节假日，请看一眼"
    return f"原文是“{words}”，数到这一天，请看一眼" if unclear else ""
