"""Facts of a notice as named strings: the `{{ placeholders }}` of scripts, phrases and FAQ answers.

The words around the facts (`2013年12月1日`, 通知里没有写 …) come in as `FactWords`, from YAML. For what the notice
leaves open there is a phrase that says so; nothing is guessed here.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Self, get_args

from flows.clock_facts import Standing, clock_facts, format_span
from flows.fact_words import FactWords
from flows.graduate_facts import causes_in, graduate_facts
from flows.notice import Cohort, Contact, Notice
from flows.papers import Correction, Document
from flows.windows import Kind, Window
from flows.workdays import count_workdays

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


CLAUSE = re.compile(r"\[\[(?P<said>(?:(?!\]\]|\[\[|\|).)*)(?:\|(?P<other>(?:(?!\]\]|\[\[).)*))?\]\]", re.DOTALL)
"""`[[words with {{ facts }}|other words]]`: where the notice lacks one of the facts, the other words stand, or none."""


def fill(template: str, facts: Mapping[str, str], write: Callable[[str], str] = str) -> str:
    """Return the template with its clauses chosen and every `{{ name }}` replaced, each fact as `write` returns it.

    KeyError for a name that is not among the facts.
    """
    return PLACEHOLDER.sub(lambda m: write(facts[m[1].strip()]), choose_clauses(template, facts)).rstrip()


def choose_clauses(template: str, facts: Mapping[str, str]) -> str:
    """Return the template with its clauses chosen. KeyError."""
    return CLAUSE.sub(lambda m: _choose(m, facts), template) if "[[" in template else template


def _choose(clause: re.Match[str], facts: Mapping[str, str]) -> str:
    is_said = all(_says(facts, name) for name in placeholders(clause["said"]))
    return clause["said"] if is_said else clause["other"] or ""


def _says(facts: Mapping[str, str], name: str) -> bool:
    """Return whether there is something to say for a name; the first of several maps that has it decides."""
    first, *more = facts.maps if isinstance(facts, ChainMap) else (facts,)
    if isinstance(first, Facts):
        return first.says(name)
    return bool(first[name]) if name in first or not more else _says(more[0], name)


def placeholders(template: str) -> tuple[str, ...]:
    """Return the names in a template, in order."""
    return tuple(name.strip() for name in PLACEHOLDER.findall(template))


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
        self._unstated = unstated
        self._facts = ((name, unstated if value is None else value) for part in parts for name, value in part)

    def says(self, name: str) -> bool:
        """Return whether the notice says something for this name. KeyError for a name that is no fact."""
        return self[name] not in ("", self._unstated)

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
        own = {**self, **dict(self._facts)}
        if self._shared is not None:
            self.update(self._shared.whole())
        self.update(own)
        return self


def facts(
    notice: Notice,
    words: FactWords,
    answers: Mapping[str, str],
    wrong: Sequence[str],
    now: datetime,
    shared: Facts | None = None,
    standing: Standing = "",
) -> Facts:
    """Return every fact of the notice for one graduate, by the answers so far and the `wrong` fields (names).

    The cohort chooses windows and corrections, the wrong fields choose papers, `standing` the sentences of the clock.
    `now` is local time of the notice. `shared` is the cached `facts_of_cohort` of the same cohort, moment and standing.
    """
    cohort = answers.get("cohort") or None
    own = (graduate_facts(notice, words, answers, wrong), _correction_facts(notice, words, answers, wrong, now))
    if shared is None:
        shared = facts_of_cohort(notice, words, cohort, now, standing)
    return Facts(own, words.unstated, shared)


def facts_of_cohort(
    notice: Notice, words: FactWords, cohort: str | None, now: datetime, standing: Standing = ""
) -> Facts:
    """Return the facts that are the same for all of a cohort (an id; None: not known yet) who stand alike."""
    parts = (
        clock_facts(notice, words, cohort, now, standing),
        _contact_facts(notice, words, cohort),
        _head_facts(notice, words),
        _site_facts(notice, words),
        _window_facts(notice, words, cohort, now),
        _chapter_facts(notice, words),
    )
    return Facts(parts, words.unstated)


def _head_facts(notice: Notice, words: FactWords) -> _NamedFacts:
    yield "notice.title", notice.notice.title
    yield "notice.task", words.named["task_check" if notice.has_check else "task_capture"]
    yield "notice.short", notice.notice.short
    yield "notice.doc_no", notice.notice.doc_no
    yield "notice.issued_on", words.format_day(notice.notice.issued_on)
    yield "notice.attachments", "\n".join(notice.notice.attachments) or None
    yield "school.name", notice.school.name
    yield "school.unit", notice.school.unit
    unit = notice.school.unit.removeprefix(notice.school.name)
    yield "school.office", notice.school.name + unit
    yield "school.units", words.comma.join((notice.school.unit, *notice.school.unit_aliases))
    yield "school.basis", words.comma.join(notice.school.basis) or None
    yield "cohorts.list", "\n".join(_format_cohort(words, c) for c in notice.cohorts)
    yield "warnings", "\n".join(notice.warnings) or None
    lines = (words.consequence.format(when=c.when, then=c.then) for c in notice.consequences)
    yield "consequence", "\n".join(lines) or None
    others = (
        c for c in notice.conflicts if c.topic not in ("check", "correction")
    )  # the clock, the refusals tell those
    shown = (c.shown_to_students for c in others if c.shown_to_students)
    yield "conflicts", "\n".join(shown) or None


def _window_facts(notice: Notice, words: FactWords, cohort: str | None, now: datetime) -> _NamedFacts:
    for kind in get_args(Kind):
        windows = notice.windows_for(cohort, kind)
        window = next((w for w in windows if not w.is_over(now)), windows[-1] if windows else None)
        yield f"{kind}.from", words.format_day(window.opens if window else None)
        yield f"{kind}.to", words.format_day(window.closes if window else None)
        yield f"{kind}.safe", words.format_day(window.safe_day if window else None)
        yield f"{kind}.label", window.label if window else None
        yield f"{kind}.late", window.late.text if window else None
        yield f"{kind}.span", format_span(words, window) if window else None
        yield f"{kind}.days_left", _count_days(window.last_day if window else None, now)
    photo = notice.windows_for(cohort, "capture", "recapture")
    yield "photo.times", "\n".join(format_window(words, w) for w in photo) or None
    yield "windows.list", "\n".join(format_window(words, w) for w in notice.windows_for(cohort))


def _contact_facts(notice: Notice, words: FactWords, cohort: str | None) -> _NamedFacts:
    for name, contact in (
        ("contact", notice.contact_for("record", cohort)),
        ("photo_contact", notice.contact_for("photo", cohort)),
        ("diploma_contact", notice.contact(notice.routing.old_diploma)),
    ):
        yield f"{name}.name", contact.role + (contact.person or "")
        yield f"{name}.role", contact.role
        yield f"{name}.person", contact.person or contact.role
        yield f"{name}.phone", _say_ways(words, contact)
        yield f"{name}.email", contact.email
        yield f"{name}.room", contact.room
        yield f"{name}.hours", contact.hours
        yield f"{name}.card", _format_contact(words, contact)
    yield "contacts.list", "\n\n".join(_format_contact(words, c) for c in notice.contacts_for(cohort))
    yield "chsi.email", notice.contact(notice.routing.account).email
    yield "privacy.days", str(notice.privacy.retention_days_after_last_window)
    about = notice.privacy.contact and notice.contact(notice.privacy.contact)
    yield "privacy.contact", about.role + (about.person or "") if about else None
    yield "privacy.processor", notice.privacy.processor
    yield "privacy.collects", words.comma.join(notice.privacy.collects) or None


def _site_facts(notice: Notice, words: FactWords) -> _NamedFacts:
    account, entry, rule, photo = notice.account, notice.entry_paths[0], notice.verdict, notice.photo
    yield "account.username", _join_names(words, account.username)
    yield "account.unique", _join_names(words, account.unique)
    yield "account.channels", _join_names(words, account.code_channels)
    yield "account.id_rule", account.id_rule
    yield "account.other_login", words.comma.join(account.other_login) or None
    yield "account.first_view", words.first_view.get(account.first_view_identity_check or "")
    yield "account.keep", words.comma.join(account.keep) or None
    yield "browser", account.browser
    yield "site.url", notice.links[0].url
    yield "site.label", notice.links[0].label
    yield "entry.label", entry.label
    yield "entry.url", entry.url
    yield "entry.clicks", " → ".join(entry.clicks) or None
    yield "entry.as_of", entry.as_of
    yield "entry.device", words.device[entry.device]
    yield "verdict.ok", rule.ok_button or words.named["ok_button"]
    yield "verdict.wrong", rule.wrong_button
    yield (
        "verdict.on_mismatch",
        words.on_mismatch[rule.on_mismatch].format(
            ok=rule.ok_button or words.named["ok_button"], wrong=rule.wrong_button
        ),
    )
    yield "verdict.proxy", words.proxy["yes" if rule.proxy_allowed else "no"]
    yield "verdict.recheck", words.recheck if rule.recheck_required else None
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


def _chapter_facts(notice: Notice, words: FactWords) -> _NamedFacts:
    """Yield what is said of 身份复核, of reports and of the day of the diplomas."""
    report, collection = notice.report, notice.collection
    for name, row in (("identity", notice.identity), ("upgrade", notice.upgrade)):
        window = next((w for w in notice.windows if row and w.id == row.window), None)
        yield f"{name}.papers", _list_papers(words, row.documents if row else ())
        yield f"{name}.where", row.where if row else None
        yield f"{name}.span", format_span(words, window) if window else None
    desk = notice.contact(report.to) if report.to else None
    yield "report.rule", words.report["everyone" if report.everyone else "mistake"]
    yield "report.by", report.by
    yield (
        "report.desk",
        words.report["desk"].format(name=desk.role + (desk.person or ""), ways=_say_ways(words, desk))
        if desk
        else None,
    )
    yield "report.how", report.how
    yield "report.papers", _list_papers(words, report.documents)
    yield "collection.where", collection.where
    yield "collection.papers", _list_papers(words, collection.documents)
    yield "collection.proxy", collection.proxy


def _say_ways(words: FactWords, contact: Contact) -> str | None:
    return words.comma.join(contact.phones) or contact.email or contact.im


def _list_papers(words: FactWords, papers: Sequence[Document]) -> str | None:
    return "\n".join(_format_document(words, paper) for paper in papers) or None


def _correction_facts(
    notice: Notice, words: FactWords, answers: Mapping[str, str], wrong: Sequence[str], now: datetime
) -> _NamedFacts:
    cohort = answers.get("cohort") or None
    rows = notice.corrections_for(wrong, cohort, causes_in(answers))
    own = [f.documents for f in notice.check_fields if f.name in wrong and f.documents]
    documents = [*own, *(row.documents for row in rows)] if len(own) < max(1, len(wrong)) else own
    papers = dict.fromkeys(_format_document(words, d) for some in documents for d in some)
    forms = dict.fromkeys(words.form.format(name=name) for row in rows for name in row.forms)
    yield "papers", "\n".join((*papers, *forms)) or None
    yield "corrections.where", next((row.where for row in rows if row.where), None)
    refused = [_format_correction(words, c) for c in notice.corrections if c.allowed == "no"]
    doubts = [c.shown_to_students for c in notice.conflicts if c.topic == "correction" and c.shown_to_students]
    yield "corrections.no_go", "\n".join((*refused, *doubts)) or None
    windows = {window.id: window for window in notice.windows_for(cohort, "correction")}
    several = len(windows) > 1
    names = words.comma.join(words.me["photo"] if name == "photo" else name for name in wrong) or words.me["wrong"]
    named = names if len(rows) == 1 else words.named["any_correction"]
    told = [_format_correction(words, row, named, windows.get(row.window or "") if several else None) for row in rows]
    told += _say_who_edits(notice, words, wrong)
    yield "corrections.list", "\n".join([*told, *(doubts if any(row.allowed == "no" for row in rows) else ())])
    ends = (w.last_day for w in notice.windows_for(cohort, "correction") if w.last_day and not w.is_over(now))
    end = min(ends, default=now.date())
    left = count_workdays(now.date(), end)
    yield "correction.working_days", str(left)
    yield "correction.left", words.correction_left["some" if left else "none"].format(n=left)


def _count_days(end: date | None, now: datetime) -> str | None:
    return str(max(0, (end - now.date()).days)) if end else None


def format_window(words: FactWords, window: Window) -> str:
    """Return a window as graduates are told of it: days, hours, closed days, proof, what is done when late."""
    line = words.window.format(label=window.label, span=format_span(words, window))
    if window.hours:
        line += words.window_hours.format(hours=words.comma.join(window.hours))
    if window.closed:
        days = (words.closed[day] if isinstance(day, str) else words.format_short(day) or "" for day in window.closed)
        line += words.window_closed.format(days=words.comma.join(days))
    if window.working_hours_only:
        line += words.window_working_hours
    if window.proof and window.proof != "none":
        line += words.window_proof.format(proof=words.named[window.proof])
    is_told = window.kind not in ("register_public", "collection", "prepare") and window.late.policy != "none"
    if window.late.text or is_told:
        said = window.late.text or words.window_late[window.late.policy]
        is_said = re.match("逾期|过期|超过|未按时|未在", said)  # the notice says itself what it is about
        line += words.window_late["said" if is_said else "text"].format(text=said)
    return line + (window.note or "")


def _format_cohort(words: FactWords, cohort: Cohort) -> str:
    majors = "" if cohort.label == words.comma.join(cohort.majors) else words.comma.join(cohort.majors)
    unsaid = [grade for grade in cohort.grades if grade not in cohort.label]
    grades = words.cohort_grades.format(grades=words.comma.join(unsaid)) if unsaid else ""
    line = words.cohort.format(label=cohort.label, grades=grades, majors=majors).rstrip("：: ")
    more = {
        "form": cohort.form,
        "sites": words.comma.join(cohort.sites),
        "partner_school": cohort.partner_school if (cohort.partner_school or "") not in cohort.label else None,
        "graduates_on": words.format_day(cohort.graduates_on),
        "excluded": words.comma.join(cohort.excluded),
        "held_back": cohort.includes_held_back and "留级" not in cohort.label,
        "note": cohort.note,
    }
    return line + "".join(words.cohort_more[name].format(value=value) for name, value in more.items() if value)


def _format_document(words: FactWords, paper: Document) -> str:
    parts = [words.document_original] if paper.original else []
    parts += [words.document_copies_unstated] if paper.copies is None else []
    parts += [words.document_copies.format(n=paper.copies)] if paper.copies else []
    condition = words.document_condition.format(condition=paper.condition) if paper.condition else ""
    return words.document.format(name=paper.name, how=words.comma.join(parts), condition=condition)


def _say_who_edits(notice: Notice, words: FactWords, wrong: Sequence[str]) -> Iterator[str]:
    """Yield who changes the wrong fields that the school cannot change itself."""
    for field in notice.check_fields:
        if field.name in wrong and field.editable_by and field.editable_by != "school":
            yield words.editable_by[field.editable_by].format(name=field.name)


def _format_correction(words: FactWords, row: Correction, named: str = "", window: Window | None = None) -> str:
    """Return a kind of correction with what is said of it, and its own window where there are several.

    `named` is how the row for any correction is called here.
    """
    kind = named if row.kind == "*" else row.kind
    approval = words.approval[row.approval] if row.approval else ""
    said = words.correction.format(kind=kind, allowed=words.named[row.allowed], why=row.why or "", approval=approval)
    return said + (words.correction_span.format(span=format_span(words, window)) if window else "")


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
