from __future__ import annotations

import random

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
