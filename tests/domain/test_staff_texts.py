"""What staff write: secrets are refused, links and bait need a second person, ordinary words pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.domain import staff_texts
from bot.domain.staff_texts import describe_findings, find_contacts, find_forbidden, find_risks
from tests.conftest import shipped

RULES = yaml.safe_load(Path(staff_texts.__file__).with_suffix(".yaml").read_text("utf-8"))
CONTENT = shipped()


def risks(text: str) -> tuple[str, ...]:
    return find_risks(text, CONTENT.allowed_hosts, CONTENT.public_contacts)


@pytest.mark.parametrize("line", RULES["risky"])
def test_what_a_thief_would_send_needs_a_second_person(line: str) -> None:
    assert risks(line)


@pytest.mark.parametrize("line", RULES["harmless"])
def test_ordinary_words_need_none(line: str) -> None:
    assert risks(line) == ()


def test_what_the_bot_says_itself_needs_none() -> None:
    templates = [template.text for template in CONTENT.phrases.broadcast.templates.values()]
    answers = [entry.answer for entry in CONTENT.entries.values()]
    assert [text for text in (*templates, *answers) if risks(text)] == []


def test_passwords_and_id_numbers_are_found_where_they_stand() -> None:
    text = "请登录：\n密码 abc123，身份证11010519491231002X"
    said = describe_findings(text, find_forbidden(text), CONTENT.phrases.tripwire_kinds, "{line}:{column}{kind}", " ")
    assert said == "2:4密码 2:14身份证号"


def test_a_phone_that_the_notice_names_needs_no_confirmation() -> None:
    assert find_contacts("打 0550-3055417", CONTENT.public_contacts) == ()
    assert len(find_contacts("打 13812345678 或写 a@163.com", CONTENT.public_contacts)) == 2
