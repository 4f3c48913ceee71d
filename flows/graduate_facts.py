"""The facts of one graduate: what is wrong, why, what the school said of it, and when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flows.date_words import day_of
from flows.fact_words import FactWords
from flows.notice import CAUSE, Cause, Notice

_NamedFacts = Iterator[tuple[str, str | None]]
DAYS = ("clicked", "reported", "tried")
"""Answers that are days."""


def graduate_facts(notice: Notice, words: FactWords, answers: Mapping[str, str], wrong: Sequence[str]) -> _NamedFacts:
    """Yield what is known of a graduate by the answers so far and the `wrong` fields (names)."""
    yield "me.major", _describe_class(notice, words, answers)
    record_missing = answers.get("record") == "missing"
    names = [_describe_wrong(words, answers, name) for name in wrong]
    yield "me.wrong", words.comma.join(names) or words.me["record_missing" if record_missing else "wrong"]
    said = words.me["and"].join(_say_wrong(notice, words, answers, name) for name in wrong)
    pressed = "_pressed" if answers.get("clicked") or answers.get("pressed") else ""
    about = said or words.me["record_missing" if record_missing else "wrong"]
    rule, ok = notice.verdict, notice.verdict.ok_button or words.named["ok_button"]
    yield "me.found", words.me[f"found{pressed}"].format(wrong=about, ok=ok)
    on_mismatch = words.on_mismatch[rule.on_mismatch].format(ok=ok, wrong=rule.wrong_button)
    yield "me.hands_off", words.me[f"hands_off{pressed}"].format(ok=ok, on_mismatch=on_mismatch)
    causes = [(name, cause) for name in wrong if (cause := _cause_of(notice, answers, name))]
    yield "me.notes", "\n".join(words.me["note"].format(name=name, note=c.note) for name, c in causes if c.note)
    field = notice.find_open_cause(answers)
    yield "me.open_field", field.name if field else ""
    cleared = [name for name in answers if answers[name] == "cleared"]
    yield "me.cleared", words.comma.join(_name(words, name) for name in cleared)
    office = notice.contact_for("record", answers.get("cohort") or None)
    by_office = answers.get("cleared-by") == "office"
    yield "me.cleared_by", (office.person or office.role) if by_office else words.me["other_person"]
    for name in DAYS:
        yield f"me.{name}", words.format_day(day_of(answers.get(name))) or words.me["day"]


def causes_in(answers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the ids of the causes that are known, by the name of the field."""
    head = f"{CAUSE}:"
    return {name.removeprefix(head): value for name, value in answers.items() if name.startswith(head)}


def _describe_class(notice: Notice, words: FactWords, answers: Mapping[str, str]) -> str:
    major = answers.get("major")
    cohort = next((c for c in notice.cohorts if c.id == answers.get("cohort")), None)
    if not major or cohort is None or cohort.label == major:
        return major or words.me["major"]
    level = (cohort.level, cohort.partner_school) if cohort.level != "other" else (cohort.label,)
    return words.comma.join(filter(None, (*level, major)))


def _name(words: FactWords, name: str) -> str:
    return words.me["photo"] if name == "photo" else name.removeprefix("field:")


def _verdict_on(answers: Mapping[str, str], name: str) -> str:
    return answers.get(name if name == "photo" else f"field:{name}", "")


def _describe_wrong(words: FactWords, answers: Mapping[str, str], name: str) -> str:
    return _name(words, name) + words.me.get(f"is_{_verdict_on(answers, name)}", "")


def _say_wrong(notice: Notice, words: FactWords, answers: Mapping[str, str], name: str) -> str:
    """Return what is said on the telephone of a thing that is wrong."""
    if cause := _cause_of(notice, answers, name):
        return cause.say
    template = words.me.get(f"was_{_verdict_on(answers, name)}", words.me["differs"])
    return template.format(name=_name(words, name))


def _cause_of(notice: Notice, answers: Mapping[str, str], name: str) -> Cause | None:
    field = next((f for f in notice.check_fields if f.name == name), None)
    return field.cause(answers.get(f"{CAUSE}:{name}")) if field else None
