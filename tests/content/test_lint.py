"""What lint says of entries: each rule fires on what it is for, and is silent about what is fine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest

from bot.content import lint as linting
from bot.content.edit_entry import with_entry
from bot.content.lint import RULES, lint
from bot.content.loading import load
from bot.domain import privacy
from faq.matcher import Matcher
from faq.model import Entry
from tests.conftest import shipped
from tests.secrets import make_secrets

TODAY = date(2013, 12, 5)
FINE: dict[str, Any] = {
    "id": "red-pork",
    "title": "食堂的红烧肉",
    "source": "beyond",
    "checked_on": "2013-12-01",
    "references": ["https://www.chsi.com.cn/"],
    "phrasings": ["食堂的红烧肉几点开始卖", "红烧肉几点卖", "红烧肉什么时候有", "几点能买到红烧肉", "红烧肉卖到几点"],
    "answer": "这个问食堂，我只管核对。请不要把身份证号发给我。",
}
SAID = max(shipped().entries["forgot-password"].phrasings, key=len)
WRONG: dict[str, dict[str, Any]] = {
    "asks_secret": {"answer": "请把你的身份证号发给我。"},
    "secret_written": {"answer": "照着11010519491231002X填。"},
    "contact_written": {"answer": "打13912345678问。"},
    "link_not_allowed": {"answer": "看 https://chsi.com.cn.evil.example/a 这里。"},
    "html": {"answer": "<b>注意</b>"},
    "markdown": {"answer": "**注意**"},
    "unfinished": {"answer": "请核对"},
    "empty_phrasing": {"phrasings": ["？？！", *FINE["phrasings"]]},
    "short_phrasing": {"phrasings": ["肉", *FINE["phrasings"]]},
    "near_other": {"phrasings": [f"{SAID}啊", *FINE["phrasings"]]},
    "unheard": {"phrasings": ["返回上一步", *FINE["phrasings"]]},
    "same_twice": {"phrasings": [*FINE["phrasings"], "红燒肉几点卖"]},
    "weak": {"phrasings": ["怎么办", *FINE["phrasings"]]},
    "thin": {"phrasings": FINE["phrasings"][:3]},
    "title_twice": {"title": "忘了密码怎么办"},
    "follow": {"follow": ["red-pork"]},
    "passed_date": {"answer": "2013年11月20日前办理。"},
    "no_reference": {"references": []},
    "old_check": {"checked_on": "2012-01-01"},
    "future_check": {"checked_on": "2014-01-01"},
    "long_answer": {"answer": "红烧肉。" * 160},
    "phone_written": {"answer": "打0550-3055417问。"},
    "half_width": {"answer": "好,知道了。"},
}


def rules(**change: Any) -> set[str]:
    entry = Entry.model_validate({**FINE, **change})
    content = shipped()
    others = {topic: other for topic, other in content.entries.items() if topic != "red-pork"}
    entries = {**others, entry.id: entry}
    with_it = replace(content, entries=entries).with_matcher(Matcher(entries.values(), before=content.matcher))
    return {finding.rule for finding in lint(with_it, TODAY, {entry.id})}


def test_there_are_rules_enough_each_with_a_case_and_a_sentence() -> None:
    assert len(RULES) >= 15
    assert set(RULES) == set(WRONG) == set(shipped().phrases.admin.lint)


def test_nothing_is_said_of_what_is_fine() -> None:
    assert rules() == set()


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_finds_what_it_is_for(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if rule != "unheard":
        monkeypatch.delitem(RULES, "unheard")  # it builds a reader, which takes half a second
    assert rule in rules(**WRONG[rule])


def test_the_shipped_entries_have_no_errors() -> None:
    assert lint(shipped(), TODAY, errors_only=True) == []


def test_a_secret_in_any_line_is_found_in_the_look_at_all_of_them() -> None:
    lines = [line for entry in shipped().entries.values() for line in entry.phrasings]
    draw, seen = Random(1), 0
    for secret in make_secrets(700, 3):
        if privacy.find(secret.sentence):
            around = [draw.choice(lines), secret.sentence, draw.choice(lines)]
            assert privacy.find("\n".join(around)), around
            seen += 1
    assert seen > 600


def test_a_phrasing_that_would_not_be_answered_is_refused_with_what_it_is_taken_for() -> None:
    unheard = ("返回上一步", "菜单", "密码忘了怎么办？")
    lines = ("学士服在哪领", "学士服去哪里拿", *unheard)
    files = with_entry(
        {}, {"id": "gown", "title": "学士服", "source": "notice", "answer": "一楼。", "phrasings": lines}
    )
    found = lint(load(files), date(2013, 12, 5), ["gown"], errors_only=True)
    taken = {str(one.about["text"]): one.about["taken"] for one in found if one.rule == "unheard"}
    assert [*taken] == [*unheard]
    assert taken["密码忘了怎么办？"] == "“忘了密码怎么办”"
    assert taken["返回上一步"] == "要“上一步”"


def test_where_there_are_many_phrasings_a_part_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "unheard")
    monkeypatch.setattr(linting, "MAX_PHRASINGS", 1)
    monkeypatch.setattr(linting, "SAMPLE", 1)
    one = Entry.model_validate({**FINE, "id": "first"})
    lines = ["食堂的红烧肉几点开始卖呀", "鱼几点卖", "鸭几点卖"]
    two = Entry.model_validate({**FINE, "id": "second", "phrasings": lines})
    entries = {entry.id: entry for entry in (one, two)}
    content = replace(shipped(), entries=entries)
    assert not [found for found in lint(content, TODAY) if found.rule == "near_other"]
    monkeypatch.setattr(linting, "MAX_PHRASINGS", 100)
    assert {found.entry for found in lint(content, TODAY) if found.rule == "near_other"} == {"first", "second"}
