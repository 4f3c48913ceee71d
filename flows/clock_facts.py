"""The facts that depend on the moment: which clock runs, what is left of it, when the office can be called. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Literal

from flows.clock import Clock, Phase, main_windows, missed_before, next_duty, running_clock
from flows.fact_words import FactWords
from flows.fields import END_OF_DAY
from flows.notice import Notice
from flows.windows import EVERYONE, Window
from flows.workdays import is_workday

Standing = Literal["", "wrong", "done"]
"""What the clock depends on besides the day: something is wrong, which forbids the click, or all is done."""


def clock_facts(
    notice: Notice, words: FactWords, cohort: str | None, now: datetime, standing: Standing = ""
) -> Iterator[tuple[str, str | None]]:
    """Yield the sentences of the clock that runs for a cohort (an id; None: not known yet), and its numbers."""
    running = running_clock(notice, cohort, now)
    ahead = next_duty(notice, cohort, now, running)
    short = _describe_phase(notice, words.clock_short, words, running, cohort, now, standing)
    text = _format_clock(notice, words, running, cohort, now, standing)
    yield "clock.short", _describe_duty(words, ahead, now, "short") or short
    duty = _describe_duty(words, ahead, now, "text") + _say_instead(notice, words, cohort, ahead, now)
    if running.phase in (Phase.PREPARE, Phase.CHECK) and running.window and not standing:
        text += _say_hours(words, running.window, now) + _say_instead(notice, words, cohort, running.window, now)
    yield "clock", "\n".join(filter(None, (duty, text)))
    yield "clock.over", text if running.phase is Phase.CLOSED else None
    for kind in ("check", "correction"):
        yield f"{kind}.until", _describe_end(notice, words, cohort, now, kind, standing)
    yield "office.when", format_calling_time(words, now, running.phase)
    yield "today", words.format_day(now.date())
    ends = running.window.last_day if running.window else None
    yield "deadline", words.format_day(ends)
    yield "days_left", str(max(0, (ends - now.date()).days)) if ends else None


def _describe_duty(words: FactWords, window: Window | None, now: datetime, form: str) -> str:
    """Return the nearest thing besides check and corrections, with its hours; empty for none."""
    if window is None:
        return ""
    begun, today = window.has_begun(now), now.date()
    day = window.last_day if begun else window.opens
    left = (day - today).days if day else None
    once = window.opens is not None and window.opens == window.closes
    name = ("once_today" if once else "open" if left else "last" if left == 0 else "endless") if begun else ""
    name = name or f"{'once' if once else 'opens'}{'' if left else '_today'}"
    said = words.duty[f"{name}_{form}"].format(
        label=window.label, end=words.format_day(day), end_short=words.format_short(day), days=left
    )
    if form == "short":
        return said
    if once and window.time_from and window.time_to:
        hours = window.hours or (f"{window.time_from:%H:%M}-{format_closing(window.time_to)}",)
        return said + words.duty["hours"].format(hours=words.comma.join(hours))
    return said + _say_hours(words, window, now)


def _say_hours(words: FactWords, window: Window, now: datetime) -> str:
    """Return the hours of the window of the check, or when it begins, and that today is none of its days."""
    said = ""
    if window.hours:
        said = words.duty["hours_daily"].format(hours=words.comma.join(window.hours))
    elif window.time_from and not window.has_begun(now):
        said = words.duty["begins_at"].format(time=f"{window.time_from:%H:%M}")
    return said + _say_closed(words, window, now)


def _say_closed(words: FactWords, window: Window, now: datetime) -> str:
    """Return that nothing is done today, and when again; empty where something is."""
    today = now.date()
    rest = window.next_open_day(today) if window.has_begun(now) and window.is_closed_on(today) else None
    return words.duty["closed_today"].format(next=words.format_short(rest)) if rest else ""


def _say_instead(notice: Notice, words: FactWords, cohort: str | None, window: Window | None, now: datetime) -> str:
    """Return that the late for an earlier window of the cohort come to this one; empty where it is none."""
    missed = missed_before(notice, cohort, window, now) if window and cohort else None
    return words.duty["instead"].format(missed=missed.label) if missed else ""


def _describe_end(
    notice: Notice, words: FactWords, cohort: str | None, now: datetime, kind: str, standing: Standing
) -> str | None:
    """Return until when something may be done, or that it is over; None where the notice says nothing of it."""
    windows = notice.windows_for(cohort, kind)
    window = next((w for w in windows if not w.is_over(now)), windows[-1] if windows else None)
    if window is None or window.last_day is None:
        return None
    today, name = now.date(), "open"
    if window.is_over(now):
        name = "over"
    elif kind == "check" and standing == "wrong":
        name = "asked"
    elif window.last_day == today:
        name = "last"
    end, safe = words.format_day(window.last_day), words.format_short(window.safe_day)
    return words.until[name].format(end=end, safe=safe)


def format_calling_time(words: FactWords, now: datetime, phase: Phase) -> str:
    """Return when the office can be called: still today, tomorrow, or on the next working day."""
    today = now.date()
    ahead = 0 if now.time() < words.office_closes else 1
    while not is_workday(today + timedelta(days=ahead)):
        ahead += 1
    name = {0: "over" if phase is Phase.CLOSED else "today", 1: "tomorrow"}.get(ahead, "day")
    return words.office[name].format(day=words.format_short(today + timedelta(days=ahead)))


def _format_clock(
    notice: Notice, words: FactWords, running: Clock, cohort: str | None, now: datetime, standing: Standing
) -> str:
    window = running.window
    doubtful = window and running.phase in (Phase.CHECK, Phase.LATE) and window.end_inclusive == "unknown"
    text = _describe_phase(notice, words.clock, words, running, cohort, now, standing)
    if not doubtful or standing:
        return text
    doubt = words.doubt_last if running.days_left == 0 else words.doubt
    return text + _fill_phase(notice, doubt, words, running, cohort, now)


def _describe_phase(
    notice: Notice,
    templates: Mapping[str, str],
    words: FactWords,
    running: Clock,
    cohort: str | None,
    now: datetime,
    standing: Standing,
) -> str:
    if standing == "done":
        return templates["done"]
    kind = running.window.kind if running.window else ""
    if standing == "wrong" and kind != "recheck" and (correcting := _correcting(notice, cohort, now)):
        name = "wrong" if correcting.days_left else "wrong_last"
        return _fill_phase(notice, templates[name], words, correcting, cohort, now)
    if cohort is None and running.window and (apart := _list_apart(notice, words, running.window)):
        return templates["apart"].format(all=apart, label=running.window.label)
    phase = running.phase.value
    special = {0: f"{phase}_last", None: f"{phase}_open"}.get(running.days_left, phase)
    template = next(templates[name] for name in (f"{special}_{kind}", special, phase) if name in templates)
    return _fill_phase(notice, template, words, running, cohort, now)


def _correcting(notice: Notice, cohort: str | None, now: datetime) -> Clock | None:
    """Return the clock of the corrections; None when none is accepted any more, or for ever."""
    windows = (w for w in notice.windows_for(cohort, "correction") if w.last_day and not w.is_over(now))
    window = next(windows, None)
    last = window.last_day if window else None
    return Clock(Phase.LATE, window, (last - now.date()).days) if last else None


def _list_apart(notice: Notice, words: FactWords, window: Window) -> str:
    """Return the spans of windows of this kind, a line each with its cohorts; empty where all have the same."""
    alike = [other for other in notice.windows if other.kind == window.kind]
    if EVERYONE in window.cohorts or len(alike) < 2 or len(notice.cohorts) < 2:
        return ""
    labels = {cohort.id: cohort.label for cohort in notice.cohorts}
    return "\n".join(
        words.window.format(label=words.comma.join(labels.get(c, c) for c in w.cohorts), span=format_span(words, w))
        for w in alike
    )


def format_span(words: FactWords, window: Window) -> str:
    """Return the days of a window in words, with the times at its ends."""
    start, end = words.format_day(window.opens), words.format_day(window.closes)
    if not (start or end):
        return words.unstated
    t0, t1 = f"{window.time_from:%H:%M}" if window.time_from else "", format_closing(window.time_to)
    if window.opens == window.closes:
        hours = f"{t0}-{t1}" if t0 and t1 else t0
        return f"{start}{hours}"
    template = words.span if start and end else words.span_since if start else words.span_until
    return template.format(start=start, end=end, t0=t0, t1=t1)


def format_closing(end: time | None) -> str:
    """Return the time at which something closes on its last day; empty where none is written."""
    if end is None:
        return ""
    return "24:00" if end == END_OF_DAY else f"{end:%H:%M}"


def _format_ended(words: FactWords, window: Window) -> str:
    late = words.ended_late.format(text=window.late.text) if window.late.text else ""
    return words.ended.format(label=window.label, end=words.format_day(window.last_day)) + late


def _fill_phase(
    notice: Notice, template: str, words: FactWords, running: Clock, cohort: str | None, now: datetime
) -> str:
    ended = (*main_windows(notice, cohort), *notice.windows_for(cohort, "correction")) or notice.windows
    window, office = running.window or ended[-1], notice.contact_for("record", cohort)
    return template.format(
        label=window.label,
        start=words.format_day(window.opens) or words.unstated,
        end=(words.format_day(window.last_day) or words.unstated) + format_closing(window.time_to),
        end_short=words.format_short(window.last_day) or words.unstated,
        safe=words.format_day(window.safe_day) or words.unstated,
        safe_short=words.format_short(window.safe_day) or words.unstated,
        days=running.days_left,
        all=words.comma.join(_format_ended(words, w) for w in ended if w.last_day),
        when=format_calling_time(words, now, running.phase),
        contact=office.person or office.role,
        phone=words.comma.join(office.phones) or office.email or office.im or words.unstated,
    )
