"""Finds the days that a sentence names: spans, deadlines, beginnings, daily hours, damaged and vague days. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.notice_import.dates import (
    DAMAGED,
    DASH,
    WrittenDay,
    read_day,
    read_day_only,
    read_short_day,
    read_third,
    read_times,
    skip_weekday,
)

_NOW = re.compile(r"(?:自)?(?:即日|即时|通知(?:下发|发布|发出)之日)起?")
_BEGIN = re.compile(
    r"\d|[一二三四五六七八九十]{1,3}\s{0,9}月|二[零〇○Oo0]|即[日时]起?|通知(?:下发|发布|发出)之日|月\s{0,9}日|自"
)
_BEFORE = re.compile(
    r"\s{0,4}[（(]?(?P<incl>含当[日天]|含)?[）)]?\s{0,4}(?:[（(](?:周"
    r"|星期)[一二三四五六日天][）)])?\s{0,4}(?P<word>(?:以"
    r"|之)?前|截止|截至|止|为止|为限|(?:[上下]午)?下班前|内完成|结束|关闭)(?P<incl2>[（(]含[^）)]{0,4}[）)])?"
)
_FROM = re.compile(
    r"\s{0,9}(?:[（(](?:周|星期)[一二三四五六日天][）)])?\s{0,9}(?:起(?!草|始)|开始|开通|开放|启动|以后|之后"
    r"|后(?=[，,请可登到再进将凭持由方]))"
)
_SINCE = re.compile(r"(?:自|从)\s{0,9}$")
_ON = re.compile(r"(?:定于|将于|拟于|时间[为是]?[:：]?|日期[为是]?[:：]?|安排在|在)\s{0,9}$")
_LAST = re.compile(
    r"(?:截止(?:时间|日期)?(?:到|为|是)?|截至|(?:延长|延期|顺延|推迟)[到至]|(?:最迟|最晚)?不(?:得)?(?:超过"
    r"|[迟晚]于)|最迟|最晚|不要[迟晚]于|务必?(?:于|在)"
    r"|须(?:于|在)|应(?:于|在)|限(?:于|在)?)\s{0,9}[:：]?\s{0,9}$"
)
_ON_THE_DAY = re.compile(r"(?:务必|须|应|请|需)(?:于|在)\s{0,9}$")
"""Before a day with its hours: somebody has to come on that day, not by it."""
_TO_A_PLACE = re.compile(r"\s{0,4}(?:到|在|去|前往|赴)")
_ALSO = re.compile(r"\s{0,9}(?:[、和及与，,]|以及)\s{0,9}")


_DAILY = re.compile(r"[，,（(]\s{0,4}每[天日](?:的)?")
"""Behind a span of days: its daily hours follow."""
WITHOUT_MONTH = "原文没有写月份，按前面的日期推出来的"
"""The doubt about a day that is written without its month."""
_GOES_ON = re.compile(r"(?:^|[，、；。：:（(]|(?:同学|学生|毕业生|学院|校区|本部|中心|系|教学点)(?:于|在)?)\s{0,9}$")
_AFTER_DAY = re.compile(r"(?![内前之]|以)(?=\s|[上下]午|全天|[—~～–-]|[至到在补、（(:：]|$)")
"""Behind a day without a month that is a day, and no number of days."""


@dataclass(frozen=True, slots=True)
class DaysMention:
    """Days that a sentence names at `start`:`end`. `why` is the doubt about them, `lost` the rest of a damaged day.

    `role`: a span of days, one day, a deadline, a beginning. `inclusive` is None for a bare 前.
    """

    start: int
    end: int
    role: str
    opens: date | None = None
    closes: date | None = None
    time_from: str = ""
    time_to: str = ""
    hours: tuple[str, ...] = ()
    inclusive: bool | None = True
    why: str = ""
    why_opens: str = ""
    lost: str = ""


@dataclass
class YearSense:
    """The years of days that are written without one: the first such day that is not before the notice itself."""

    issued: date | None = None
    graduation: int | None = None
    in_autumn: bool = False
    """The graduation is that of the second half of its year."""
    last: int | None = None
    previous: date | None = None
    """The day before, by which a day without a month is read."""

    def place(self, day: WrittenDay) -> tuple[date | None, str]:
        """Return the day, and the doubt where its year was inferred."""
        found, why = self._infer(day)
        self.previous = found or self.previous
        if found is None or day.weekday is None or found.weekday() == day.weekday:
            return found, why
        if day.year:
            return found, "原文写的日期和星期对不上"
        years = [y for y in (found.year + 1, found.year - 1) if (on := day.on(y)) and on.weekday() == day.weekday]
        if self.issued:  # within ten months of the notice, or else the weekday is a slip
            near = range(-31, 300)
            years = [y for y in years if (on := day.on(y)) and (on - self.issued).days in near]
        if len(years) != 1:
            return found, "原文写的日期和星期对不上"
        self.last = years[0]
        return day.on(years[0]), "原文没有写年份，按星期推出来的"

    def _infer(self, day: WrittenDay) -> tuple[date | None, str]:
        if day.year:
            self.last = day.year
            return day.on(None), day.why
        if self.issued:
            found = day.on(self.issued.year)
            early = found is not None and found < self.issued - timedelta(days=31)
            found = day.on(self.issued.year + 1) if early or (found is None and day.on(self.issued.year + 1)) else found
            return found, "原文没有写年份，按通知的日期推出来的"
        if self.last:
            return day.on(self.last), "原文没有写年份，按前面的年份推出来的"
        if self.graduation and day.month:
            year = self.graduation - (day.month >= 8 and not self.in_autumn)
            return day.on(year), "原文没有写年份，按毕业的年份推出来的"
        return None, "原文没有写年份"


def find_mentions(text: str, years: YearSense) -> Iterator[DaysMention]:
    """Yield the days that a sentence names, in their order."""
    at = 0
    while m := _BEGIN.search(text, at):
        found = _read(text, m.start(), years)
        at = max(found[-1].end, m.start() + 1) if found else _skip_number(text, m.start())
        yield from found


def _skip_number(text: str, at: int) -> int:
    m = re.compile(r"\d+|.").match(text, at)
    return m.end() if m else at + 1


def _read(text: str, at: int, years: YearSense) -> list[DaysMention]:
    """Return the days at this place: usually one mention, several for a list of days."""
    if now := _NOW.match(text, at):
        return _read_from_now(text, at, now.end(), years)
    if third := read_third(text, at):
        return [_read_third(text, at, third, years)]
    if lost := DAMAGED.match(text, at):
        return [DaysMention(at, lost.end(), "day", lost=lost[0].strip(), why="日期缺字，看不出是哪一天")]
    first = read_day(text, at) or _read_first_short(text, at)
    if first is None:
        return _read_without_month(text, at, years)
    opens, why = years.place(first)
    if opens is None:
        return [DaysMention(at, first.end, "day", why=why or "没有这一天", lost=text[at : first.end].strip())]
    return _read_rest(text, at, first, opens, replace(DaysMention(at, first.end, "day"), why=why), years)


def _read_without_month(text: str, at: int, years: YearSense) -> list[DaysMention]:
    """Return the days such as `13日` that begin a line or a clause and go on after the day before; none elsewhere."""
    first, before = read_day_only(text, at), years.previous
    if first is None or before is None or not _GOES_ON.search(text[:at]) or not _AFTER_DAY.match(text, first.end):
        return []
    opens = first.on(before.year, before.month)
    if opens is None or opens < before:
        return []
    years.previous = opens
    why = WITHOUT_MONTH
    made = _read_rest(text, at, first, opens, DaysMention(at, first.end, "day", why=why), years)
    return [
        replace(one, role="day" if one.role == "date" else one.role, opens=one.opens or opens, why=why, why_opens=why)
        for one in made
    ]


def _read_first_short(text: str, at: int) -> WrittenDay | None:
    """Return a first day such as `3.24` when a dash and another such day follow."""
    first = read_short_day(text, at)
    dash = DASH.match(text, first.end) if first else None
    gap = dash or (_ALSO.match(text, first.end) if first else None)
    alone = first and not text[:at].strip() and re.match(r"\s{1,9}\S|[（(](?:周|星期)|以后|起", text[first.end :])
    hands_in = first and re.match("[报交发]", text[first.end :])
    ends = first and (alone or hands_in or _BEFORE.match(text, first.end) or (gap and read_short_day(text, gap.end())))
    return replace(first, why="写法不常见") if first and ends else None


def _read_from_now(text: str, at: int, end: int, years: YearSense) -> list[DaysMention]:
    dash = DASH.match(text, end) or re.compile(r"\s{0,9}[，,]?\s{0,9}").match(text, end)
    place = dash.end() if dash else end
    last = read_day(text, place)
    if last is None:
        return [DaysMention(at, end, "from", years.issued, None, why="从通知发出那天算起")]
    closes, why = years.place(last)
    times, stop = read_times(text, skip_weekday(text, last.end))
    inclusive, stop = _read_end(text, stop if times else last.end)
    inclusive = True if times or (inclusive is None and not text[last.end : stop].strip()) else inclusive
    return [
        DaysMention(
            at, stop, "span", years.issued, closes, "", times[0][1] or times[0][0] if times else "",
            inclusive=inclusive, why=why, why_opens="原文是“即日起”，按通知的日期推出来的",
        )
    ]  # fmt: skip


def _read_third(text: str, at: int, third: tuple[WrittenDay, WrittenDay, str], years: YearSense) -> DaysMention:
    first, last, words = third
    ends, _ = years.place(last)
    starts = first.on(ends.year) if ends else None
    if start := _FROM.match(text, last.end):
        why = f"原文只写“{words.strip()}”，没有写哪一天"
        return DaysMention(at, start.end(), "from", starts, None, why_opens=why)
    _, stop = _read_end(text, last.end)
    before = stop > last.end
    return DaysMention(
        at, stop, "deadline" if before else "span", None if before else starts, ends,
        why=f"原文只写“{words.strip()}”，没有写哪一天", why_opens=f"原文只写“{words.strip()}”，没有写哪一天",
    )  # fmt: skip


def _read_rest(
    text: str, at: int, first: WrittenDay, opens: date, made: DaysMention, years: YearSense
) -> list[DaysMention]:
    """Return the mention that begins with this day: a second day, times and the words around it."""
    place = skip_weekday(text, first.end)
    times, after_times = read_times(text, place)
    place = after_times if times else place
    if second := _read_second(text, place, first, opens, years):
        closes, why, end = second
        made = replace(made, why=why or made.why, why_opens=made.why)
        return [_close_span(text, replace(made, end=end, role="span"), opens, closes, times)]
    if others := _read_list(text, place, first, opens):
        return _finish_list(text, made, [opens, *others[0]], others[1])
    return [_finish_day(text, replace(made, end=place), opens, times)]


def _read_second(
    text: str, place: int, first: WrittenDay, opens: date, years: YearSense
) -> tuple[date, str, int] | None:
    """Return the day behind a dash, the doubt about it and the place after it."""
    dash = DASH.match(text, place)
    if dash is None:
        return None
    at = dash.end()
    second = read_day(text, at) or (read_short_day(text, at) if first.short or first.year else None)
    if second is None:
        second = read_day_only(text, at) or _read_bare_day(text, at)
    if second is None:
        return None
    if second.year:
        years.last = second.year
    closes, why = second.on(opens.year, opens.month), second.why
    if closes and closes < opens and not second.year and second.month:
        closes, why = second.on(opens.year + 1), "原文没有写年份，按跨年推出来的"
    if closes is None or closes < opens:
        return None
    if second.weekday is not None and closes.weekday() != second.weekday:
        why = "原文写的日期和星期对不上"
    return closes, why, skip_weekday(text, second.end)


def _read_bare_day(text: str, at: int) -> WrittenDay | None:
    """Return a number that can only be the day that ends a span: `1至20前`, `6-9 日` at the end of a clause."""
    m = re.compile(r"(3[01]|[12]\d|[1-9])(?=\s{0,9}(?:[，,。；;）)]|$|以?之?前))").match(text, at)
    return WrittenDay(None, None, int(m[1]), m.end(), "原文这里没有写“日”") if m else None


def _read_list(text: str, place: int, first: WrittenDay, opens: date) -> tuple[list[date], int] | None:
    """Return the further days of a list (`3月15日、22日`), and the place after them."""
    days, end = list[date](), place
    while (gap := _ALSO.match(text, end)) and len(days) < 8:
        more = read_day_only(text, gap.end())
        if more is None:
            full = read_day(text, gap.end()) or (read_short_day(text, gap.end()) if first.short else None)
            more = full if full and "、" in gap[0] and not DASH.match(text, full.end) else None
        day = more.on(opens.year, opens.month) if more else None
        if more is None or day is None or day <= (days[-1] if days else opens):
            break
        days.append(day)
        end = skip_weekday(text, more.end)
    return (days, end) if days else None


def _finish_list(text: str, made: DaysMention, days: list[date], end: int) -> list[DaysMention]:
    """Return one span for days that follow each other, else a mention for each run of them."""
    runs = [[days[0]]]
    for day in days[1:]:
        runs[-1].append(day) if day - runs[-1][-1] == timedelta(days=1) else runs.append([day])
    times, stop = read_times(text, end)
    end = stop if times else end
    one = replace(made, end=end, why_opens=made.why)
    return [
        _with_times(replace(one, role="span" if len(run) > 1 else "day", opens=run[0], closes=run[-1]), times)
        for run in runs
    ]


def _close_span(
    text: str, made: DaysMention, opens: date, closes: date, first_times: tuple[tuple[str, str], ...]
) -> DaysMention:
    """Return a span with the times at both of its ends, or with its daily hours."""
    made = replace(made, opens=opens, closes=closes)
    times, stop = read_times(text, made.end)
    made = replace(made, end=stop) if times else made
    inclusive, end = _read_end(text, made.end)
    made = replace(made, end=end, inclusive=inclusive if not times else True)
    if not times and (daily := _DAILY.match(text, made.end)):
        times, stop = read_times(text, daily.end())
        made = replace(made, end=stop) if times else made
    if any(finish for _, finish in times):
        return _with_times(made, times)
    return replace(made, time_from=first_times[0][0] if first_times else "", time_to=times[0][0] if times else "")


def _with_times(made: DaysMention, times: tuple[tuple[str, str], ...]) -> DaysMention:
    """Return days with their hours: of the one day, or of each day."""
    spans = [(begin, finish) for begin, finish in times if finish]
    if not spans:
        return replace(made, time_from=times[0][0]) if times else made
    if made.opens == made.closes and len(spans) == 1:
        return replace(made, time_from=spans[0][0], time_to=spans[0][1])
    return replace(made, hours=tuple(f"{begin}-{finish}" for begin, finish in spans))


def _read_end(text: str, at: int) -> tuple[bool | None, int]:
    """Return whether a last day counts, by the words behind it (True when there are none), and the place after them."""
    m = _BEFORE.match(text, at)
    if m is None:
        return True, at
    counts = bool(m["incl"] or m["incl2"]) or not m["word"].endswith("前") or m["word"].endswith("下班前")
    return (True if counts else None), m.end()


def _finish_day(text: str, made: DaysMention, opens: date, times: tuple[tuple[str, str], ...]) -> DaysMention:
    """Return a single day: a deadline, a beginning, or a day with its hours."""
    ahead = text[: made.start]
    end = _BEFORE.match(text, made.end)
    comes = any(finish for _, finish in times) or (times and _TO_A_PLACE.match(text, made.end))
    meets = comes and _ON_THE_DAY.search(ahead)
    if end or (_LAST.search(ahead) and not meets) or times == (("24:00", ""),):  # nothing begins at 24:00
        inclusive, stop = _read_end(text, made.end)
        time_to = (times[-1][1] or times[-1][0]) if times else ""
        spans = tuple(f"{a}-{b}" for a, b in times if b)
        made = replace(made, end=stop, role="deadline", closes=opens, inclusive=True if times else inclusive)
        return replace(made, time_to="" if spans else time_to, hours=spans)
    if start := _FROM.match(text, made.end):
        return replace(
            made, end=start.end(), role="from", opens=opens, why_opens=made.why, time_from=times[0][0] if times else ""
        )
    if times or meets or _ON.search(ahead) or _SINCE.search(ahead):
        return _with_times(replace(made, role="day", opens=opens, closes=opens, why_opens=made.why), times)
    return replace(made, role="date", closes=opens)


def end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
