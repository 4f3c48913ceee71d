"""Another college's notice, written in YAML alone: it passes, it is walked, and the bot speaks of nothing but it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from bot.content.content import Content
from bot.content.loading import load
from bot.conversation.decide import decide
from bot.domain.messages import Incoming
from bot.domain.session import Session
from tests.content.said import Said, everything

FOLDER = Path(__file__).parent / "colleges" / "jiangzhou"
MOMENTS = [datetime.fromisoformat(f"{day}T10:00") for day in ("2026-09-01", "2026-11-18", "2026-12-02", "2027-08-01")]
"""Before, in both checks, late but correctable, closed."""

FIRST_COLLEGE = re.compile(
    "张老师|0550|成教|滁州|安徽|成人高考|IE|右侧|右边|2014|“正确”|第[13]条|一代身份证|留级|第一步|12月20日|3月20日|公安部门证明"
)
"""Particulars of the college whose notice ships. 2013 may stand where CHSI's own help text is dated."""
PLACES_OF_2013 = {"a2-service", "why a2-service", "faq id-already-registered", "faq change-username"}


@cache
def college() -> Content:
    return load(FOLDER)


def answers(cohort: str, major: str, level: str) -> tuple[Mapping[str, str], ...]:
    chosen = {"level": level, "cohort": cohort, "major": major}
    fields = next(iter(college().notices.values())).check_fields
    right = {**chosen, **{f"field:{field.name}": "right" for field in fields}, "photo": "right"}
    return (
        chosen,
        {**right, "clicked": "2026-11-18"},
        {**right, "field:姓名": "wrong", "reported": "2026-11-18"},
        {**right, "photo": "missing"},
        right,
    )


OFF = {
    "m0-major",
    "m5-captured",
    "m5-identity",
    "m5-review",
    "m5-confirm",
    "m5-paper",
    "m10-report",
    "m10-diploma",
    "x1-cause",
}
"""Steps of chapters that this college has not."""
EAST, SOUTH = ("east", "法学", "高起本"), ("south", "护理学", "专升本")


@cache
def screens(*cohorts: tuple[str, str, str]) -> tuple[Said, ...]:
    """What these cohorts are told; without any, what somebody is told whose cohort is not known yet."""
    people = [given for cohort in cohorts for given in answers(*cohort)] or [{}]
    return tuple(said for now in MOMENTS for said in everything(college(), "2027-winter", people, now))


@pytest.mark.slow
def test_nothing_of_the_first_college_is_said_to_another() -> None:
    seen = [*screens(), *screens(EAST), *screens(SOUTH)]
    places = {said.place for said in seen}
    assert set(college().script.by_id) <= places | OFF
    assert {f"faq {topic}" for topic in college().entries} <= places
    assert "card greeting" in places
    for place, text in {(said.place, said.text) for said in seen}:
        assert not FIRST_COLLEGE.search(text), f"{place}: {text}"
        assert "2013" not in text or place in PLACES_OF_2013, f"{place}: {text}"


@pytest.mark.parametrize(("cohort", "own", "other"), [(EAST, "8123456", "8765432"), (SOUTH, "8765432", "8123456")])
def test_each_cohort_is_sent_to_its_own_teacher(cohort: tuple[str, str, str], own: str, other: str) -> None:
    told = [said for said in screens(cohort) if " " not in said.place]
    assert sum(own in said.text for said in told) > 30
    assert not [said for said in told if other in said.text and said.place not in ("m0-who", "m0-ask")]


SAID = [
    (
        "m1-photo-code",
        ["图像采集码", "长按保存", "每人20元", "蓝底", "15到30天", "JZLG27", "江州光明照相馆", "2025年以后拍过"],
    ),
    ("m1-photo-code", ["2026年9月20日", "08:30-11:30", "转到下一批"]),
    ("m1-id", ["入学注册学籍时所用的号码"]),
    ("m2-site", ["2026年9月", "点“高等教育信息”"]),
    ("m4-form", ["用户名：手机号"]),
    ("m9-verdict", ["点“信息无误”"]),
    (
        "x1-report",
        [
            "信息有误",
            "先点",
            "姓名",
            "改名：符合条件可以更正",
            "要报省里审批",
            "户籍变更证明（原件、复印件2份）",
            "学籍信息变更申请表（表格）",
        ],
    ),
    ("x3-papers", ["东校区行政楼105", "2026年12月4日"]),
    ("x4-again", ["24小时左右"]),
    ("card deadline", ["2026年11月20日", "2026年11月27日", "17:00", "要截图", "转到2027年夏季那一批", "2027年7月1日"]),
    (
        "card contact",
        ["李老师", "王老师", "赵老师", "xueji@jzlg.example", "企业微信", "图书馆一楼", "工作日 9:00-11:00"],
    ),
    ("card deadline", ["江州理工大学继续教育学院", "2026年9月7日"]),
    ("card privacy", ["点“信息无误”", "30天"]),
    (
        "faq which-majors",
        ["高起本（东校区）", "休学未复学的", "江南医学院", "2027年1月10日", "2027年1月20日", "函授", "延期毕业生"],
    ),
    ("faq photo-wrong", ["赵老师", "15到30天"]),
    ("faq face-match-failed", ["可能非同一人：补采集那天重拍"]),
    ("faq photo-ugly", ["只是不好看的不重拍"]),
    ("faq cost", ["每人20元"]),
    ("faq missed-deadline", ["按放弃更正处理", "学历不能电子注册"]),
    ("faq how-to-register", ["附件2：学籍信息变更申请表", "手机号"]),
    ("faq old-id-15-digit", ["民族：不得更改"]),
]


@pytest.mark.parametrize(("place", "words"), SAID, ids=[f"{place}-{words[0]}" for place, words in SAID])
def test_its_own_facts_are_said(place: str, words: list[str]) -> None:
    told = [said.text for said in (*screens(), *screens(EAST)) if said.place == place]
    assert any(all(word in text for word in words) for text in told), "\n\n".join(told[:2])


@pytest.mark.parametrize("wanted", ["法学", "护理学（江南医学院）", "延期毕业生"])
def test_a_fresh_graduate_walks_to_done_in_forty_presses(wanted: str) -> None:
    content, now = college(), datetime.fromisoformat("2026-11-18T10:00")
    turn = decide(content, None, Incoming("test", "somebody"), now)
    presses = 0
    while turn.state != "done":
        buttons = {button.text: button.id for row in turn.replies[-1].buttons for button in row}
        levels = {"专升本"} if "江南" in wanted else {"高起本"}
        press = next((buttons[text] for text in (wanted, *levels) if text in buttons), next(iter(buttons.values())))
        turn = decide(content, turn.session, Incoming("test", "somebody", press=press), now)
        presses += 1
        assert presses <= 40, turn.replies[-1].text
    assert isinstance(turn.session, Session)
    assert "信息无误" in turn.replies[-1].text
