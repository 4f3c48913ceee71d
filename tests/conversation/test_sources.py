"""Where a sentence comes from: labels of its own for what is not in the notice, and the notice's own words by a tap."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.messages import Reply
from flows.quotes import quotes_of
from tests.conftest import Meets, shipped
from tests.person import Person

NOTICE = next(iter(shipped().notices.values()))
CALL = "5、详情咨询成教部学籍管理办公室张老师，办公电话：0550-3055417。"


def labels(person: Person) -> list[tuple[str, str]]:
    return [(reply.text, reply.source or "") for reply in person.turn.replies]


def test_what_goes_beyond_the_notice_has_a_bubble_and_a_label_of_its_own(meets: Meets) -> None:
    for person in (meets().stands("m5-login"), meets().stands("m1-browser"), meets().stands("m3-account")):
        person.says("再说一遍")
        (_, first), *_, (_, last) = labels(person)
        assert first == "出自学校通知"
        assert last.startswith("超出通知，2026-")
        assert person.shown[0].text, "the buttons stand under the last bubble"


def test_advice_that_nobody_looked_up_has_no_date(meets: Meets) -> None:
    person = meets().stands("m6-record")
    person.says("再说一遍")
    assert labels(person)[-1][1] == "超出通知，是我们的提醒"
    person = meets()
    person.says("老师电话没人接怎么办")
    assert [source for text, source in labels(person) if "上午、下午各试一次" in text] == ["超出通知，是我们的提醒"]


def test_that_one_must_do_it_oneself_is_in_the_notice(meets: Meets) -> None:
    person = meets()
    person.says("能让别人代我核对吗")
    (source,) = {source for text, source in labels(person) if "必须本人" in text}
    assert source == "出自学校通知"


def test_a_tap_shows_the_notices_own_sentence_and_moves_nothing(meets: Meets) -> None:
    person = meets().stands("m4-code")
    person.says("张老师电话多少")
    before = person.position
    person.presses("原文")
    assert CALL in person.heard
    assert labels(person)[0][1] == "出自学校通知"
    assert person.turn.replies[0].own, "the answer stays readable above"
    assert person.position == before
    person.says("edu.cn邮箱才能收校验码吗")
    person.presses("原文")
    assert "只能教育网的邮箱" in person.heard
    assert labels(person)[0][1] == "出自学信网帮助（通知附件）"


def test_why_ends_with_the_notices_own_words(meets: Meets) -> None:
    person = meets().stands("m9-verdict")
    person.says("为什么")
    assert "D、如果查看本人信息完全正确，则点击“正确”，否则不能点击“正确”。" in person.heard


def test_a_notice_without_quotes_offers_none(meets: Meets) -> None:
    contacts = tuple(contact.model_copy(update={"quote": None}) for contact in NOTICE.contacts)
    bare = NOTICE.model_copy(update={"contacts": contacts})
    person = meets("2013-12-05", replace(shipped(), notices={NOTICE.id: bare}))
    person.says("张老师电话多少")
    assert "0550-3055417" in person.heard
    assert "原文" not in {button.text for button in person.shown}


def test_each_fact_of_the_shipped_notice_has_its_sentence_once() -> None:
    assert quotes_of(NOTICE, ("contact", "contact"), None) == (CALL,)
    for topic, entry in shipped().entries.items():
        assert not entry.quotes or quotes_of(NOTICE, entry.quotes, "zhuanke"), topic  # type: ignore[arg-type]


def test_a_step_with_something_to_keep_stays(meets: Meets) -> None:
    def stays(person: Person) -> list[Reply]:
        person.says("再说一遍")
        return [reply for reply in person.turn.replies if reply.stays]

    assert stays(meets().stands("m4-keep"))
    assert stays(meets().stands("x1-report", field__姓名="wrong"))
    assert stays(meets().stands("x3-papers"))
    assert not stays(meets().stands("m10-date"))
