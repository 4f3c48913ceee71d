"""How often typed messages are understood as labelled: by kind, style and step.

    python -m bench.turns_understood FILE [--miss]     a file of labelled turns, one JSON object a line

{"at": STEP, "after": [LINE...], "say": TEXT, "want": [ACT...], "or": [[ACT...]...], "style": S}: `at` is a step of the
script, "menu" or "done"; `after` what was said ("=label" for a button) just before. A message counts as understood when
its acts are, as a set, those of `want` or of one list of `or`; a list of topics accepts each of them; "new:…" accepts a
question that no entry answers, and nothing understood at all. "as taken" counts only what is sure enough to be acted
on, as the bot does. `--miss` prints every message that is not understood.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from datetime import time as time_of_day
from functools import cache
from pathlib import Path
from typing import Any

from bench.faq_train import entries
from bot.content.content import Content
from bot.content.loading import load
from bot.conversation.doubt import SURE, SURE_SHORTCUT, doubt
from bot.domain import privacy
from bot.domain.storage_mask import code_steps, find_bare_codes
from bot.reading.acts import NO_TOPIC, AnswerAct, ValuesAct, to_json
from bot.reading.place import Asked, Parse, Parsed, Place, find_asked, find_nearby, list_idle, menu_of, options
from bot.reading.reader import MessageReader, Readout
from faq.sounds import units
from flows.engine import Walk
from flows.model import Position

Turn = Mapping[str, Any]
LATER = frozenset(
    [
        "site-down",
        "phone-only",
        "diploma-when",
        "tuition-unpaid",
        "papers-by-mail",
        "no-correct-button",
        "teacher-not-answering",
        "already-done",
        "ceremony",
        "where-is-the-button",
        "identity-verification",
        "photo-confirm-after-capture",
        "photo-rejected",
        "capture-fee",
        "capture-where",
        "photo-age",
        "duplicate-id",
        "record-but-no-photo",
        "registration-when",
        "degree-info",
        "photo-rules",
    ]
)
"""Topics that the FAQ has got since the messages were labelled: each may answer what was labelled "new:…" then."""
Form = frozenset[str]
LISTS = ("=卡住了", "=遇到问题", "=常见问题")
"""Buttons whose answer is a list to pick from."""
CONTACTS = ("0550-3055417", "kefu@chsi.com.cn")
"""Phones and addresses of the notice, which are no secrets."""


@cache
def content() -> Content:
    return load()


@cache
def reader() -> MessageReader:
    return MessageReader(content().script, content().matcher, [line for entry in entries() for line in entry.phrasings])


def place_of(turn: Turn) -> Place:
    """The place where a labelled message is typed, as the bot would know it."""
    before = turn.get("after", ())
    said = [line for line in before if not line.startswith("=")]
    base = _at(turn["at"], tuple(line.removeprefix("=") for line in before if line.startswith("=")))
    if before and before[-1] in LISTS:
        base = replace(base, offered=4)
    if said:
        topics = content().matcher.ask(said[-1], base.likely).topics
        topic = topics[0].id if topics else None
        follow = content().entries[topic].follow if topic else ()
        about = content().entries[topic].title if topic else base.about
        base = replace(base, topic=topic, about=about, asked=Asked.ANSWER, offered=4, likely=base.likely | {*follow})
    return base


@cache
def _at(step_id: str, pressed: tuple[str, ...]) -> Place:
    script, notice = content().script, next(iter(content().notices.values()))
    find_course = _parser(script.commands["change-cohort"], date(2013, 12, 5))
    if step_id == "menu":
        return replace(menu_of(script), find_course=find_course, secret=lambda text: bool(privacy.find(text, CONTACTS)))
    step = script.by_id["m10-done" if step_id == "done" else step_id]
    own = {entry.id for entry in content().entries.values() if entry.step == step.id}
    fields = tuple(f.name for f in notice.check_fields) if step.checklist and step.checklist.of == "fields" else ()
    today = date(2013, 12, 12) if step.reads and step.reads.reader == "day" else date(2013, 12, 5)
    parse = _parser(step.id, today, pressed)
    is_code = step.id in code_steps()
    return Place(
        step.id,
        find_asked(script, step),
        options(script, step),
        fields=fields,
        known_fields=tuple(f.name for f in notice.check_fields),
        item=min(len(pressed), max(len(fields) - 1, 0)),
        likely=frozenset({*own, *step.trouble}),
        about=step.title.replace("{{ verdict.ok }}", notice.verdict.ok_button),
        nearby=find_nearby(script, step, {entry.id: entry.step for entry in content().entries.values()}),
        parse=parse,
        find_course=None if parse else find_course,
        secret=lambda text: bool(privacy.find(text, CONTACTS) or (is_code and find_bare_codes(text, CONTACTS))),
        idle=list_idle(script, step),
    )


def _parser(step: str, today: date, pressed: Sequence[str] = ()) -> Parse | None:
    """Values of a step as the walk finds them on a day; what was pressed before may be a level or a school."""
    notice, script = next(iter(content().notices.values())), content().script
    walk = Walk(script, notice, datetime.combine(today, time_of_day(12)), units)
    first = walk.asking(Position(script.id, script.revision, script.start))
    readings = [first.read(label) for label in pressed] if first else []
    answers = {key: value for reading in readings if reading for key, value in reading.answers.items()}
    asking = walk.asking(Position(script.id, script.revision, step, answers=answers))
    if asking is None:
        return None

    def parse(text: str) -> Parsed | None:
        found = asking.find(text)
        return Parsed(found.values, found.span, found.chance, found.is_asked) if found else None

    return parse


def form(act: Mapping[str, Any]) -> str:
    """An act of a label as text that can be compared."""
    if act == {"as": "answer", "action": "back"}:
        act = {"as": "command", "name": "back"}
    return json.dumps(act, ensure_ascii=False, sort_keys=True)


def accepted(turn: Turn) -> list[list[set[str]]]:
    """The accepted lists of acts; each act as the set of the forms that count as it."""
    place = place_of(turn)
    return [[_forms(act, place, turn["say"]) for act in acts] for acts in (turn["want"], *turn.get("or", ()))]


def _forms(act: Mapping[str, Any], place: Place, said: str) -> set[str]:
    topic = act.get("topic")
    if values := act.get("values"):
        return {form(act), form({**act, "values": _complete(values, place, said)})}
    if topic is None:
        asked = {form({**act, "item": place.fields[place.item]})} if place.fields and "action" in act else set()
        return {form(act)} | (asked if "item" not in act else set())
    topics = topic if isinstance(topic, list) else [topic]
    named = {NO_TOPIC if one.startswith("new:") else one for one in topics}
    return {form({"as": "question", "topic": one}) for one in (named | LATER if NO_TOPIC in named else named)}


def _complete(values: Mapping[str, str], place: Place, said: str) -> Mapping[str, str]:
    """The values with those that follow from them at their place: of a major its class, where only one has it."""
    found = place.parse(said) if place.parse else None
    return {**found.values, **values} if found and found.values.items() >= values.items() else values


def matches(forms: Iterable[str], wanted: Sequence[set[str]]) -> bool:
    """Whether these acts are those that are wanted, each by one of its forms."""
    given = set(forms)
    nothing = form({"as": "question", "topic": NO_TOPIC})
    if not given and all(nothing in one for one in wanted):
        return True
    return all(one & given for one in wanted) and all(any(act in one for one in wanted) for act in given)


def understood(turn: Turn, readout: Readout) -> bool:
    given = [form(to_json(act)) for act in readout.acts]
    return any(matches(given, wanted) for wanted in accepted(turn))


def kind(turn: Turn) -> str:
    if len(turn["want"]) > 1:
        return "several"
    act = turn["want"][0]["as"] if turn["want"] else "nothing"
    return "values" if "values" in (turn["want"] or [{}])[0] else str(act)


def moves(readout: Readout) -> set[str]:
    """The forms of the acts that move the position."""
    return {form(to_json(act)) for act in readout.acts if isinstance(act, AnswerAct | ValuesAct)}


def wrong_move(turn: Turn, readout: Readout) -> str:
    """ "moved" when an answer is taken where none was given, "other" when another than was given, else ""."""
    given = moves(readout)
    answers = [{f for one in wanted for f in one} for wanted in accepted(turn)]
    if not given or any(given <= one for one in answers):
        return ""
    return "other" if any('"answer"' in f for one in answers for f in one) else "moved"


def report(turns: Sequence[Turn], read: Any, *, misses: bool = False) -> float:
    """Prints the table; returns the share that is understood."""
    by: dict[str, Counter[bool]] = defaultdict(Counter)
    wrong: Counter[str] = Counter()
    wrong_taken: Counter[str] = Counter()
    times = []
    for turn in turns:
        place = place_of(turn)
        start = time.process_time()
        readout = read(turn, place)
        times.append((time.process_time() - start) * 1000)
        good = understood(turn, readout)
        wrong[wrong_move(turn, readout)] += 1
        taken = doubt(readout, SURE_SHORTCUT if turn["at"] == "menu" else SURE)
        wrong_taken[wrong_move(turn, taken)] += 1
        by["as taken"][understood(turn, taken)] += 1
        for name in ("all", f"kind {kind(turn)}", f"style {turn['style']}", f"step {turn['at']}"):
            by[name][good] += 1
        if misses and not good:
            print(
                turn["at"], turn.get("after", ""), "|", turn["say"], "|", *[form(act) for act in turn["want"]], "→",
                *[f"{form(to_json(a))} {c:.2f}" for a, c in zip(readout.acts, readout.chances, strict=True)],
            )  # fmt: skip
    for name, counts in sorted(by.items()):
        if misses or not name.startswith("step"):
            print(f"{name:24} {counts[True]:4} of {counts.total():4}  {counts[True] / counts.total():.3f}")
    times.sort()
    for name, moved in (("read", wrong), ("taken", wrong_taken)):
        print(f"{name}: wrong option {moved['other']}, moved unasked {moved['moved']}, of {len(turns)}")
    print(f"ms a message: median {times[len(times) // 2]:.2f}, 99 % {times[int(len(times) * 0.99)]:.2f}")
    return by["all"][True] / len(turns)


def turns_in(path: Path) -> list[Turn]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def main(words: Sequence[str]) -> None:
    report(turns_in(Path(words[0])), lambda turn, place: reader().read(turn["say"], place), misses="--miss" in words)


if __name__ == "__main__":
    main(sys.argv[1:])
