"""Facts of a notice as named strings: the `{{ placeholders }}` of scripts, phrases and FAQ answers.

The words around the facts (`2013年12月1日`, 通知里没有写 …) come in as `FactWords`, from YAML. For what the notice
leaves open there is a phrase that says so; nothing is guessed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from flows.clock import Clock, Phase, running_clock
from flows.date_words import day_of
from flows.notice import Cohort, Contact, Correction, Document, Notice
from flows.windows import Window
from flows.workdays import count_workdays

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class FactWords(BaseModel):
    """The words of facts. Templates use `{name}` for their own parts."""

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
    """Templates of what a cohort may have: `form`, `sites`, `partner_school`, `graduates_on`, `excluded`, `note`."""
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
    proxy: Mapping[str, str]
    fields_source: Mapping[str, str]
    consequence: str
    me: Mapping[str, str]
    """Words for what is not known of the graduate yet: `major`, `wrong`, `record_missing`, `day`, `photo`; and words
    behind the name of a thing that `is_unsure` or `is_missing`."""


def fill(template: str, facts: Mapping[str, str]) -> str:
    """Return the template with every `{{ name }}` replaced. KeyError for a name that is not among the facts."""
    return PLACEHOLDER.sub(lambda m: facts[m[1]], template).rstrip()


def placeholders(template: str) -> tuple[str, ...]:
    """Return the names in a template, in order."""
    return tuple(PLACEHOLDER.findall(template))


LIVE = ("item.name", "heard.numbers", "sentence")
"""Placeholders filled per turn: the thing that is compared, the numbers a reader found, the step's sentence."""


_NamedFacts = Iterator[tuple[str, str | None]]


class Facts(dict[str, str]):
    """Facts by name, computed part by part on demand: a step uses five of eighty.

    `shared` is looked up first: facts that are the same for many are computed once.
    """

    def __init__(self, parts: Iterable[_NamedFacts], unstated: str, shared: Facts | None = None) -> None:
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
        """Compute all facts and return this object."""
        if self._shared is not None:
            self.update(self._shared.whole())
        self.update(self._facts)
        return self


def facts(
    notice: Notice,
    words: FactWords,
    answers: Mapping[str, str],
    wrong: Sequence[str],
    now: datetime,
    shared: Facts | None = None,
) -> Facts:
    """Return every fact of the notice for one graduate, by the answers so far and the `wrong` fields (names).

    The cohort chooses windows and corrections, the wrong fields choose papers. `now` is local time of the notice.
    `shared` is the cached result of `facts_of_cohort` for the same cohort and moment.
    """
    cohort = answers.get("cohort") or None
    rows = notice.corrections_for(wrong, cohort)
    own = (_graduate_facts(words, answers, wrong), _correction_facts(notice, words, rows, cohort, now))
    return Facts(own, words.unstated, facts_of_cohort(notice, words, cohort, now) if shared is None else shared)


def facts_of_cohort(notice: Notice, words: FactWords, cohort: str | None, now: datetime) -> Facts:
    """Return the facts that are the same for all of a cohort (an id; None: not known yet)."""
    parts = (
        _clock_facts(notice, words, cohort, now),
        _contact_facts(notice, words, cohort),
        _head_facts(notice, words),
        _site_facts(notice, words),
        _window_facts(notice, words, cohort, now),
    )
    return Facts(parts, words.unstated)


def _head_facts(notice: Notice, words: FactWords) -> _NamedFacts:
    yield "notice.title", notice.notice.title
    yield "notice.short", notice.notice.short
    yield "notice.issued_on", _format_day(words, notice.notice.issued_on)
    yield "notice.attachments", "\n".join(notice.notice.attachments) or None
    yield "school.name", notice.school.name
    yield "school.unit", notice.school.unit
    yield "school.units", words.comma.join((notice.school.unit, *notice.school.unit_aliases))
    yield "school.basis", words.comma.join(notice.school.basis) or None
    yield "cohorts.list", "\n".join(_format_cohort(words, c) for c in notice.cohorts)
    yield "warnings", "\n".join(notice.warnings) or None
    lines = (words.consequence.format(when=c.when, then=c.then) for c in notice.consequences)
    yield "consequence", "\n".join(lines) or None
    shown = (c.shown_to_students for c in notice.conflicts if c.shown_to_students)
    yield "conflicts", "\n".join(shown) or None


def _clock_facts(notice: Notice, words: FactWords, cohort: str | None, now: datetime) -> _NamedFacts:
    running = running_clock(notice, cohort, now)
    yield "clock.short", _describe_phase(notice, words.clock_short, words, running, cohort)
    yield "clock", _format_clock(notice, words, running, cohort)
    yield "today", _format_day(words, now.date())
    ends = running.window.last_day if running.window else None
    yield "deadline", _format_day(words, ends)
    yield "days_left", _count_days(ends, now)


def _window_facts(notice: Notice, words: FactWords, cohort: str | None, now: datetime) -> _NamedFacts:
    for kind in ("check", "correction"):
        windows = notice.windows_for(cohort, kind)
        window = next((w for w in windows if not w.is_over(now)), windows[-1] if windows else None)
        yield f"{kind}.from", _format_day(words, window.opens if window else None)
        yield f"{kind}.to", _format_day(words, window.closes if window else None)
        yield f"{kind}.safe", _format_day(words, window.safe_day if window else None)
        yield f"{kind}.span", _format_span(words, window) if window else None
        yield f"{kind}.days_left", _count_days(window.last_day if window else None, now)
    yield "windows.list", "\n".join(_format_window(words, w) for w in notice.windows_for(cohort))


def _contact_facts(notice: Notice, words: FactWords, cohort: str | None) -> _NamedFacts:
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
        yield f"{name}.card", _format_contact(words, contact)
    yield "contacts.list", "\n\n".join(_format_contact(words, c) for c in notice.contacts_for(cohort))
    yield "chsi.email", notice.contact(notice.routing.account).email
    yield "privacy.days", str(notice.privacy.retention_days_after_last_window)
    yield "privacy.collects", words.comma.join(notice.privacy.collects) or None


def _site_facts(notice: Notice, words: FactWords) -> _NamedFacts:
    account, entry, rule, photo = notice.account, notice.entry_paths[0], notice.verdict, notice.photo
    yield "account.username", _join_names(words, account.username)
    yield "account.unique", _join_names(words, account.unique)
    yield "account.channels", _join_names(words, account.code_channels)
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


def _graduate_facts(words: FactWords, answers: Mapping[str, str], wrong: Sequence[str]) -> _NamedFacts:
    names = words.comma.join(_describe_wrong(words, answers, name) for name in wrong)
    unnamed = words.me["record_missing" if answers.get("record") == "missing" else "wrong"]
    yield "me.major", answers.get("major") or words.me["major"]
    yield "me.wrong", names or unnamed
    for name in ("clicked", "reported"):
        yield f"me.{name}", _format_day(words, day_of(answers.get(name))) or words.me["day"]


def _describe_wrong(words: FactWords, answers: Mapping[str, str], name: str) -> str:
    if name == "photo":
        return words.me["photo"] + words.me.get(f"is_{answers.get(name)}", "")
    return name + words.me.get(f"is_{answers.get(f'field:{name}')}", "")


def _correction_facts(
    notice: Notice, words: FactWords, rows: Sequence[Correction], cohort: str | None, now: datetime
) -> _NamedFacts:
    papers = dict.fromkeys(_format_document(words, d) for row in rows for d in row.documents)
    forms = dict.fromkeys(words.form.format(name=name) for row in rows for name in row.forms)
    yield "papers", "\n".join((*papers, *forms)) or None
    yield "corrections.where", next((row.where for row in rows if row.where), None)
    refused = [_format_correction(words, c) for c in notice.corrections if c.allowed == "no"]
    doubts = [c.shown_to_students for c in notice.conflicts if c.topic == "correction" and c.shown_to_students]
    yield "corrections.no_go", "\n".join((*refused, *doubts)) or None
    yield "corrections.list", "\n".join(_format_correction(words, row) for row in rows)
    ends = (w.last_day for w in notice.windows_for(cohort, "correction") if w.last_day and not w.is_over(now))
    end = min(ends, default=now.date())
    left = count_workdays(now.date(), end)
    yield "correction.working_days", str(left)
    yield "correction.left", words.correction_left["some" if left else "none"].format(n=left)


def _format_day(words: FactWords, day: date | None) -> str | None:
    if day is None:
        return None
    return words.day.format(year=day.year, month=day.month, day=day.day, weekday=words.weekdays[day.weekday()])


def _count_days(end: date | None, now: datetime) -> str | None:
    return str(max(0, (end - now.date()).days)) if end else None


def _format_span(words: FactWords, window: Window) -> str:
    start, end = _format_day(words, window.opens), _format_day(words, window.closes)
    template = words.span if start and end else words.span_since if start else words.span_until
    if not (start or end):
        return words.unstated
    t0, t1 = (f"{t:%H:%M}" if t else "" for t in (window.time_from, window.time_to))
    return template.format(start=start, end=end, t0=t0, t1=t1)


def _format_window(words: FactWords, window: Window) -> str:
    line = words.window.format(label=window.label, span=_format_span(words, window))
    if window.hours:
        line += words.window_hours.format(hours=words.comma.join(window.hours))
    if window.working_hours_only:
        line += words.window_working_hours
    if window.proof and window.proof != "none":
        line += words.window_proof.format(proof=words.named[window.proof])
    if window.late.text or window.late.policy != "none":
        line += words.window_late["text"].format(text=window.late.text or words.window_late[window.late.policy])
    return line + (window.note or "")


def _format_clock(notice: Notice, words: FactWords, running: Clock, cohort: str | None) -> str:
    window = running.window
    doubtful = window and running.phase in (Phase.CHECK, Phase.LATE) and window.end_inclusive == "unknown"
    text = _describe_phase(notice, words.clock, words, running, cohort)
    if not doubtful:
        return text
    doubt = words.doubt_last if running.days_left == 0 else words.doubt
    return text + _fill_phase(notice, doubt, words, running, cohort)


def _describe_phase(
    notice: Notice, templates: Mapping[str, str], words: FactWords, running: Clock, cohort: str | None
) -> str:
    phase = running.phase.value
    special = {0: f"{phase}_last", None: f"{phase}_open"}.get(running.days_left, phase)
    kind = running.window.kind if running.window else ""
    template = next(templates[name] for name in (f"{special}_{kind}", special, phase) if name in templates)
    return _fill_phase(notice, template, words, running, cohort)


def _fill_phase(notice: Notice, template: str, words: FactWords, running: Clock, cohort: str | None) -> str:
    window = running.window or notice.windows_for(cohort, "check", "recheck", "correction")[-1]
    office = notice.contact_for("record", cohort)
    return template.format(
        label=window.label,
        start=_format_day(words, window.opens) or words.unstated,
        end=_format_day(words, window.last_day) or words.unstated,
        safe=_format_day(words, window.safe_day) or words.unstated,
        days=running.days_left,
        contact=office.person or office.role,
        phone=words.comma.join(office.phones) or office.email or office.im or words.unstated,
    )


def _format_cohort(words: FactWords, cohort: Cohort) -> str:
    majors = words.comma.join(cohort.majors)
    grades = words.cohort_grades.format(grades=words.comma.join(cohort.grades)) if cohort.grades else ""
    line = words.cohort.format(label=cohort.label, grades=grades, majors=majors).rstrip("：: ")
    more = {
        "form": cohort.form,
        "sites": words.comma.join(cohort.sites),
        "partner_school": cohort.partner_school if (cohort.partner_school or "") not in cohort.label else None,
        "graduates_on": _format_day(words, cohort.graduates_on),
        "excluded": words.comma.join(cohort.excluded),
        "note": cohort.note,
    }
    return line + "".join(words.cohort_more[name].format(value=value) for name, value in more.items() if value)


def _format_document(words: FactWords, paper: Document) -> str:
    parts = [words.document_original] if paper.original else []
    parts += [words.document_copies_unstated] if paper.copies is None else []
    parts += [words.document_copies.format(n=paper.copies)] if paper.copies else []
    condition = words.document_condition.format(condition=paper.condition) if paper.condition else ""
    return words.document.format(name=paper.name, how=words.comma.join(parts), condition=condition)


def _format_correction(words: FactWords, row: Correction) -> str:
    kind = words.named["any_correction"] if row.kind == "*" else row.kind
    approval = words.approval[row.approval] if row.approval else ""
    return words.correction.format(kind=kind, allowed=words.named[row.allowed], why=row.why or "", approval=approval)


def _format_contact(words: FactWords, contact: Contact) -> str:
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


def _join_names(words: FactWords, codes: Sequence[str]) -> str | None:
    return words.comma.join(words.named[c] for c in codes) or None
