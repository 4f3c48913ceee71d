"""Checks phrases, FAQ entries and notices beyond their schema. Flaws have pydantic's own form, as in `flows.review`."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from string import Formatter
from typing import get_args

from pydantic_core import InitErrorDetails

from bot.content.content import Content, list_changed
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.content.phrases.root import Phrases
from bot.content.places import Loc
from bot.content.problem import ContentFault
from bot.content.told_buttons import find_missing_button
from bot.domain.audience import Wrong, parse_audience
from bot.reading.check import word_problems
from faq.model import Entry
from flows.agreement import flaw
from flows.fact_words import FactWords
from flows.facts import LIVE, Facts, facts, fill, placeholders
from flows.model import QuoteName
from flows.notice import Notice
from flows.review import find_stray_braces, find_unknown_placeholders
from flows.scars import find_scars, list_moments
from flows.windows import Kind

MAX_NAMED = 12
"""Missing keys that are named in one sentence."""
GAP = "⌀"
"""Stands where the notice says nothing, so that texts which say so themselves are told apart."""
MOMENTARY = ("clock", "office", *(f"{kind}." for kind in get_args(Kind)), "deadline", "days_left", "today")
"""Facts that depend on the moment."""
_SEPARATOR = re.compile("[，、；]")
_IN_BRACKETS = re.compile("[（(][^）)\\n]{0,200}[）)]")


def find_phrase_flaws(phrases: Phrases, shipped: Phrases, names: set[str]) -> Iterator[InitErrorDetails]:
    """Yield names in `{{ … }}` that no notice has, and names in `{…}` that the code does not fill at that place."""
    sentences = list(phrases.sentences)
    for loc, text in sentences:
        yield from find_unknown_placeholders(text, loc, names)
    known = dict(_list_templates(shipped, shipped.sentences))
    for loc, text in _list_templates(phrases, sentences):
        if text == known.get(loc):
            continue
        fields, given = _list_fields(text), _list_fields(known.get(loc, ""))
        if fields is None:
            yield flaw("broken_brace", *loc)
        elif loc in known and fields - (given or set()):
            yield flaw("unknown_brace", *loc, id=min(fields - (given or set())), known=sorted(given or ()))
    for name, template in phrases.broadcast.templates.items():
        if missing := find_missing_button(template.text, template.buttons, phrases.broadcast):
            yield flaw("missing_button", "broadcast", "templates", name, "text", text=missing)


def list_missing_keys(content: Content) -> Sequence[ContentFault]:
    """Return one fault that names the keys that the college's own phrases lack, or none. It refuses nothing."""
    keys = content.lacking
    if not keys:
        return ()
    named = "、".join(keys[:MAX_NAMED]) + ("…" if len(keys) > MAX_NAMED else "")
    sentence = content.phrases.admin.lacking.format(count=len(keys), keys=named)
    return (ContentFault("phrases.yaml", 1, 1, "phrases", sentence),)


def _list_templates(phrases: Phrases, sentences: Iterable[tuple[Loc, str]]) -> Iterator[tuple[Loc, str]]:
    for loc, text in sentences:
        yield loc, text.replace("{{", "").replace("}}", "")
    for name, value in phrases.facts:
        for key, text in value.items() if isinstance(value, dict) else [("", value)]:
            if isinstance(text, str):
                yield ("facts", name, key) if key else ("facts", name), text


def _list_fields(text: str) -> set[str] | None:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None


def find_notice_flaws(
    notice: Notice, names: set[str], words: BroadcastPhrases | None, steps: set[str]
) -> Iterator[InitErrorDetails]:
    """Yield unknown names in `{{ … }}` of a notice's own answers, unknown templates and audiences of its reminders."""
    for n, cohort in enumerate(notice.cohorts):
        for m, major in enumerate(cohort.majors):
            if _SEPARATOR.search(_IN_BRACKETS.sub("", major)):
                yield flaw("majors_in_one", "cohorts", n, "majors", m, text=major)
    for n, question in enumerate(notice.faq):
        yield from find_unknown_placeholders(question.a, ("faq", n, "a"), names)
        yield from find_stray_braces(question.a, ("faq", n, "a"))
    for n, reminder in enumerate(notice.reminders.plan):
        templates = words.templates if words else {}
        template = templates.get(reminder.template)
        if template is None:
            loc = ("reminders", "plan", n, "template")
            yield flaw("unknown_template", *loc, id=reminder.template, known=sorted(templates))
        for step in (name.removeprefix("step:") for name in reminder.buttons or () if name.startswith("step:")):
            if steps and step not in steps:
                yield flaw("unknown_step", "reminders", "plan", n, "buttons", id=step, known=sorted(steps))
        own = reminder.buttons
        if template and words and own is not None and (missing := find_missing_button(template.text, own, words)):
            yield flaw("missing_button", "reminders", "plan", n, "buttons", text=missing)
        audience = parse_audience(reminder.audience, notice, sorted(steps))
        if isinstance(audience, Wrong):
            loc = ("reminders", "plan", n, "audience")
            yield flaw("unknown_audience", *loc, id=audience.word, known=sorted(audience.known))


def find_entry_flaws(
    entry: Entry, topics: set[str], steps: set[str], names: set[str], ids: dict[str, str], phrasings: dict[str, str]
) -> Iterator[InitErrorDetails]:
    """Yield flaws of an entry, given all topics, steps and names of facts.

    `ids` and `phrasings` (by casefolded words: the id of the entry) hold those of the entries before, and get its own.
    """
    if entry.id in ids:
        yield flaw("id_twice", "id", id=entry.id)
    ids[entry.id] = entry.id
    if entry.step and steps and entry.step not in steps:
        yield flaw("unknown_step", "step", id=entry.step, known=sorted(steps))
    for n, topic in enumerate(entry.follow):
        if topic not in topics:
            yield flaw("unknown_topic", "follow", n, id=topic, known=sorted(topics))
    for n, phrasing in enumerate(entry.phrasings):
        owner = phrasings.setdefault(phrasing.casefold(), entry.id)
        if owner != entry.id:
            yield flaw("phrasing_twice", "phrasings", n, text=phrasing, id=owner)
    for loc, text in entry.texts:
        yield from find_unknown_placeholders(text, loc, names)
        yield from find_stray_braces(text, loc)
    for n, name in enumerate(entry.quotes):
        if name not in get_args(QuoteName):
            yield flaw("unknown_quote", "quotes", n, id=name, known=sorted(get_args(QuoteName)))


def find_line_flaws(entry: Entry, content: Content) -> Iterator[InitErrorDetails]:
    """Yield lines of `must_match` that find nothing or another entry first, of `must_not_match` that find this one."""
    for n, text in enumerate(entry.must_match):
        match = content.ask(text)
        first = match.topics[0].id if match.topics else None
        if match.verdict == "miss":
            yield flaw("must_match_nothing", "must_match", n, text=text, id=entry.id)
        elif first != entry.id:
            yield flaw("must_match_other", "must_match", n, text=text, id=entry.id, first=first)
    for n, text in enumerate(entry.must_not_match):
        match = content.ask(text)
        if match.verdict == "answer" and entry.id in match.chosen:
            yield flaw("must_not_match", "must_not_match", n, text=text, id=entry.id)


def find_word_flaws(content: Content, before: Content | None = None) -> Iterator[InitErrorDetails]:
    """Yield answers that no words mean, words of two answers of a step, and words that are taken for a question.

    `before` is a content that passed: where the script is the same, only entries that it has not can take its words.
    """
    topics = frozenset(list_changed(content, before)) if before and before.script == content.script else None
    for problem in word_problems(content.script, content.reader, topics):
        about = {"id": problem.action, "text": problem.word, "other": problem.other}
        yield flaw(f"words_{problem.kind}", *problem.loc, **about)


def find_scars_in(
    content: Content, before: Content | None = None
) -> Iterator[tuple[str, Sequence[str | int], str, str]]:
    """Yield the scars of absent facts, each once: the step or entry, the path of the text, the scar, the notice.

    Every text of script and FAQ is filled for each notice, cohort and phase. `before` is a content that passed: where
    the facts are the same, only texts that it has not can have a scar.
    """
    words = content.phrases.facts.model_copy(update={"unstated": GAP})
    texts = [(step.id, loc, text) for step in content.script.steps for loc, text in step.prose if "{{" in text]
    texts += [(entry.id, ("answer",), entry.answer) for entry in content.entries.values() if "{{" in entry.answer]
    if before and (before.notices, before.phrases.facts) == (content.notices, content.phrases.facts):
        old = {text for step in before.script.steps for _, text in step.prose}
        old.update(entry.answer for entry in before.entries.values())
        texts = [(name, loc, text) for name, loc, text in texts if text not in old]
    scarred = set[tuple[str, Loc]]()
    for notice in content.notices.values():
        for known in _list_known(notice, words):
            for name, loc, text in texts:
                depends = any(fact.startswith(MOMENTARY) for fact in placeholders(text))
                for one in known if depends else known[:1]:
                    said = fill(text, ChainMap(dict.fromkeys(LIVE, "1"), one))
                    scar = next(find_scars(said, GAP), "")
                    if scar and (name, loc) not in scarred:
                        scarred.add((name, loc))
                        yield name, loc, scar.replace(GAP, content.phrases.facts.unstated), notice.id


def _list_known(notice: Notice, words: FactWords) -> Iterator[list[Facts]]:
    """Yield for each cohort, and for one who is none yet, the facts of somebody far on his way in every phase."""
    name = notice.check_fields[0].name
    answers = dict.fromkeys(("clicked", "reported", "tried"), "2000-01-01") | {f"field:{name}": "cleared"}
    for cohort in (None, *(cohort.id for cohort in notice.cohorts)):
        own = answers | {"cohort": cohort or ""}
        yield [facts(notice, words, own, [name], now) for now in list_moments(notice)]
