"""Writes the parts of a draft that say what and with whom: site, photo, corrections, contacts, staff's duties. Pure."""

from __future__ import annotations

import re
from typing import Any

from bot.notice_import.desks import Desk, find_room
from bot.notice_import.papers import find_corrections, find_handed_out
from bot.notice_import.rules import (
    find_account,
    find_buttons,
    find_consequences,
    find_fields,
    find_ignored,
    find_links,
    find_path,
    find_photo,
    names_app,
)
from bot.notice_import.sections import DraftWork, name_windows

_ITEM = re.compile(r"^\s{0,9}(?:[（(]?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[）)、.．]|[①-⑩])\s{0,9}")
"""The number of an item."""
FIELDS = ("姓名", "性别", "出生日期", "民族", "身份证号", "学校名称", "专业", "层次", "入学日期", "学习形式")
REMINDERS = (
    ("capture", 3, "-完成", "capture"),
    ("recapture", 3, "-完成", "recapture"),
    ("confirm_capture", 3, "-完成", "confirm"),
    ("paper_check", 3, "-完成", "paper"),
    ("check", 7, "-完成", "t7"),
    ("check", 3, "-完成", "t3"),
    ("check", 1, "-完成", "t1"),
    ("correction", 7, "有误", "correction"),
    ("correction", 3, "有误", "correction"),
    ("recheck", 1, "有误", "recheck"),
)
"""The plan of reminders that a draft begins with: kind of window, days before its end, audience, template."""


def write_site(work: DraftWork) -> dict[str, Any]:
    """Return account, path, buttons, fields and photo."""
    body = work.frame.body
    ok, wrong = find_buttons(body)
    clicks, at = find_path(body, {ok.value, wrong.value})
    fields, fields_at = find_fields(body)
    ignored, ignored_at = find_ignored(body)
    photo, photo_at = find_photo(body)
    account, account_at = find_account(body)
    for sentence in account_at:
        work.use(sentence, "account")
    for sentence in at:
        work.use(sentence, "entry_paths.0")
    work.use(ok.at, "verdict.ok_button")
    work.use(wrong.at, "verdict.wrong_button")
    work.use(fields_at, "check_fields")
    work.use(ignored_at, "ignore_fields")
    for key, sentences in photo_at.items():
        for sentence in sentences:
            work.use(sentence, f"photo.{key}")
    checks = any(w.kind in ("check", "confirm_capture") for w in work.days.windows)
    if not ok.value and checks:
        work.doubt("verdict.ok_button", "通知没有写按钮的名字；没有要点的按钮，就选“没写”")
    submits = any(re.search("提交校对结论|修改后[^。]{0,6}提交", one.plain) for one in body)
    year = f"{work.frame.issued.year}年" if work.frame.issued else "通知发出时"
    path = {
        "label": clicks[-1] if clicks else "学信网",
        "url": "https://www.chsi.com.cn/",
        **({"clicks": list(clicks)} if clicks else {}),
        **({"device": "app"} if names_app(body, at) else {}),
        "as_of": year,
    }
    mismatch = "report_only" if not wrong.value else "mark_edit_submit" if submits else "mark_then_report"
    return {
        "account": account | work.quote(account_at),
        "entry_paths": [path | work.quote(at)],
        "verdict": {
            "ok_button": ok.value or None,
            "wrong_button": wrong.value or None,
            "on_mismatch": mismatch,
            **work.quote([ok.at, wrong.at]),
        },
        "check_fields_source": "notice" if fields else "beyond",
        "check_fields": [{"name": name[:16], "kind": "*"} for name in fields or FIELDS],
        "ignore_fields": list(ignored),
        "photo": photo,
    }


def write_corrections(work: DraftWork) -> list[dict[str, Any]]:
    rows = list[dict[str, Any]]()
    windows = [(name, w) for name, w in name_windows(work) if w.kind == "correction"]
    for n, rule in enumerate(find_corrections(work.frame.body, {duty.at for duty in work.days.duties})):
        row: dict[str, Any] = {"kind": rule.kind, "allowed": "no" if rule.refused else "office_decides"}
        if rule.refused:
            row["why"] = "通知里写明不能改。"
        if rule.papers and not rule.refused:
            row["documents"] = [
                {"name": paper.name, "original": paper.original, "copies": paper.copies} for paper in rule.papers
            ]
        rooms = ((find_room(one.plain), one) for one in work.frame.body if one.n in rule.at)
        room = next((found for found, _ in rooms if found), "")
        row |= {"where": room} if room else {}
        own = [name for name, window in windows if {*window.at} & {*rule.at}]
        others = [name for name, _ in windows if name not in [other.get("window") for other in rows]]
        row |= {"window": (own or others or [windows[0][0]])[0]} if windows and not rule.refused else {}
        rows.append(row | work.quote(sorted(set(rule.at))))
        for sentence in rule.at:
            work.use(sentence, f"corrections.{n}")
    return rows


def write_chapters(work: DraftWork) -> dict[str, Any]:
    """Return how mistakes are reported, and where diplomas are handed out for what; nothing that is not said."""
    at = {kind: {n for w in work.days.windows if w.kind == kind for n in w.at} for kind in ("report", "collection")}
    texts = [one for one in work.frame.body if one.n in at["report"]]
    how = "；".join(_ITEM.sub("", one.text).rstrip("。；;") for one in texts)[:280]
    for one in texts:
        work.use(one.n, "report.how")
    lines = {one.line for one in work.frame.body if one.n in at["collection"]}
    told, papers, proxy, where = list[int](), list[str](), "", ""
    for one in (one for one in work.frame.body if one.line in lines):
        found, other = find_handed_out(one)
        room = find_room(one.plain) if one.n in at["collection"] or found else ""
        where, proxy = where or room, proxy or other
        papers += [paper.name for paper in found if paper.name not in papers]
        told += [one.n] if found or other or room else []
    for sentence in told:
        work.use(sentence, "collection")
    collection = {
        **({"where": where} if where else {}),
        **({"documents": [{"name": name, "copies": 0} for name in papers]} if papers else {}),
        **({"proxy": proxy} if proxy else {}),
    }
    return {
        "report": {"how": how} | work.quote([one.n for one in texts]) if how else {},
        "collection": collection | work.quote(told) if collection else {},
    }


def write_contacts(
    work: DraftWork, desks: list[Desk], school: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the contacts and the routing to them."""
    rows, counts = list[dict[str, Any]](), dict[str, int]()
    order = ("office", "point", "photo", "chsi")
    main = next((desk.part for part in order[:2] for desk in desks if desk.part == part), "")
    for desk in sorted((d for d in desks if d.part != "chsi"), key=lambda d: order.index(d.part)):
        first = desk.part == main and not counts.get(desk.part)
        counts[desk.part] = counts.get(desk.part, 0) + 1
        name = desk.part if counts[desk.part] == 1 else f"{desk.part}-{counts[desk.part]}"
        default = {"photo": "图像采集咨询", "point": "教学点"}.get(desk.part, school["unit"] or "学校")
        topics = (
            ["record", "correction", "deadline", "other"] if first else ["photo"] if desk.part == "photo" else ["other"]
        )
        topics += ["photo"] if first and not any(d.part == "photo" for d in desks) else []
        rows.append(_write_desk(desk, name, desk.role or default) | {"topics": topics} | work.quote(desk.at))
    for desk in [d for d in desks if d.part == "chsi"][:1]:
        rows.append(_write_desk(desk, "chsi", "学信网客服") | {"topics": ["account"]} | work.quote(desk.at))
    for n, row in enumerate(rows):
        for desk in desks:
            if (
                set(desk.phones) & set(row.get("phones", ()))
                or (desk.mails and row.get("email") in desk.mails)
                or (desk.im and desk.im in row.get("im", ""))
            ):
                for at in desk.at:
                    work.use(at, f"contacts.{n}")
    if not main:
        work.doubt("contacts", "通知里没有写学校的电话，请填写有错时找谁")
        if school["unit"]:
            rows.insert(
                0, {"id": "office", "role": school["unit"], "topics": ["record", "correction", "deadline", "other"]}
            )
    office = next((row["id"] for row in rows if row["id"] in (main, "office")), "office")
    photo = next((row["id"] for row in rows if row["id"] == "photo"), office)
    return rows, {"account": "chsi", "record": office, "photo": photo, "old_diploma": "chsi"}


def _write_desk(desk: Desk, name: str, role: str) -> dict[str, Any]:
    return {
        "id": name,
        "role": role,
        **({"person": desk.person} if desk.person else {}),
        **({"phones": list(desk.phones)} if desk.phones else {}),
        **({"email": desk.mails[0]} if desk.mails else {}),
        **({"im": desk.im} if desk.im else {}),
        **({"room": desk.room} if desk.room else {}),
        **({"hours": desk.hours} if desk.hours else {}),
    }


def write_links(work: DraftWork) -> list[dict[str, Any]]:
    found = list(find_links(work.frame.body))
    for n, link in enumerate(found):
        work.use(link.at, f"links.{n}")
    rows = [{"label": "学信网" if "chsi" in link.value else link.value, "url": link.value} for link in found]
    known = any("chsi" in row["url"] for row in rows)
    return rows if known else [*rows, {"label": "学信网", "url": "https://www.chsi.com.cn/"}]


def write_aftermath(work: DraftWork) -> dict[str, Any]:
    """Return consequences, staff's duties and the plan of reminders."""
    rows = list[dict[str, Any]]()
    for when, then, at in find_consequences(work.frame.body):
        if len(rows) < 6:
            rows.append({"if": when, "then": then} | work.quote([at]))
            work.use(at, f"consequences.{len(rows) - 1}")
    duties = list[dict[str, Any]]()
    for n, duty in enumerate(work.days.duties):
        duties.append(
            {
                "what": duty.what,
                "from": duty.opens,
                "to": duty.closes,
                **({"time_to": duty.time_to} if duty.time_to else {}),
            }
        )
        if duty.why or not duty.closes:
            work.doubt(f"staff.duties.{n}.to", duty.why or "没有写到哪一天为止", duty.at)
    plan = [
        {"window": name, "days": days, "at": "09:30", "audience": audience, "template": template}
        for name, window in name_windows(work)
        for kind, days, audience, template in REMINDERS
        if window.kind == kind and window.closes
    ]
    return {
        "consequences": rows,
        "staff": {"duties": duties} if duties else {},
        "reminders": {"plan": plan} if plan else {},
    }
