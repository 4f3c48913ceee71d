"""Nothing that people type or press breaks it, strands them, or moves the walk when it is only a question."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.content import Content
from bot.conversation.decide import MAX_TEXT
from bot.domain.button_ids import Act
from bot.reading.acts import AnswerAct, CommandAct, ValuesAct
from flows.engine import CHECKED, CLEARED, verdicts_of
from tests.conftest import Meets, both_notices, effort, only_another, shipped
from tests.person import Person, at, buttons, check_turn, dump_position

CONTENT = shipped()
SCRIPT = CONTENT.script
STEPS = list(SCRIPT.by_id)
TOPICS = list(CONTENT.entries)
NOTICE = next(iter(CONTENT.notices.values()))
RIGHT = {f"field__{field.name}": "right" for field in NOTICE.check_fields} | {"photo": "right"}
DAYS = ("2013-11-20", "2013-12-05", "2013-12-25", "2014-03-19", "2026-11-24")
CONTENTS = {"as shipped": shipped(), "two notices": both_notices(), "another notice": only_another()}
"""By a name, which is what a failing example shows."""
PERMISSION = "现在可以点“正确”了"


# Anything may come in

Place = tuple[str | None, str, str, dict[str, str]]
"""A step (None: before the walk), a day, the name of a content, and answers given so far."""
SOMEWHERE = st.tuples(
    st.sampled_from([None, *STEPS]),
    st.sampled_from(DAYS),
    st.sampled_from([*CONTENTS]),
    st.dictionaries(st.sampled_from([*RIGHT, "level", "cohort", "major"]), st.sampled_from(["right", "wrong", ""])),
)
MOVES = (CommandAct("already-done"), CommandAct("change-cohort"))
"""Commands that lead to a step of their own."""
WORDS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="是否不对错今天昨天年月日号0123456789.-/，。？ 专科本会计照片密码用户名正确截止", max_size=25),
    st.sampled_from([phrasing for entry in CONTENT.entries.values() for phrasing in entry.phrasings[:3]]),
    st.sampled_from([word for words in CONTENT.phrases.commands.values() for word in words]),
    st.from_regex(r"/(start|help|forget|notice)(@\w+)?( (notice|step|faq)-[a-z0-9-]{0,60})?", fullmatch=True),
    st.sampled_from(
        ["{{ contact.phone }}", "{0}", "%s", "\x00", "\u202e", "a" * (MAX_TEXT + 1), "\n\n", "<b>", "1" * 400]
    ),
)
PRESSES = st.one_of(
    st.text(max_size=70),
    st.builds(
        lambda s, m, a: str(Act(SCRIPT.id, s, m, a)), st.sampled_from(STEPS), st.integers(0, 3), st.text(max_size=9)
    ),
    st.builds(
        lambda s, m, a: str(Act(SCRIPT.id, s, m, a)),
        st.sampled_from(STEPS),
        st.integers(0, 1),
        st.sampled_from(["yes", "no", "done", "back", "jump", "restart", "right", "wrong", "later", "failed"]),
    ),
    st.builds(
        lambda k, n: f"{k}|{n}", st.sampled_from(["cmd", "faq", "notice", "x"]), st.sampled_from([*TOPICS, "menu"])
    ),
    st.sampled_from([f"cmd|{name}" for name in CONTENT.phrases.commands]),
)


def placed(where: Place) -> Person:
    step, day, content, answers = where
    person = Person(CONTENTS[content], at(day))
    return person.stands(step, **answers) if step else person


@settings(max_examples=effort(30, 150))
@given(SOMEWHERE, WORDS)
def test_no_words_break_it(where: Place, text: str) -> None:
    check_turn(placed(where).says(text))


@settings(max_examples=effort(30, 150))
@given(SOMEWHERE, PRESSES)
def test_no_button_breaks_it(where: Place, press: str) -> None:
    check_turn(placed(where).does(press=press))


@pytest.mark.parametrize("step", [None, *STEPS])
def test_a_photo_is_not_looked_at(step: str | None, meets: Meets) -> None:
    person = meets()
    if step:
        person.stands(step)
    before = dump_position(person)
    for kind in ("photo", "voice", "edited", "something new"):
        check_turn(person.does(other=kind))
        assert any(said in person.heard for said in CONTENT.phrases.no_text.values())
    assert dump_position(person) == before


# Nobody is stranded


def wander(person: Person, presses: int, random: Random) -> set[str]:
    """Presses at random, mostly what leads on, also what was shown long ago; checks every answer. The steps seen."""
    seen: set[str] = set()
    old: list[str] = []
    person.does()
    for _ in range(presses):
        shown = person.shown
        on = [button for button in shown if button.id.startswith("1|")]
        stale = bool(old) and random.random() < 0.03
        chosen = random.choice(old) if stale else random.choice(on if on and random.random() < 0.75 else shown).id
        old = [*old[-200:], *(button.id for button in shown)]
        turn = person.does(press=chosen)
        if turn.forget:
            person.does()
            continue
        check_turn(turn)
        position = person.position
        if position is None:
            continue
        seen.add(position.step)
        notice = person.content.notices[person.session.notice or ""]  # type: ignore[union-attr]
        compared = set(verdicts_of(notice, position).values())
        if PERMISSION in person.heard or (
            position.step in ("m9-verdict", "m10-done") and CHECKED not in position.answers
        ):
            assert compared <= {"right", CLEARED}, position
    return seen


def test_thousands_of_random_presses_never_strand() -> None:
    assert len(wander(Person(CONTENT, at("2013-12-05")), effort(1_500, 10_000), Random(2014))) > effort(30, 35)


@pytest.mark.parametrize("day", DAYS)
def test_random_presses_on_other_days_never_strand(day: str) -> None:
    assert len(wander(Person(CONTENT, at(day)), 150, Random(day))) > 8


@pytest.mark.parametrize("content", [both_notices(), only_another()], ids=["two notices", "another notice"])
def test_random_presses_under_other_notices_never_strand(content: Content) -> None:
    assert len(wander(Person(content, at("2014-12-09 12:00")), 250, Random(1))) > 10


@pytest.mark.parametrize("day", DAYS[1:])
def test_the_affirming_buttons_lead_to_the_end_in_forty_presses(day: str, meets: Meets) -> None:
    person, presses = meets(day), 0
    person.does()
    while not person.position or person.position.state != "done":
        person.does(press=next(person.own()).id)
        presses += 1
        assert presses <= 40, person.step
    assert person.step == "m10-done"
    assert person.turn.happenings[-1].kind == "done"


# A question never moves the walk


@pytest.mark.parametrize("step", STEPS)
def test_every_answer_leaves_every_step_as_it_was(step: str, meets: Meets) -> None:
    person = meets().stands(step)
    before = dump_position(person)
    own = [button.id for button in buttons(person.does(press="cmd|resume").replies) if button.id.startswith("1|")]
    assert own
    for topic in TOPICS:
        turn = person.does(press=f"faq|{topic}")
        assert dump_position(person) == before, topic
        assert turn.replies[0].topic == topic
        assert turn.replies[0].source
        assert [button.id for button in person.own()] == own, topic
        assert not turn.happenings


@pytest.mark.parametrize("n", range(len(TOPICS)))
def test_every_entry_is_asked_in_words_without_moving(n: int, meets: Meets) -> None:
    entry = CONTENT.entries[TOPICS[n]]
    for step in (STEPS[n % len(STEPS)], STEPS[(n * 7 + 3) % len(STEPS)]):
        person = meets().stands(step)
        before = dump_position(person)
        person.says(entry.phrasings[0])
        acts = person.turn.understood
        is_answer = any(
            isinstance(act, (AnswerAct, ValuesAct)) or act in MOVES for act in acts
        )  # 照片不对, at the photo
        is_answer = is_answer or person.step.startswith(("x1", "c1"))  # 名字错了: what is wrong is named
        assert is_answer or dump_position(person) == before, (entry.phrasings[0], step)
        assert list(person.own()) or "cmd|resume" in {button.id for button in person.shown}, step


def test_every_entry_is_answered_at_its_first_phrasing_before_the_walk(meets: Meets) -> None:
    missed = []
    for topic, entry in CONTENT.entries.items():
        turn = meets().stands("m2-site").says(entry.phrasings[0])
        is_command = any(isinstance(act, CommandAct) for act in turn.understood)  # 截止时间: the card says more
        titles = {button.text for button in buttons(turn.replies)}
        if not is_command and topic not in {reply.topic for reply in turn.replies} and entry.title not in titles:
            missed.append(topic)
    assert len(missed) <= 3, missed
