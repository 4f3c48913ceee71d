"""Before a notice is in force, whoever answers for it reads on one page what the bot will say to whom."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import bot
import flows
from bot.render.preview import preview, to_html, to_text
from flows.facts import facts, fill
from flows.notice import Notice
from tests.conftest import Meets, another_notice, shipped
from tests.person import at

FREE = {"tz", "official", "verify_with"}
"""Fields that are rules for the check of the content, not sentences."""


def _list_fields(model: object, seen: set[object]) -> set[str]:
    fields = getattr(model, "model_fields", {})
    if model in seen or not fields:
        return set()
    seen.add(model)
    inner = (part for field in fields.values() for part in _list_models(field.annotation))
    return {*fields, *(name for part in inner for name in _list_fields(part, seen))}


def _list_models(annotation: object) -> list[object]:
    parts = getattr(annotation, "__args__", ())
    return [annotation, *(one for part in parts for one in _list_models(part))]


def test_every_field_of_a_notice_has_a_reader() -> None:
    fields = _list_fields(Notice, set())
    assert len(fields) > 90
    roots = [Path(package.__file__ or "").parent for package in (bot, flows)]
    code = [path for root in roots for path in root.rglob("*.py")]
    readers = [
        path for path in code if path.name not in ("notice.py", "agreement.py") and "notice_import" not in path.parts
    ]
    text = "\n".join(path.read_text("utf-8") for path in readers) + (roots[1] / "scripts/archive-check.yaml").read_text(
        "utf-8"
    )
    methods = (roots[1] / "notice.py").read_text("utf-8")
    unread = {
        name
        for name in fields - FREE
        if not re.search(rf"\.{name}\b", text) and not re.search(rf"\w\.{name}\b", methods)
    }
    assert not unread


def test_the_page_says_what_each_cohort_is_told_in_each_phase() -> None:
    content = shipped()
    notice = content.notices["2014-autumn"]
    sections = preview(content, notice)
    text = to_text(sections)
    assert "给专科、往届留级生、专升本（安徽财经大学）、专升本（安徽工程大学）" in text
    assert "2013年12月20日（周五）：今天（2013年12月20日（周五））是网上核对的最后一天" in text
    assert "{{" not in text
    assert "[[" not in text


def test_the_page_to_print_escapes_what_people_wrote() -> None:
    content = shipped()
    notice = content.notices["2014-autumn"]
    head = notice.notice.model_copy(update={"title": "<b>通知</b>"})
    page = to_html(preview(content, notice.model_copy(update={"notice": head})))
    assert "<b>" not in page
    assert "&lt;b&gt;通知" in page
    assert "@media print" in page


def test_what_a_notice_says_of_account_device_and_corrections_is_told() -> None:
    content = shipped()
    tree = another_notice().model_dump(mode="json", by_alias=True)
    tree["account"] |= {"first_view_identity_check": "face", "other_login": ["支付宝扫码"]}
    tree["entry_paths"][0]["device"] = "app"
    tree["notice"] |= {"doc_no": "学字〔2031〕8号", "supersedes": "2014-autumn"}
    tree["privacy"]["processor"] = "某某公司"
    tree["ignore_fields"] = ["班级"]
    tree["check_fields"][0]["editable_by"] = "police"
    tree["staff"]["duties"] = [{"what": "收齐核对表", "from": None, "to": "2015-03-20"}]
    tree["unsure"] = [{"at": "windows.0.to", "why": "原文没有写年份"}]
    notice = Notice.model_validate(tree)
    text = to_text(preview(content, notice))
    for said in ("人脸核验", "支付宝扫码", "学信网 App", "学字〔2031〕8号", "代替以前的通知 2014-autumn",
                 "不用比的：班级",
                 "收齐核对表（2015年3月20日（周五））", "没有看过：windows.0.to"):  # fmt: skip
        assert said in text, said
    assert "准备一台电脑" not in text
    wrong = [notice.check_fields[0].name]
    known = facts(notice, content.phrases.facts, {}, wrong, at("2015-03-20"))
    assert "公安机关" in known["corrections.list"]
    assert "某某公司" in fill(content.phrases.privacy, known)


def test_a_new_notice_takes_the_place_of_the_old_one_and_keeps_who_is_halfway(meets: Meets) -> None:
    old = shipped().notices["2014-autumn"]
    head = old.notice.model_copy(
        update={"id": "2014-autumn-b", "supersedes": old.id, "title": "关于延长核对时间的通知"}
    )
    person = meets("2013-12-05").stands("m5-login", cohort="zhuanke", record="found")
    person.content = replace(shipped(), notices={"2014-autumn-b": old.model_copy(update={"notice": head})})
    person.says("我的进度")
    assert "关于延长核对时间的通知" in person.heard
    assert (person.step, person.position and person.position.answers["record"]) == ("m5-login", "found")
    person.says("我的进度")
    assert "不用了" not in person.heard
