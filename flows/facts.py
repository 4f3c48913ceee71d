"""What a notice says, as named strings: the `{{ placeholders }}` of scripts, phrases and FAQ answers.

The words around the facts (`2013年12月1日`, 通知里没有写 …) come in as `Words`, from YAML. What the notice leaves open
is said to be open; nothing is guessed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from flows.clock import Clock, Phase, clock
from flows.date_words import day_of
from flows.notice import Cohort, Contact, Correction, Document, Notice, Window
from flows.workdays import working_days

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class Words(BaseModel):
    """How facts are worded. Templates use `{name}` for their own parts."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    day: str
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
    behind it, where the window is that of a second look: running (T1) or still to come (T2)."""
    clock_short: Mapping[str, str]
    """The same in a few words, for the head of every step."""
    doubt: str
    doubt_last: str
    on_mismatch: Mapping[str, str]
    window: str
    window_hours: str
    window_working_hours: str
    window_proof: str
    window_late: Mapping[str, str]
    cohort: str
    cohort_grades: str
    cohort_more: Mapping[str, str]
    """What else there may be to say: `form`, `sites`, `partner_school`, `graduates_on`, `excluded`, `note`."""
    document: str
    document_original: str
    document_copies: str
    document_copies_unstated: str
    document_condition: str
    correction: str
    correction_left: Mapping[str, str]
    """How many working days are left after today: `some` or `none`."""
    approval: Mapping[str, str]
    form: str
    contact: str
    contact_lines: Mapping[str, str]
    match_result: str
    photo_days: str
    delay: str
    proxy: Mapping[str, str]
    fields_source: Mapping[str, str]
    consequence: str
    me: Mapping[str, str]
    """What stands for the graduate while it is not known: `major`, `wrong`, `record_missing`, `day`, `photo`; and what
    follows the name of a thing that `is_unsure` or `is_missing`."""


def fill(template: str, facts: Mapping[str, str]) -> str:
    """The template with every `{{ name }}` replaced. KeyError for a name that is not among the facts."""
    return PLACEHOLDER.sub(lambda m: facts[m[1]], template).rstrip()


def placeholders(template: str) -> tuple[str, ...]:
    """The names that a template asks for, in order."""
    return tuple(PLACEHOLDER.findall(template))


LIVE = ("item.name", "heard.numbers", "sentence")
"""Placeholders that only the moment knows: what is compared, what a reader made of the words, the step's sentence."""


_Part = Iterator[tuple[str, str | None]]


class Facts(dict[str, str]):
    """Facts by name, worked out part by part as they are asked for: a step says five of eighty.

    `shared` is asked first: what is the same for many is worked out once.
    """

    def __init__(self, parts: Iterable[_Part], unstated: str, shared: Facts | None = None) -> None:
        super().__init__()
        self._shared = shared
        self._facts = ((name, unstated if value is None else value) for part in parts for name, value in part)

    def __missing__(self, name: str) -> str:
        if self._shared is not None:
            try:
                return self._shared[name]
            except KeyError:
                pass
        for known, value in self._facts:
            self[known] = value
            if known == name:
                return value
        raise KeyError(name)

    def whole(self) -> Self:
        """All of them."""
        if self._shared is not None:
            self.update(self._shared.whole())
        self.update(self._facts)
        return self


def facts(
    notice: Notice,
    words: Words,
    answers: Mapping[str, str],
    wrong: Sequence[str],
    now: datetime,
    shared: Facts | None = None,
) -> Facts:
    """Every fact of the notice for one graduate, by what was answered so far and found `wrong` (names of fields).

    The cohort chooses windows and corrections, the wrong fields choose papers. `now` is local time of the notice.
    `shared` is what `shared_facts` gave for the same cohort and moment, where somebody kept it.
    """
    cohort = answers.get("cohort") or None
    rows = notice.corrections_for(wrong, cohort)
    own = (_graduate(words, answers, wrong), _corrections(notice, words, rows, cohort, now))
    return Facts(own, words.unstated, facts_of_cohort(notice, words, cohort, now) if shared is None else shared)


def facts_of_cohort(notice: Notice, words: Words, cohort: str | None, now: datetime) -> Facts:
    """The facts that are the same for all of a cohort (an id; None: not known yet)."""
    parts = (
        _clocks(notice, words, cohort, now),
        _people(notice, words, cohort),
        _head(notice, words),
        _site(notice, words),
        _windows(notice, words, cohort, now),
    )
    return Facts(parts, words.unstated)


def _head(notice: Notice, words: Words) -> _Part:
    yield "notice.title", notice.notice.title
    yield "notice.short", notice.notice.short
    yield "notice.issued_on", _day(words, notice.notice.issued_on)
    yield "notice.attachments", "\n".join(notice.notice.attachments) or None
    yield "school.name", notice.school.name
    yield "school.unit", notice.school.unit
    yield "school.units", words.comma.join((notice.school.unit, *notice.school.unit_aliases))
    yield "school.basis", words.comma.join(notice.school.basis) or None
    yield "cohorts.list", "\n".join(_cohort(words, c) for c in notice.cohorts)
    yield "warnings", "\n".join(notice.warnings) or None
    lines = (words.consequence.format(when=c.when, then=c.then) for c in notice.consequences)
    yield "consequence", "\n".join(lines) or None
    shown = (c.shown_to_students for c in notice.conflicts if c.shown_to_students)
    yield "conflicts", "\n".join(shown) or None


def _clocks(notice: Notice, words: Words, cohort: str | None, now: datetime) -> _Part:
    running = clock(notice, cohort, now)
    yield "clock.short", _describe(notice, words.clock_short, words, running, cohort)
    yield "clock", _clock(notice, words, running, cohort)
    yield "today", _day(words, now.date())
    ends = running.window.last_day if running.window else None
    yield "deadline", _day(words, ends)
    yield "days_left", _days_left(ends, now)


def _windows(notice: Notice, words: Words, cohort: str | None, now: datetime) -> _Part:
    for kind in ("check", "correction"):
        windows = notice.windows_for(cohort, kind)
        window = next((w for w in windows if not w.over(now)), windows[-1] if windows else None)
        yield f"{kind}.from", _day(words, window.opens if window else None)
        yield f"{kind}.to", _day(words, window.closes if window else None)
        yield f"{kind}.safe", _day(words, window.safe_day if window else None)
        yield f"{kind}.span", _span(words, window) if window else None
        yield f"{kind}.days_left", _days_left(window.last_day if window else None, now)
    yield "windows.list", "\n".join(_window(words, w) for w in notice.windows_for(cohort))


def _people(notice: Notice, words: Words, cohort: str | None) -> _Part:
    for name, contact in (
        ("contact", notice.contact_for("record", cohort)),
        ("photo_contact", notice.contact_for("photo", cohort)),
    ):
        yield f"{name}.name", contact.role + (contact.person or "")
        yield f"{name}.role", contact.role
        yield f"{name}.person", contact.person or contact.role
        yield f"{name}.phone", words.comma.join(contact.phones) or None
        yield f"{name}.email", contact.email
        yield f"{name}.room", contact.room
        yield f"{name}.hours", contact.hours
        yield f"{name}.card", _card(words, contact)
    yield "contacts.list", "\n\n".join(_card(words, c) for c in notice.contacts_for(cohort))
    yield "chsi.email", notice.contact(notice.routing.account).email
    yield "privacy.days", str(notice.privacy.retention_days_after_last_window)
    yield "privacy.collects", words.comma.join(notice.privacy.collects) or None


def _site(notice: Notice, words: Words) -> _Part:
    account, entry, rule, photo = notice.account, notice.entry_paths[0], notice.verdict, notice.photo
    yield "account.username", _field_name(words, account.username)
    yield "account.unique", _field_name(words, account.unique)
    yield "account.channels", _field_name(words, account.code_channels)
    yield "account.id_rule", account.id_rule
    yield "account.keep", words.comma.join(account.keep) or None
    yield "browser", account.browser
    yield "site.url", notice.links[0].url
    yield "site.label", notice.links[0].label
    yield "entry.label", entry.label
    yield "entry.url", entry.url
    yield "entry.clicks", " → ".join(entry.clicks) or None
    yield "entry.as_of", entry.as_of
    yield "verdict.ok", rule.ok_button
    yield "verdict.wrong", rule.wrong_button
    yield "verdict.on_mismatch", words.on_mismatch[rule.on_mismatch].format(ok=rule.ok_button, wrong=rule.wrong_button)
    yield "verdict.proxy", words.proxy["yes" if rule.proxy_allowed else "no"]
    hours = rule.effect_delay_hours
    yield "verdict.delay", words.delay.format(hours=hours) if hours is not None else None
    yield "fields.list", words.comma.join(f.name for f in notice.check_fields)
    yield "fields.source", words.fields_source[notice.check_fields_source]
    yield "fields.ignored", words.comma.join(notice.ignore_fields) or None
    yield "photo.how", photo.code_how
    yield "photo.vendor", photo.vendor
    yield "photo.apps", words.comma.join(photo.apps) or None
    yield "photo.feature_code", photo.feature_code
    yield "photo.already_done", photo.already_done_rule
    yield "photo.fee", photo.fee
    yield "photo.spec", words.comma.join(photo.spec) or None
    days = photo.shows_after_days
    yield "photo.days", words.photo_days.format(least=days[0], most=days[1]) if days else None
    results = (words.match_result.format(value=r.value, action=r.action) for r in photo.match_results)
    yield "photo.results", "\n".join(results) or None
    yield "photo.dislike", photo.dislike_rule


def _graduate(words: Words, answers: Mapping[str, str], wrong: Sequence[str]) -> _Part:
    names = words.comma.join(_describe_wrong(words, answers, name) for name in wrong)
    unnamed = words.me["record_missing" if answers.get("record") == "missing" else "wrong"]
    yield "me.major", answers.get("major") or words.me["major"]
    yield "me.wrong", names or unnamed
    for name in ("clicked", "reported"):
        yield f"me.{name}", _day(words, day_of(answers.get(name))) or words.me["day"]


def _describe_wrong(words: Words, answers: Mapping[str, str], name: str) -> str:
    if name == "photo":
        return words.me["photo"] + words.me.get(f"is_{answers.get(name)}", "")
    return name + words.me.get(f"is_{answers.get(f'field:{name}')}", "")


def _corrections(notice: Notice, words: Words, rows: Sequence[Correction], cohort: str | None, now: datetime) -> _Part:
    papers = dict.fromkeys(_document(words, d) for row in rows for d in row.documents)
    forms = dict.fromkeys(words.form.format(name=name) for row in rows for name in row.forms)
    yield "papers", "\n".join((*papers, *forms)) or None
    yield "corrections.where", next((row.where for row in rows if row.where), None)
    refused = [_correction(words, c) for c in notice.corrections if c.allowed == "no"]
    doubts = [c.shown_to_students for c in notice.conflicts if c.topic == "correction" and c.shown_to_students]
    yield "corrections.no_go", "\n".join((*refused, *doubts)) or None
    yield "corrections.list", "\n".join(_correction(words, row) for row in rows)
    ends = (w.last_day for w in notice.windows_for(cohort, "correction") if w.last_day and not w.over(now))
    end = min(ends, default=now.date())
    left = working_days(now.date(), end)
    yield "correction.working_days", str(left)
    yield "correction.left", words.correction_left["some" if left else "none"].format(n=left)


def _day(words: Words, day: date | None) -> str | None:
    if day is None:
        return None
    return words.day.format(year=day.year, month=day.month, day=day.day, weekday=words.weekdays[day.weekday()])


def _days_left(end: date | None, now: datetime) -> str | None:
    return str(max(0, (end - now.date()).days)) if end else None


def _span(words: Words, window: Window) -> str:
    start, end = _day(words, window.opens), _day(words, window.closes)
    template = words.span if start and end else words.span_since if start else words.span_until
    if not (start or end):
        return words.unstated
    t0, t1 = (f"{t:%H:%M}" if t else "" for t in (window.time_from, window.time_to))
    return template.format(start=start, end=end, t0=t0, t1=t1)


def _window(words: Words, window: Window) -> str:
    line = words.window.format(label=window.label, span=_span(words, window))
    if window.hours:
        line += words.window_hours.format(hours=words.comma.join(window.hours))
    if window.working_hours_only:
        line += words.window_working_hours
    if window.proof and window.proof != "none":
        line += words.window_proof.format(proof=words.named[window.proof])
    if window.late.text or window.late.policy != "none":
        line += words.window_late["text"].format(text=window.late.text or words.window_late[window.late.policy])
    return line + (window.note or "")


def _clock(notice: Notice, words: Words, running: Clock, cohort: str | None) -> str:
    window = running.window
    doubtful = window and running.phase in (Phase.CHECK, Phase.LATE) and window.end_inclusive == "unknown"
    said = _describe(notice, words.clock, words, running, cohort)
    if not doubtful:
        return said
    doubt = words.doubt_last if running.days_left == 0 else words.doubt
    return said + _describe_time(notice, doubt, words, running, cohort)


def _describe(notice: Notice, templates: Mapping[str, str], words: Words, running: Clock, cohort: str | None) -> str:
    phase = running.phase.value
    special = {0: f"{phase}_last", None: f"{phase}_open"}.get(running.days_left, phase)
    kind = running.window.kind if running.window else ""
    template = next(templates[name] for name in (f"{special}_{kind}", special, phase) if name in templates)
    return _describe_time(notice, template, words, running, cohort)


def _describe_time(notice: Notice, template: str, words: Words, running: Clock, cohort: str | None) -> str:
    window = running.window or notice.windows_for(cohort, "check", "recheck", "correction")[-1]
    office = notice.contact_for("record", cohort)
    return template.format(
        label=window.label,
        start=_day(words, window.opens) or words.unstated,
        end=_day(words, window.last_day) or words.unstated,
        safe=_day(words, window.safe_day) or words.unstated,
        days=running.days_left,
        contact=office.person or office.role,
        phone=words.comma.join(office.phones) or office.email or office.im or words.unstated,
    )


def _cohort(words: Words, cohort: Cohort) -> str:
    majors = words.comma.join(cohort.majors)
    grades = words.cohort_grades.format(grades=words.comma.join(cohort.grades)) if cohort.grades else ""
    line = words.cohort.format(label=cohort.label, grades=grades, majors=majors).rstrip("：: ")
    more = {
        "form": cohort.form,
        "sites": words.comma.join(cohort.sites),
        "partner_school": cohort.partner_school if (cohort.partner_school or "") not in cohort.label else None,
        "graduates_on": _day(words, cohort.graduates_on),
        "excluded": words.comma.join(cohort.excluded),
        "note": cohort.note,
    }
    return line + "".join(words.cohort_more[name].format(value=value) for name, value in more.items() if value)


def _document(words: Words, paper: Document) -> str:
    parts = [words.document_original] if paper.original else []
    parts += [words.document_copies_unstated] if paper.copies is None else []
    parts += [words.document_copies.format(n=paper.copies)] if paper.copies else []
    condition = words.document_condition.format(condition=paper.condition) if paper.condition else ""
    return words.document.format(name=paper.name, how=words.comma.join(parts), condition=condition)


def _correction(words: Words, row: Correction) -> str:
    kind = words.named["any_correction"] if row.kind == "*" else row.kind
    approval = words.approval[row.approval] if row.approval else ""
    return words.correction.format(kind=kind, allowed=words.named[row.allowed], why=row.why or "", approval=approval)


def _card(words: Words, contact: Contact) -> str:
    lines = {
        "phones": words.comma.join(contact.phones),
        "email": contact.email,
        "im": contact.im,
        "room": contact.room,
        "hours": contact.hours,
    }
    shown = (words.contact_lines[name].format(value=value) for name, value in lines.items() if value)
    missing = words.comma.join(words.named[name] for name in ("room", "hours") if not lines[name])
    note = [words.contact_lines["missing"].format(names=missing)] if missing and contact.topics != ("account",) else []
    return "\n".join((words.contact.format(role=contact.role, person=contact.person or ""), *shown, *note))


def _field_name(words: Words, codes: Sequence[str]) -> str | None:
    return words.comma.join(words.named[c] for c in codes) or None
