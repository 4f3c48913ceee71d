"""Every text about time is true at its moment and for its person: on each of nine days, at noon, late, on weekends."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Meets
from tests.person import Person

MOMENTS = (
    "2013-11-20", "2013-12-05", "2013-12-12", "2013-12-20 17:00", "2013-12-20 23:50", "2013-12-21", "2014-03-20",
    "2014-04-01", "2026-11-30",
)  # fmt: skip
ASKED = ("cmd|menu", "cmd|deadline", "cmd|progress", "cmd|later", "cmd|resume", "faq|deadline", "faq|missed-deadline",
         "faq|correction-procedure", "faq|info-wrong", "faq|papers-by-mail", "faq|photo-wrong")  # fmt: skip
CLASS = {"level": "专科", "cohort": "zhuanke", "major": "工程造价"}
PHONE = "0550-3055417"


def hear_all(person: Person, step: str) -> list[str]:
    """Return every bubble about time that somebody gets at a step."""
    person.does(press=f"step|{step}")
    said = [reply.text for reply in person.turn.replies]
    for press in ASKED:
        said += [reply.text for reply in person.does(press=press).replies]
    return said


def with_an_error(person: Person) -> list[str]:
    person.stands("m2-site", field__民族="wrong", **CLASS)
    return [text for step in ("x1-report", "x2-allowed", "x3-papers", "x9-risk") for text in hear_all(person, step)]


@pytest.mark.parametrize("moment", MOMENTS)
def test_nobody_with_an_error_is_told_by_when_to_click(moment: str, meets: Meets) -> None:
    said = with_an_error(meets(moment))
    assert not [text for text in said if re.search("最迟[^，。]*做完|现在可以点|请马上去核对", text)]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_number_is_said_once_in_a_message(moment: str, meets: Meets) -> None:
    person = meets(moment)
    person.does()
    said = [*hear_all(person, "m2-site"), *with_an_error(meets(moment))]
    assert [text for text in said if PHONE in text]
    assert not [text for text in said if text.count(PHONE) > 1]
    assert not [text for text in said if re.search(r"[：，（]$|（）|：。|，。", text)]


@pytest.mark.parametrize(
    ("moment", "when"),
    [
        ("2013-12-20 16:59", "今天下班前"),
        ("2013-12-20 17:00", "12月23日（周一）上班以后"),
        ("2013-12-20 23:50", "12月23日（周一）上班以后"),
        ("2013-12-21", "12月23日（周一）上班以后"),
        ("2013-12-22 10:00", "明天12月23日（周一）上班以后"),
        ("2014-01-31", "2月7日（周五）上班以后"),
    ],
)
def test_the_office_is_called_when_it_is_open(moment: str, when: str, meets: Meets) -> None:
    said = "\n".join(with_an_error(meets(moment)))
    assert when in said
    assert when == "今天下班前" or "今天下班前" not in said


@pytest.mark.parametrize(("moment", "waits"), [("2013-12-05", True), ("2014-03-20", False), ("2014-04-01", False)])
def test_at_the_end_nothing_is_waited_for(moment: str, waits: bool, meets: Meets) -> None:
    person = meets(moment).stands("x3-papers", field__民族="wrong", **CLASS)
    person.does(press="cmd|resume")
    assert ("可能要等几天" in person.heard) is waits


def test_after_the_end_both_ends_are_named_first(meets: Meets) -> None:
    person = meets("2026-11-30")
    person.does()
    for topic in ("deadline", "missed-deadline", "correction-procedure"):
        first = person.does(press=f"faq|{topic}").replies[0].text
        assert re.match(".*2013年12月20日.*2014年3月20日.*已经截止", first.split("\n")[0]), topic
        assert "最迟" not in person.heard, topic


def test_whoever_is_done_hears_of_no_deadline(meets: Meets) -> None:
    person = meets("2013-12-05").stands("m10-date")
    person.says("今天")
    for press in ("cmd|deadline", "cmd|progress", "cmd|menu", "cmd|later"):
        person.does(press=press)
        assert "最迟" not in person.heard, press
        assert not any(reply.attachment for reply in person.turn.replies), press
