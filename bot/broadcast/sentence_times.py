"""The moment that a teacher's sentence names: 明早8点, 下周一上午, 半小时后, 截止前3天. Pure; local time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.broadcast.sentence_words import TIMES, Token
from bot.broadcast.times import is_quiet
from flows.date_rules import read_number

DEFAULT_HOURS: Mapping[str, time] = {
    "早": time(8), "上午": time(9), "中午": time(12), "下午": time(15), "傍晚": time(18), "晚": time(20),
    "夜": time(23, 30),
}  # fmt: skip
"""The hour that a part of the day stands for when none is said."""
BEFORE_DEADLINE = time(9, 30)
"""The hour of 截止前3天, which is that of the automatic reminders."""
NEXT_YEAR_DAYS = 183
"""A day without a year that is over is next year's, if it is longer ago than this."""
DOTTED_DAYS = 60
"""Days ahead up to which 12.18 is a day; else it may be a time."""

_PARTS = {
    "早": ("早上", "早晨", "清早", "清晨", "一大早", "大清早", "一早", "早间", "早", "晨"),
    "上午": ("上午",),
    "中午": ("正午", "中午", "午间"),
    "下午": ("下午", "午后"),
    "傍晚": ("傍晚",),
    "晚": ("晚上", "晚间", "夜晚", "晚"),
    "夜": ("深夜", "半夜", "夜里", "夜间", "凌晨", "夜"),
}
_PART_OF = {word: part for part, words in _PARTS.items() for word in words}
_DAYS = {"今": 0, "明": 1, "后": 2, "大": 3, "昨": -1, "前": -2}
_WEEKDAYS = {c: n for n, c in enumerate("一二三四五六日")} | {str(n + 1): n for n in range(7)} | {"天": 6}


@dataclass(frozen=True, slots=True)
class When:
    """The moment of a sentence; None when it names none, or not clearly. `doubt` is the phrase that asks, `about` the
    words, `offered` the next good moment. `follows` a window's deadline (id, days before): it moves with that.
    """

    at: datetime | None = None
    doubt: str = ""
    about: str = ""
    offered: datetime | None = None
    follows: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class TimeContext:
    """The present, the quiet hours, and of the windows of the check and of corrections the id and the last day."""

    now: datetime
    quiet_from: time
    quiet_to: time
    deadline: tuple[str, date] | None
    correction: tuple[str, date] | None

    def is_quiet(self, at: datetime) -> bool:
        return is_quiet(at.time(), self.quiet_from, self.quiet_to)

    def next_good(self, at: datetime) -> datetime:
        """Return the first moment from `at` on that is to come and not quiet: at that hour, or when quiet ends."""
        while at <= self.now:
            at += timedelta(days=1)
        if self.is_quiet(at):
            ends = datetime.combine(at.date(), self.quiet_to)
            at = ends if ends >= at else ends + timedelta(days=1)
        return at


class _UnclearTime(Exception):
    """Some words of time that name no moment: the phrase that asks, and a moment to offer."""

    def __init__(self, doubt: str, offered: datetime | None = None) -> None:
        super().__init__(doubt)
        self.doubt, self.offered = doubt, offered


def find_moment(tokens: Sequence[Token], clock: TimeContext) -> When:
    """Return the moment that the tokens name."""
    said = [token for token in tokens if token.kind in TIMES]
    about = "".join(token.text for token in said)
    try:
        at, follows = _resolve(said, clock)
    except _UnclearTime as unclear:
        return When(None, unclear.doubt, about, unclear.offered)
    except (ValueError, OverflowError):
        return When(None, "time", about)
    if at is None:
        return When()
    if at <= clock.now:
        return When(None, "past", about, clock.next_good(at))
    if clock.is_quiet(at):
        return When(None, "quiet", about, clock.next_good(at))
    return When(at, follows=follows)


def _resolve(said: Sequence[Token], clock: TimeContext) -> tuple[datetime | None, tuple[str, int] | None]:
    by_kind = {kind: [token for token in said if token.kind == kind] for kind in TIMES}
    for kind in ("repeat", "vague", "about"):
        if by_kind[kind]:
            raise _UnclearTime("repeat" if kind == "repeat" else "time")
    clocks, parts, afters = by_kind["clock"], by_kind["part"], by_kind["after"]
    days = [token for token in said if token.kind in _DAY]
    if by_kind["now"]:
        if len(said) > 1:
            raise _UnclearTime("time")
        return None, None
    if not said:
        return None, None
    if len(clocks) > 1 or len(afters) > 1 or len({_PART_OF[t.text] for t in parts}) > 1 or (afters and len(said) > 1):
        raise _UnclearTime("several")
    if afters:
        return clock.now + _find_duration(afters[0]), None
    found = [_DAY[token.kind](token, clock) for token in _leave_out_names(days, clock)]
    if len(set(found)) > 1:
        raise _UnclearTime("several")
    before = next((_follow(t, clock) for t in by_kind["before"]), None)
    part = _PART_OF[parts[0].text] if parts else ""
    day = found[0] if found else None
    if clocks:
        return _find_hour(day, part, clocks[0], clock), before
    if part:
        return datetime.combine(day or clock.now.date(), DEFAULT_HOURS[part]), before
    if before is not None and day:
        return datetime.combine(day, BEFORE_DEADLINE), before
    raise _UnclearTime("hour", clock.next_good(datetime.combine(day or clock.now.date(), DEFAULT_HOURS["上午"])))


def _leave_out_names(days: Sequence[Token], clock: TimeContext) -> list[Token]:
    """Return the days without the weekday that only names another of them: 12月14日（星期六）."""
    dated = {_DAY[day.kind](day, clock).weekday() for day in days if day.kind != "weekday"}
    return [
        day
        for day in days
        if day.kind != "weekday" or day.groups["which"] or _WEEKDAYS[day.groups["weekday"] or ""] not in dated
    ]


# Hours


def _find_hour(day: date | None, part: str, token: Token, clock: TimeContext) -> datetime:
    hour, minute = _find_clock(token)
    if token.groups.get("ampm") == "pm":
        part = part or "下午"
    of = day or clock.now.date()
    if not part:
        return _find_bare_hour(of, hour, minute, clock)
    if part == "中午" and not (hour in (11, 12, 13, 14) or hour in (1, 2)):
        raise _UnclearTime("time")
    if part in ("早", "上午") and hour > 12:
        raise _UnclearTime("time")
    if (
        (part in ("下午", "傍晚", "晚") and hour < 12)
        or (part == "中午" and hour < 3)
        or (part == "夜" and 9 < hour < 12)
    ):
        is_after_midnight = part == "晚" and hour < 5
        hour += 0 if is_after_midnight else 12
        of += timedelta(days=is_after_midnight)
    elif part in ("晚", "夜") and hour in (12, 24):
        hour, of = 0, of + timedelta(days=1)
    return datetime.combine(of, time(hour, minute))


def _find_bare_hour(day: date, hour: int, minute: int, clock: TimeContext) -> datetime:
    """Read an hour without a part of the day: 8 to 12 and from 13 on it is what it says, if that is yet to come."""
    at = datetime.combine(day, time(hour % 24, minute)) + timedelta(days=hour == 24)
    if hour > 24:
        raise _UnclearTime("time")
    later = at + timedelta(hours=12)
    if 1 <= hour < 8 or (hour < 12 and at <= clock.now < later):
        raise _UnclearTime("hour", clock.next_good(later))
    return at


def _find_clock(token: Token) -> tuple[int, int]:
    groups = token.groups
    if groups.get("h"):
        return int(groups["h"] or 0), int(groups["m"] or 0)
    if groups.get("h24"):
        return int(groups["h24"] or 0), 0
    minute = 30 if groups.get("half") else 0
    if groups.get("quarter"):
        minute = 15 * read_number(groups["quarter"] or "")
    if groups.get("minute"):
        minute = read_number((groups["minute"] or "").lstrip("零") or "0")
    return read_number(groups["hour"] or ""), minute


def _find_duration(token: Token) -> timedelta:
    groups = token.groups
    if not groups["tail"] and not token.text.startswith("过"):
        raise _UnclearTime("time")
    said = groups["amount"] or ""
    amount = 0.5 if said == "半" else float(said) if "." in said else float(read_number(said))
    amount += 0.5 if groups["half"] else 0
    minutes = {"小时": 60, "钟头": 60, "分钟": 1, "刻钟": 15}[groups["unit"] or ""]
    if amount <= 0:
        raise _UnclearTime("time")
    return timedelta(minutes=amount * minutes)


# Days


def _find_spoken(token: Token, clock: TimeContext) -> date:
    return clock.now.date() + timedelta(days=_DAYS[token.text[0]])


def _find_weekday(token: Token, clock: TimeContext) -> date:
    today, number = clock.now.date(), _WEEKDAYS[token.groups["weekday"] or ""]
    which = token.groups["which"] or ""
    day = today - timedelta(days=today.weekday()) + timedelta(days=number + 7 * which.count("下"))
    if not which and day == today:
        raise _UnclearTime("time")  # today, or in a week
    return day if which or day > today else day + timedelta(weeks=1)


def _find_date(token: Token, clock: TimeContext) -> date:
    groups, today = token.groups, clock.now.date()
    if groups["day3"]:
        months = today.year * 12 + today.month - 1 + ("下" in (groups["far"] or ""))
        return date(months // 12, months % 12 + 1, read_number(groups["day3"]))
    month, day = (read_number(groups[n] or groups[f"{n}2"] or "") for n in ("month", "day"))
    if groups["year"]:
        return date(int(groups["year"]), month, day)
    found = date(today.year, month, day)
    if (today - found).days > NEXT_YEAR_DAYS:
        found = found.replace(year=today.year + 1)
    if groups["month2"] and not 0 <= (found - today).days <= DOTTED_DAYS:
        raise _UnclearTime("time")
    return found


def _find_later(token: Token, clock: TimeContext) -> date:
    number = read_number(token.groups["days"] or token.groups["days2"] or "")
    unit = token.groups["unit"] or token.groups["unit2"]
    return clock.now.date() + timedelta(days=number if unit == "天" else 7 * number)


def _count_days(token: Token) -> tuple[int, bool]:
    """Return the days before a deadline, and whether it is that of corrections."""
    groups = token.groups
    number = read_number(groups["days"]) if groups["days"] else 0
    if number < 0:
        raise _UnclearTime("time")
    return number * (1 if groups["unit"] in ("天", "日", None) else 7), bool(groups["which"])


def _follow(token: Token, clock: TimeContext) -> tuple[str, int]:
    """Return the window whose deadline a word names, and how many days before it."""
    days, of_correction = _count_days(token)
    deadline = clock.correction if of_correction else clock.deadline
    if deadline is None:
        raise _UnclearTime("deadline")
    return deadline[0], days


def _find_before(token: Token, clock: TimeContext) -> date:
    window, days = _follow(token, clock)
    last = next(one[1] for one in (clock.deadline, clock.correction) if one and one[0] == window)
    return last - timedelta(days=days)


_DAY: Mapping[str, Callable[[Token, TimeContext], date]] = {
    "day": _find_spoken,
    "weekday": _find_weekday,
    "date": _find_date,
    "later": _find_later,
    "before": _find_before,
}
