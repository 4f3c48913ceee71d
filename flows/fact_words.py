"""The words around the facts of a notice, from YAML, and the forms of its days. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time

from pydantic import BaseModel, ConfigDict, Field


class FactWords(BaseModel):
    """The words of facts. Templates use `{name}` for their own parts."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    day: str
    day_short: str
    weekdays: tuple[str, ...] = Field(min_length=7, max_length=7)
    span: str
    span_since: str
    span_until: str
    unstated: str
    comma: str
    named: Mapping[str, str]
    """Chinese names of the codes in a notice: `email` → 邮箱 …"""
    clock: Mapping[str, str]
    """One sentence for each of T0–T3, `T1_last`, `T2_last` for the last day, `T1_open` without an end; with `_recheck`
    behind it, where the window is that of a second look: running (T1) or still to come (T2). `wrong` and `wrong_last`
    are for whoever found something wrong while it can be corrected, `done` for whoever is done."""
    clock_short: Mapping[str, str]
    """The same in a few words, for the head of every step."""
    duty: Mapping[str, str]
    """The nearest thing besides check and corrections: `open`, `last` (today), `endless`, `opens`, `opens_today`, and
    `once`, `once_today` for a single day, each as `_text` and `_short`; `hours` of that day are put behind the text.
    `hours_daily`, `begins_at`, `closed_today` (until the `{next}` open day) and `instead` (of a window that was
    `{missed}`) are sentences of their own."""
    ended: str
    """A window that is over: `{label}`, `{end}`; T3 names all of them as `{all}`."""
    ended_late: str
    """What follows it where the notice says in words what becomes of whoever is late: `{text}`."""
    doubt: str
    doubt_last: str
    until: Mapping[str, str]
    """Until when something may be done: `open`, `last` (today), `over`, `asked` (to be asked, after a mistake)."""
    office_closes: time
    """The hour after which nobody is called any more that day: notices seldom say when their office closes."""
    office: Mapping[str, str]
    """When to call: `today`, `tomorrow`, or another `day`; `over`, where nothing presses any more, on an open day."""
    on_mismatch: Mapping[str, str]
    window: str
    window_hours: str
    window_closed: str
    closed: Mapping[str, str]
    """Names of `weekends` and `holidays`, on which nothing is done."""
    window_working_hours: str
    window_proof: str
    window_late: Mapping[str, str]
    cohort: str
    cohort_grades: str
    cohort_more: Mapping[str, str]
    """Templates of what a cohort may have: `form`, `sites`, `partner_school`, `graduates_on`, `excluded`,
    `held_back`, `note`."""
    document: str
    document_original: str
    document_copies: str
    document_copies_unstated: str
    document_condition: str
    correction: str
    correction_left: Mapping[str, str]
    """The working days that are left after today: `some` or `none`."""
    approval: Mapping[str, str]
    form: str
    contact: str
    contact_lines: Mapping[str, str]
    match_result: str
    photo_days: str
    delay: str
    device: Mapping[str, str]
    """Where the check is opened, by `pc`, `app`, `wechat`."""
    first_view: Mapping[str, str]
    """What CHSI asks before it shows the record, by `school_name`, `face`, `manual`."""
    recheck: str
    editable_by: Mapping[str, str]
    """Who changes a field `{name}` where the school cannot: `admission_office` or `police`."""
    correction_span: str
    report: Mapping[str, str]
    """Who reports: `everyone`, or who found a `mistake`; and the `desk` (`{name}`, `{ways}`) to report to."""
    proxy: Mapping[str, str]
    fields_source: Mapping[str, str]
    consequence: str
    me: Mapping[str, str]
    """Words for what is not known of the graduate yet: `major`, `wrong`, `record_missing`, `day`, `photo`; words
    behind the name of a thing that `is_unsure` or `is_missing`, and what is said of one that `differs`, `was_unsure` or
    `was_missing`; what was `found`, and what to keep one's `hands_off`, also `_pressed`: after the click."""

    def format_day(self, day: date | None) -> str | None:
        """Return the day as it is written out; None for None."""
        return self._format(self.day, day) if day else None

    def format_short(self, day: date | None) -> str | None:
        """Return the day without its year; None for None."""
        return self._format(self.day_short, day) if day else None

    def _format(self, template: str, day: date) -> str:
        weekday = self.weekdays[day.weekday()]
        return template.format(year=day.year, month=day.month, day=day.day, weekday=weekday)
