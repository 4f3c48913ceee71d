"""Who answers what: precedence, stale buttons, links, notices; and that nothing that people do breaks or strands them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import buttons as ids
from bot.buttons import Act, Ask
from bot.content import Content
from bot.conversation import MAX_TEXT, Turn, decide
from bot.messages import Incoming
from bot.session import Session
from bot.wording import BUBBLE
from flows.engine import JUMP, answered
from flows.model import dump
from tests.conftest import Meets, another_notice, both_notices, only_another, shipped
from tests.person import Person, at, buttons

CONTENT = shipped()
SCRIPT = CONTENT.script
STEPS = list(SCRIPT.by_id)
TOPICS = list(CONTENT.entries)
NOTICE = next(iter(CONTENT.notices))
RIGHT = {f"field__{field.name}": "right" for field in CONTENT.notices[NOTICE].check_fields} | {"photo": "right"}
MAX_MESSAGE = 4096
DAYS = ("2013-11-20", "2013-12-05", "2013-12-25", "2014-03-19", "2026-11-24")
PERMISSION = "现在可以点“正确”了"


def still(person: Person) -> str:
    """The position as it is stored."""
    return json.dumps(dump(person.position)) if person.position else ""


def sound(turn: Turn) -> None:
    """What every answer owes: something to read, of a fit length, and buttons that are."""
    assert turn.replies or turn.forget
    for reply in turn.replies:
        assert 0 < len(reply.text) <= BUBBLE
        assert "{" not in reply.text, reply.text
        assert "None" not in reply.text, reply.text
    assert len(turn.replies) <= 12
    for button in buttons(turn.replies):
        assert len(button.id.encode()) <= ids.MAX_BYTES
        assert ids.parse(button.id), button.id
        assert 0 < len(button.text) <= 40
    if turn.replies:
        assert buttons(turn.replies), turn.replies[-1].text


# Anything may come in

SOMEWHERE = st.tuples(
    st.sampled_from([None, *STEPS]),
    st.sampled_from(DAYS),
    st.sampled_from([shipped(), both_notices(), only_another()]),
    st.dictionaries(st.sampled_from([*RIGHT, "level", "cohort", "major"]), st.sampled_from(["right", "wrong", ""])),
)
WORDS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="是否不对错今天昨天年月日号0123456789.-/，。？ 专科本会计照片密码用户名正确截止", max_size=25),
    st.sampled_from([phrasing for entry in CONTENT.entries.values() for phrasing in entry.phrasings[:3]]),
    st.sampled_from([word for words in CONTENT.phrases.commands.values() for word in words]),
    st.from_regex(r"/(start|help|forget|notice)(@\w+)?( (notice|step|faq)-[a-z0-9-]{0,60})?", fullmatch=True),
    st.sampled_from(["{{ contact.phone }}", "{0}", "%s", "\x00", "‮", "a" * (MAX_TEXT + 1), "\n\n", "<b>", "1" * 400]),
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


def placed(where: tuple[str | None, str, Content, dict[str, str]]) -> Person:
    step, day, content, answers = where
    person = Person(content, at(day))
    return person.stands(step, **answers) if step else person


@settings(max_examples=400, deadline=None)
@given(SOMEWHERE, WORDS)
def test_no_words_break_it(where: tuple[str | None, str, Content, dict[str, str]], text: str) -> None:
    sound(placed(where).says(text))


@settings(max_examples=300, deadline=None)
@given(SOMEWHERE, PRESSES)
def test_no_button_breaks_it(where: tuple[str | None, str, Content, dict[str, str]], press: str) -> None:
    sound(placed(where).does(press=press))


@pytest.mark.parametrize("step", [None, *STEPS])
def test_a_photo_is_not_looked_at(step: str | None, meets: Meets) -> None:
    person = meets()
    if step:
        person.stands(step)
    before = still(person)
    for kind in ("photo", "voice", "edited", "something new"):
        sound(person.does(other=kind))
        assert any(said in person.heard for said in CONTENT.phrases.no_text.values())
    assert still(person) == before


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
        sound(turn)
        position = person.position
        if position is None:
            continue
        seen.add(position.step)
        notice = person.content.notices[person.session.notice or ""]  # type: ignore[union-attr]
        compared = set(answered(notice, position).values())
        if PERMISSION in person.heard or position.step in ("m9-verdict", "m10-done"):
            assert compared == {"right"}, position
    return seen


def test_ten_thousand_random_presses_never_strand() -> None:
    assert len(wander(Person(CONTENT, at("2013-12-05")), 10_000, Random(2014))) > 35


@pytest.mark.parametrize("day", DAYS)
def test_random_presses_on_other_days_never_strand(day: str) -> None:
    assert len(wander(Person(CONTENT, at(day)), 300, Random(day))) > 8


@pytest.mark.parametrize("content", [both_notices(), only_another()], ids=["two notices", "another notice"])
def test_random_presses_under_other_notices_never_strand(content: Content) -> None:
    assert len(wander(Person(content, at("2014-12-09 12:00")), 500, Random(1))) > 10


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
    before = still(person)
    own = [button.id for button in buttons(person.does(press="cmd|resume").replies) if button.id.startswith("1|")]
    assert own
    for topic in TOPICS:
        turn = person.does(press=f"faq|{topic}")
        assert still(person) == before, topic
        assert turn.replies[0].topic == topic
        assert turn.replies[0].source
        assert [button.id for button in person.own()] == own, topic
        assert not turn.happenings


@pytest.mark.parametrize("n", range(len(TOPICS)))
def test_every_entry_is_asked_in_words_without_moving(n: int, meets: Meets) -> None:
    entry = CONTENT.entries[TOPICS[n]]
    for step in (STEPS[n % len(STEPS)], STEPS[(n * 7 + 3) % len(STEPS)]):
        person = meets().stands(step)
        before = still(person)
        person.says(entry.phrasings[0])
        assert still(person) == before, (entry.phrasings[0], step)
        assert list(person.own()) or "cmd|resume" in {button.id for button in person.shown}, step


def test_every_entry_is_answered_at_its_first_phrasing_before_the_walk(meets: Meets) -> None:
    missed = []
    for topic, entry in CONTENT.entries.items():
        turn = meets().stands("m2-site").says(entry.phrasings[0])
        if topic not in {reply.topic for reply in turn.replies} and entry.title not in {
            b.text for b in buttons(turn.replies)
        }:
            missed.append(topic)
    # A few first phrasings are words of a command (截止时间), which answers as well.
    assert len(missed) <= 3, missed


# Stale and doubled presses


def test_a_doubled_press_changes_nothing(meets: Meets) -> None:
    person = meets()
    person.does()
    for _ in range(25):
        press = next(person.own()).id
        person.does(press=press)
        before = still(person)
        person.does(press=press)
        assert still(person) == before
        assert CONTENT.phrases.stale.split("。")[0] in person.heard
        assert not person.turn.happenings


@pytest.mark.parametrize("step", STEPS)
def test_buttons_of_every_other_step_change_nothing(step: str, meets: Meets) -> None:
    person = meets().stands(step)
    before = still(person)
    moves = person.position.moves if person.position else 0
    for other in STEPS:
        for action in ("done", "yes", "right", "back"):
            if other != step:
                person.does(press=str(Act(SCRIPT.id, other, moves, action)))
                assert still(person) == before
        person.does(press=str(Act(SCRIPT.id, other, moves + 1, JUMP)))
        person.does(press=str(Act("older", other, moves, JUMP)))
        assert still(person) == before


def test_a_button_from_before_a_restart_is_old(meets: Meets) -> None:
    person = meets()
    person.says("开始核对")
    old = next(person.own()).id
    person.presses("专科")
    person.says("重新开始")
    person.presses(CONTENT.phrases.buttons["restart_yes"])
    assert person.step == "m0-who"
    before = still(person)
    person.does(press=old)
    assert still(person) == before


def test_a_button_from_before_forgetting_is_harmless(meets: Meets) -> None:
    person = meets()
    person.says("开始核对")
    old = next(person.own()).id
    assert person.says("忘记我").forget
    assert person.stored is None
    person.does(press=old)
    assert person.position is None
    sound(person.turn)


# Precedence


def test_a_secret_comes_before_everything_and_is_nowhere_in_the_turn(meets: Meets) -> None:
    secret = "11010519491231002X"
    for step in STEPS:
        person = meets().stands(step)
        before = still(person)
        turn = person.says(f"完成了 {secret}")
        assert turn.withdraw
        assert still(person) == before
        assert secret not in repr(turn)
        assert list(person.own())


def test_the_notices_own_phone_and_mail_are_no_secrets(meets: Meets) -> None:
    person = meets().stands("m2-site")
    assert not person.says("0550-3055417 打不通").withdraw
    assert not person.says("kefu@chsi.com.cn 是真的吗").withdraw
    assert person.says("13800138000").withdraw


def test_only_the_certificate_step_reads_long_numbers(meets: Meets) -> None:
    number = "34112005001234567"
    assert not meets().stands("p3-numbers").says(number).withdraw
    assert meets().stands("p2-bind").says(number).withdraw
    assert meets().stands("p3-numbers").says("11010519491231002X").withdraw


def test_words_of_the_step_come_before_commands_and_questions(meets: Meets) -> None:
    person = meets().stands("m4-code")
    assert person.says("好的").session.position.step == "m4-enter"  # type: ignore[union-attr]
    person = meets().stands("m3-account")
    person.says("没有")
    assert person.step == "m4-form"


def test_commands_come_before_questions_and_leave_the_walk_alone(meets: Meets) -> None:
    for name, words in CONTENT.phrases.commands.items():
        if name == "forget":
            continue
        for word in (f"/{words[0]}", *words):
            person = meets().stands("m2-site")
            before = still(person)
            sound(person.says(word))
            assert still(person) == before, word
            assert person.turn.missed is None, word


def test_misses_climb_to_a_person_and_an_answer_starts_them_anew(meets: Meets) -> None:
    person = meets().stands("m2-site")
    heard = []
    for _ in range(3):
        assert person.says("食堂几点开门").missed
        heard.append(person.turn.replies[0].text)
    assert len(set(heard)) == 3
    assert "0550-3055417" in heard[-1]
    person.says("截止日期")
    person.says("食堂几点开门")
    assert person.turn.replies[0].text == heard[0]


def test_none_of_these_counts_as_a_miss_and_leads_to_a_person(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.says("食堂几点开门")
    assert person.presses("都不是").missed is None
    assert "0550-3055417" in person.heard
    person.does(press="cmd|none")
    assert "0550-3055417" in person.heard


def test_a_long_text_before_the_walk_is_led_to_the_menu(meets: Meets) -> None:
    person = meets()
    sound(person.says("问" * (MAX_TEXT + 1)))
    assert "开始核对" in {button.text for button in person.shown}


def test_a_long_text_is_asked_for_in_short(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.says("问" * (MAX_TEXT + 1))
    assert CONTENT.phrases.too_long in person.heard
    person.says("问" * MAX_TEXT)
    assert CONTENT.phrases.too_long not in person.heard


# Coming and going


def test_a_first_word_is_answered_after_the_greeting(meets: Meets) -> None:
    person = meets()
    person.says("什么时候截止")
    assert person.turn.replies[0].text.startswith("你好")
    assert person.turn.replies[-1].topic == "deadline"
    assert not any(reply.buttons for reply in person.turn.replies[:-1])


def test_a_first_hello_is_the_greeting_and_no_more(meets: Meets) -> None:
    arrives, says = meets().does(), meets().says("你好")
    assert arrives.replies == says.replies
    assert len(arrives.replies) == 2


def test_the_second_hello_shows_where_she_stands(meets: Meets) -> None:
    person = meets().stands("m5-login")
    person.says("你好")
    assert CONTENT.phrases.welcome_back in person.heard
    assert "登录学信档案" in person.heard


@pytest.mark.parametrize(
    ("text", "topic", "step"),
    [
        ("/start", None, None),
        ("/start faq-deadline", "deadline", None),
        ("/start step-m2-site", None, "m2-site"),
        ("/start step-m9-verdict", None, "m7-fields"),
        ("/start notice-2014-autumn", None, None),
        ("/start notice-1999-spring", None, None),
        ("/start faq-no-such", None, None),
        ("/start step-gone", None, None),
        ("/start nonsense", None, None),
        ("/start@gradbot faq-deadline", "deadline", None),
    ],
)
def test_a_link_leads_where_it_says_or_to_the_menu(
    text: str, topic: str | None, step: str | None, meets: Meets
) -> None:
    person = meets()
    sound(person.says(text))
    assert (person.position.step if person.position else None) == step
    assert topic in {reply.topic for reply in person.turn.replies}
    if not topic and not step:
        assert "开始核对" in {button.text for button in person.shown}


def test_a_link_to_a_step_moves_somebody_who_is_on_the_way(meets: Meets) -> None:
    person = meets().stands("m5-login")
    person.says("/start step-m2-site")
    assert person.step == "m2-site"
    assert person.position
    assert person.position.trail == ("m5-login",)


# Two notices


def test_with_two_notices_she_is_asked_which(meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.does()
    assert [button.text for button in person.shown] == [n.notice.short for n in both_notices().notices.values()]
    for words in ("开始核对", "菜单", "跳转", "重新开始", "继续"):
        person.says(words)
        assert person.position is None
        assert {button.id for button in person.shown} == {f"notice|{name}" for name in both_notices().notices}


def test_each_notice_has_its_own_walk_and_its_own_buttons(meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.says("/start notice-2014-autumn")
    person.presses("开始核对")
    person.says("会计电算化")
    first, autumn = next(person.own()).id, still(person)
    person.says("/start notice-2015-spring")
    assert person.position is None
    before = person.stored
    person.does(press=first)
    assert person.position is None
    assert json.loads(person.stored or "{}")["walks"] == json.loads(before or "{}")["walks"]
    person.presses("开始核对")
    person.says("/start notice-2014-autumn")
    came_back = json.loads(still(person))
    assert {**came_back, "moves": 0} == {**json.loads(autumn), "moves": 0}
    person.does(press=first)
    assert person.step == "m1-mailbox"


def test_a_withdrawn_notice_leads_to_the_one_in_force(meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.says("/start notice-2015-spring")
    person.presses("开始核对")
    person.content = CONTENT
    sound(person.does())
    assert person.session
    assert person.session.notice == NOTICE
    assert person.position is None


def test_another_colleges_buttons_and_contacts_are_spoken_of(meets: Meets) -> None:
    person = meets("2014-12-09", only_another())
    person.stands(
        "m9-verdict", **{"field__姓名": "right", "field__民族": "right", "field__专业": "right", "photo": "right"}
    )
    person.does(press="cmd|resume")
    assert "点“信息无误”" in person.heard
    assert "正确" not in person.heard
    person.stands("x1-report", cohort="law", field__姓名="wrong")
    person.does(press="cmd|resume")
    assert "先点“信息有误”" in person.heard
    assert "010-66668888" in person.heard
    assert "户口本（原件、复印件2份）" in person.heard
    person.stands("m1-photo-code")
    person.does(press="cmd|resume")
    assert "采集码" in person.heard
    assert "20元" in person.heard


# The clock


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2013-11-20", "还没开始"),
        ("2013-12-01 00:00", "现在正是核对的时间"),
        ("2013-12-05", "现在正是核对的时间"),
        ("2013-12-20 23:59", "今天（2013年12月20日（周五））是网上核对的最后一天"),
        ("2013-12-21 00:00", "更正信息还来得及"),
        ("2013-12-25", "更正信息还来得及"),
        ("2014-03-19", "更正信息还来得及"),
        ("2014-03-20", "是更正信息的最后一天"),
        ("2014-03-21 00:00", "已经截止"),
        ("2026-11-24", "已经截止"),
    ],
)
def test_the_clock_is_right_in_every_text_that_has_one(day: str, words: str, meets: Meets) -> None:
    person = meets(day)
    for press in (None, "cmd|menu", "cmd|deadline", "cmd|progress", "faq|deadline", "faq|missed-deadline"):
        person.does(press=press)
        assert words in person.heard, press
    person.stands("x1-report").does(press="cmd|resume")
    assert words in person.heard


@pytest.mark.parametrize("day", ["2026-11-24", "2014-03-21"])
def test_a_closed_notice_promises_nothing_and_names_the_phone(day: str, meets: Meets) -> None:
    person = meets(day)
    person.does()
    assert "0550-3055417" in person.heard
    assert "还来得及" not in person.heard
    person.does(press="cmd|deadline")
    assert all(reply.attachment is None for reply in person.turn.replies)


def test_a_rehearsed_day_wears_its_banner() -> None:
    turn = decide(CONTENT, Session(NOTICE), Incoming("test", "her", "菜单"), at("2013-12-05"), rehearsed=True)
    assert "演练" in turn.replies[0].text
    assert "2013年12月5日" in turn.replies[0].text.split("\n")[0]
    assert (
        "演练"
        not in decide(CONTENT, Session(NOTICE), Incoming("test", "her", "菜单"), at("2013-12-05")).replies[0].text
    )


# What each step offers


def numbered(steps: Sequence[str]) -> list[int]:
    return [n for step in steps if (n := SCRIPT.by_id[step].n) is not None]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("day", ["2013-12-05", "2026-11-24"])
def test_every_step_has_its_aids(step: str, day: str, meets: Meets) -> None:
    person = meets(day).stands(step, **RIGHT)
    sound(person.does(press="cmd|resume"))
    offered = {button.text for button in person.shown}
    assert {"遇到问题", "为什么", "稍后继续"} <= offered
    sound(person.does(press="cmd|why"))
    assert "为什么：" in person.heard
    sound(person.does(press="cmd|trouble"))
    helpful = [button for button in person.shown if button.id.startswith("faq|")]
    assert len(helpful) == len(SCRIPT.by_id[step].trouble) > 0
    assert {"联系老师", "回到这一步"} <= {button.text for button in person.shown}


def test_the_jump_list_has_every_main_step_in_order(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.does(press="cmd|jump")
    jumps = [parsed for button in person.shown if isinstance(parsed := ids.parse(button.id), Act)]
    assert numbered([act.step for act in jumps]) == list(range(11))
    assert len(jumps) == 11 + len(SCRIPT.doors)
    for act in jumps:
        other = meets().stands("m2-site")
        other.does(press=str(replace(act, moves=0)))
        assert other.position
        assert other.position.moves == 1


def test_another_notice_is_like_no_other() -> None:
    assert another_notice().photo.code_required
    assert not CONTENT.notices[NOTICE].photo.code_required


def test_asking_for_a_thing_needs_no_walk(meets: Meets) -> None:
    for name in CONTENT.phrases.commands:
        if name not in ("forget", "start"):
            person = meets()
            person.does()
            sound(person.does(press=str(Ask("cmd", name))))
            assert person.position is None, name
