from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faq.matcher import OFFERED, TOPICS, Matcher
from faq.model import Entry, Match
from tests.faq.corpus import entries, out_of_scope, questions

MATCHER = Matcher(entries())


def entry(topic: str, *phrasings: str) -> Entry:
    filled = (*phrasings, *(f"{phrasings[0]}{n}" for n in range(5 - len(phrasings))))
    return Entry(id=topic, title=phrasings[0], source="notice", phrasings=filled, answer="答")


def check_shape(match: Match) -> None:
    assert len(match.topics) <= TOPICS
    assert all(0 <= topic.score <= 1 for topic in match.topics)
    assert [(-topic.score, topic.id) for topic in match.topics] == sorted(
        (-topic.score, topic.id) for topic in match.topics
    )
    wanted = {"answer": range(1, 3), "choices": range(2, OFFERED + 1), "miss": range(1)}
    assert len(match.chosen) in wanted[match.verdict]
    assert len(set(match.chosen)) == len(match.chosen)


@given(st.text())
def test_any_text_gets_a_verdict(text: str) -> None:
    check_shape(MATCHER.ask(text))


_WORDS = st.text(alphabet="学籍照片密码忘注册abc 12？", min_size=2, max_size=12).filter(
    lambda text: len(text.strip()) > 1
)


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.lists(_WORDS, min_size=1, max_size=5), min_size=1, max_size=4
    ),
    st.text(alphabet="学籍照片密码忘注册abc？", max_size=20),
)
def test_any_faq_of_one_entry_or_more_answers_any_text(faq: dict[str, list[str]], text: str) -> None:
    check_shape(Matcher(entry(topic, *lines) for topic, lines in faq.items()).ask(text))


def test_an_empty_faq_misses() -> None:
    assert Matcher([]).ask("忘记密码了") == Match("miss", ())


@pytest.mark.no_cover
def test_the_order_of_entries_changes_nothing() -> None:
    shuffled = entries()
    random.Random(7).shuffle(shuffled)
    other = Matcher(shuffled)
    asked = [question.text for question in questions()] + out_of_scope()
    assert len(asked) > 400
    assert all(other.ask(text) == MATCHER.ask(text) for text in asked)


@pytest.mark.parametrize(
    "text", ["", "怎么办", "12345", "3055417", "？？？", "🤣🤣", "zxcvbnm", "我", "谢谢", "a", "学"]
)
def test_what_names_no_subject_is_never_answered(text: str) -> None:
    assert MATCHER.ask(text).verdict == "miss"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("忘记用户名了怎么办", "forgot-username"),
        ("毕业证上有两个编号填哪个", "certificate-numbers"),
        ("帐户被注册了", "id-already-registered"),
        ("电话", "contact"),
        ("截止", "deadline"),
        ("忘記密碼", "forgot-password"),
        ("wangji mima le", "forgot-password"),
        ("怎么修改用户名", "change-username"),
    ],
)
def test_plain_questions_find_their_topic(text: str, topic: str) -> None:
    assert MATCHER.ask(text).topics[0].id == topic


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("什么时候截止？张老师电话多少？", {"deadline", "contact"}),
        ("注册要钱吗？还有，用什么浏览器好", {"cost", "browser"}),
    ],
)
def test_two_questions_in_one_message_are_both_answered(text: str, topics: set[str]) -> None:
    match = MATCHER.ask(text)
    assert match.verdict == "answer"
    assert set(match.chosen) == topics


def test_one_question_in_two_sentences_is_one() -> None:
    assert MATCHER.ask("我密码忘了。怎么办？").chosen == ("forgot-password",)


def test_what_the_notice_answers_goes_before_what_is_beyond_it() -> None:
    assert MATCHER.ask("收不到验证码").topics[0].id == "sms-code"


@pytest.mark.parametrize(
    "text", ["微信密码忘了怎么找回", "建行密码忘了", "食堂几点开饭", "鼠标多少钱", "你是不是坏了", "你吃了吗"]
)
def test_a_word_of_ours_said_of_another_thing_is_not_answered(text: str) -> None:
    assert MATCHER.ask(text).verdict != "answer"


def test_verdicts_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "from tests.faq.corpus import *; from faq.matcher import Matcher; m = Matcher(entries());"
        "print([m.ask(q.text) for q in questions()[:80]])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 80


@pytest.mark.no_cover
def test_the_evaluation_keeps_its_level() -> None:
    """Floors a little under what was measured; lower one knowingly or not at all. Some lines were tuned on."""
    asked = [(question, MATCHER.ask(question.text)) for question in questions()]
    others = [MATCHER.ask(text).verdict for text in out_of_scope()]
    assert len(asked) > 400
    assert len(others) > 300
    first = sum(match.topics[:1] != () and match.topics[0].id in question.topics for question, match in asked)
    three = sum(any(topic.id in question.topics for topic in match.topics[:3]) for question, match in asked)
    wrong = sum(match.verdict == "answer" and not set(match.chosen) & set(question.topics) for question, match in asked)
    assert first / len(asked) >= 0.94
    assert three / len(asked) >= 0.98
    assert wrong / len(asked) <= 0.02
    assert others.count("answer") / len(others) <= 0.06
    assert others.count("choices") / len(others) <= 0.15


def test_the_present_step_is_a_mild_preference() -> None:
    plain = {topic.id: topic.score for topic in MATCHER.ask("照片").topics}
    preferred = {topic.id: topic.score for topic in MATCHER.ask("照片", likely={"photo-wrong"}).topics}
    assert preferred["photo-wrong"] > plain["photo-wrong"]
    assert MATCHER.ask("忘记密码了", likely={"photo-wrong"}).topics[0].id == "forgot-password"


def test_an_explanation_agrees_with_the_verdict() -> None:
    seen = MATCHER.explain("忘记密码了怎么办")
    assert [clue.id for clue in seen.clues[:TOPICS]] == [topic.id for topic in MATCHER.ask("忘记密码了怎么办").topics]
    assert 0 <= seen.none <= 1
    assert sum(clue.score for clue in seen.clues) + seen.none == pytest.approx(1)
