"""Checks the rows of a notice against each other: unknown ids, gaps and contradictions, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError

from flows.notice import ELSEWHERE, Notice
from flows.windows import EVERYONE, Window, overlap

ACTIVE = ("check", "capture", "recapture", "confirm_capture", "paper_check")
"""The kinds of windows of which a notice without a check needs one for every cohort."""


def find_disagreements(notice: Notice) -> Iterator[InitErrorDetails]:
    """Yield the flaws between rows: unknown ids, two dates for one thing, a cohort without a window …"""
    if notice.notice.status == "published":
        for n, value in enumerate(notice.unsure):
            yield flaw("unsure_left", "unsure", n, id=value.at, why=value.why)
    elif notice.unsure:
        return  # a draft is not finished, and in nobody's way
    yield from _find_repeated_ids(notice)
    yield from _find_unknown_ids(notice)
    yield from _find_uncovered_cohorts(notice)
    yield from _find_gaps(notice)
    yield from _find_contradictions(notice)


def flaw(rule: str, *loc: str | int, **about: Any) -> InitErrorDetails:
    """Return a flaw in pydantic's own form, so that it is reported like an error of the schema."""
    return InitErrorDetails(type=PydanticCustomError(rule, "content", about or None), loc=loc, input=None)


def _find_repeated_ids(notice: Notice) -> Iterator[InitErrorDetails]:
    for section in ("cohorts", "windows", "contacts"):
        seen: set[str] = set()
        for n, row in enumerate(getattr(notice, section)):
            if row.id in seen:
                yield flaw("id_twice", section, n, "id", id=row.id)
            seen.add(row.id)
    names = [f.name for f in notice.check_fields]
    for n, name in enumerate(names):
        if name in names[:n]:
            yield flaw("id_twice", "check_fields", n, "name", id=name)


def _find_unknown_ids(notice: Notice) -> Iterator[InitErrorDetails]:
    cohorts = {EVERYONE, *(c.id for c in notice.cohorts)}
    for section in ("windows", "corrections", "contacts"):
        for n, row in enumerate(getattr(notice, section)):
            for i, cohort in enumerate(row.cohorts):
                if cohort not in cohorts:
                    yield flaw("unknown_cohort", section, n, "cohorts", i, id=cohort, known=sorted(cohorts))
    yield from _find_unknown_aliases(notice)
    contacts = {c.id for c in notice.contacts}
    for topic, contact in notice.routing.model_dump(exclude={"quote"}).items():
        if contact not in contacts | {*ELSEWHERE}:
            yield flaw("unknown_contact", "routing", topic, id=contact, known=sorted(contacts))
    if notice.report.to and notice.report.to not in contacts:
        yield flaw("unknown_contact", "report", "to", id=notice.report.to, known=sorted(contacts))
    if notice.privacy.contact and notice.privacy.contact not in contacts:
        yield flaw("unknown_contact", "privacy", "contact", id=notice.privacy.contact, known=sorted(contacts))
    yield from _find_unknown_verifiers(notice)
    yield from _find_unknown_windows(notice)
    windows = {w.id for w in notice.windows}
    for n, correction in enumerate(notice.corrections):
        if correction.window and correction.window not in windows:
            yield flaw("unknown_window", "corrections", n, "window", id=correction.window, known=sorted(windows))
    yield from _find_unknown_kinds(notice)


def _find_unknown_kinds(notice: Notice) -> Iterator[InitErrorDetails]:
    kinds = {c.kind for c in notice.corrections}
    for n, field in enumerate(notice.check_fields):
        if field.kind and field.kind not in kinds:
            yield flaw("unknown_correction", "check_fields", n, "kind", id=field.kind, known=sorted(kinds))
        for i, cause in enumerate(field.causes):
            at = ("check_fields", n, "causes", i)
            if cause.kind and cause.kind not in kinds:
                yield flaw("unknown_correction", *at, "kind", id=cause.kind, known=sorted(kinds))
            if cause.id in [earlier.id for earlier in field.causes[:i]]:
                yield flaw("id_twice", *at, "id", id=cause.id)


def _find_unknown_aliases(notice: Notice) -> Iterator[InitErrorDetails]:
    for n, cohort in enumerate(notice.cohorts):
        known = {*cohort.majors, cohort.label, cohort.partner_school or cohort.label, *cohort.sites}
        for name in cohort.aliases:
            if name not in known:
                yield flaw("unknown_alias", "cohorts", n, "aliases", name, id=name, known=sorted(known))


def _find_unknown_windows(notice: Notice) -> Iterator[InitErrorDetails]:
    windows = sorted(window.id for window in notice.windows)
    for n, reminder in enumerate(notice.reminders.plan):
        if reminder.window not in windows:
            yield flaw("unknown_window", "reminders", "plan", n, "window", id=reminder.window, known=windows)


def _find_unknown_verifiers(notice: Notice) -> Iterator[InitErrorDetails]:
    contacts = sorted(contact.id for contact in notice.contacts)
    for n, question in enumerate(notice.faq):
        if question.verify_with and question.verify_with not in contacts:
            yield flaw("unknown_contact", "faq", n, "verify_with", id=question.verify_with, known=contacts)


def _find_uncovered_cohorts(notice: Notice) -> Iterator[InitErrorDetails]:
    kinds = ("check",) if any(window.kind == "check" for window in notice.windows) else ACTIVE
    for n, cohort in enumerate(notice.cohorts):
        if not notice.windows_for(cohort.id, *kinds):
            yield flaw("cohort_without_window", "cohorts", n, label=cohort.label)
        for topic, routed in (("record", notice.routing.record), ("photo", notice.routing.photo)):
            answering = [c for c in notice.contacts if c.id == routed or topic in c.topics]
            if answering and not any(overlap(c.cohorts, (cohort.id,)) for c in answering):
                yield flaw("cohort_without_contact", "cohorts", n, label=cohort.label, topic=topic)


def _find_gaps(notice: Notice) -> Iterator[InitErrorDetails]:
    for n, window in enumerate(notice.windows):
        if window.kind in ("check", "correction") and window.closes is None:
            yield flaw("window_without_end", "windows", n, label=window.label)
    routed = notice.routing.model_dump(exclude={"quote"}).values()
    for n, contact in enumerate(notice.contacts):
        if contact.id in routed and not (contact.phones or contact.email or contact.im):
            yield flaw("contact_unreachable", "contacts", n, id=contact.id)
    if "*" not in {c.kind for c in notice.corrections}:
        yield flaw("no_general_correction", "corrections")
    if notice.photo.code_required and not notice.photo.code_how:
        yield flaw("code_without_how", "photo", "code_required")
    yield from _find_misplaced_chapters(notice)
    if notice.verdict.on_mismatch != "report_only" and not notice.verdict.wrong_button:
        yield flaw("no_wrong_button", "verdict", "on_mismatch", policy=notice.verdict.on_mismatch)


def _find_misplaced_chapters(notice: Notice) -> Iterator[InitErrorDetails]:
    chapters = notice.chapters
    for n, name in enumerate(chapters):
        if name in chapters[:n]:
            yield flaw("id_twice", "chapters", n, id=name)
        elif name == "diploma" and n < len(chapters) - 1:
            yield flaw("diploma_not_last", "chapters", n)
        elif name == "account" and "capture" in chapters[:n] and notice.photo.code_required:
            yield flaw("code_before_account", "chapters", n)


def _find_contradictions(notice: Notice) -> Iterator[InitErrorDetails]:
    for (_, a), (n, b) in combinations(enumerate(notice.windows), 2):
        same = a.kind == b.kind and a.label == b.label and overlap(a.cohorts, b.cohorts)
        if same and (a.opens, a.closes) != (b.opens, b.closes):
            yield flaw(
                "two_dates", "windows", n, label=b.label, one=f"{a.opens}…{a.closes}", other=f"{b.opens}…{b.closes}"
            )
    for (_, x), (n, y) in combinations(enumerate(notice.corrections), 2):
        if x.kind == y.kind and (x.allowed == "no") != (y.allowed == "no") and overlap(x.cohorts, y.cohorts):
            yield flaw("allowed_and_refused", "corrections", n, kind=y.kind)
    shows = notice.photo.shows_after_days
    captures = [w for w in notice.windows if w.kind == "capture"]
    for n, window in enumerate(notice.windows):
        if shows and window.kind == "check" and any(_ends_before_photo(window, c, shows[0]) for c in captures):
            yield flaw("check_before_photo_shows", "windows", n, "to", label=window.label, days=shows[0])
    signed_by, units = notice.notice.signed_by, (notice.school.unit, *notice.school.unit_aliases)
    if signed_by and signed_by.removeprefix(notice.school.name) not in ("", *units):
        yield flaw("unit_not_named", "notice", "signed_by", id=signed_by)


def _ends_before_photo(window: Window, capture: Window, days: int) -> bool:
    """Return whether the check ends before a photo of the capture's last day can be seen, for a common cohort."""
    if window.closes is None or capture.closes is None or not overlap(window.cohorts, capture.cohorts):
        return False
    return window.closes < capture.closes + timedelta(days=days)
