"""Drafts the YAML of a notice from its words as published. Pure.

Every value stands below the sentence that it came from; what was inferred or not found is marked `# 请核对`. The draft
has `status: draft`: no graduate sees it until an editor publishes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.notice_import.days import LABELS, Span
from bot.notice_import.text import ContactLine, GraduateGroup, NoticeFindings, extract

MARK = "# 请核对"
COLLECTS = (
    "走到哪一步", "选的层次和专业", "每一步的日期", "要不要提醒和收到过哪些提醒", "问过哪些常见问题和有没有帮上",
    "没答好的问题（去掉个人信息后，不记是谁问的）",
)  # fmt: skip
"""The data that the bot keeps, in the words of its privacy notice."""
FIELDS = ("姓名", "性别", "出生日期", "民族", "身份证号", "学校名称", "专业", "层次", "入学日期", "学习形式")


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """The draft as text, its id, and the number of finds of each kind in it; `unsure` counts the marks."""

    id: str
    yaml: str
    dates: int
    contacts: int
    cohorts: int
    papers: int
    unsure: int


def draft_notice(text: str) -> NoticeDraft:
    """Return the draft of a notice; almost empty when the text is no notice."""
    found = extract(text)
    name = _make_id(found)
    yaml = "\n".join(_write_notice(found, name)) + "\n"
    dates = sum((span.opens is not None) + (span.closes is not None) for span in found.spans) + bool(found.issued)
    contacts = sum(len(desk.phones) + len(desk.mails) for desk in found.desks)
    return NoticeDraft(name, yaml, dates, contacts, len(found.people), len(found.papers), yaml.count(MARK))


def _make_id(found: NoticeFindings) -> str:
    """Return an id such as `2014-autumn`: the year and season of graduation in the title."""
    year = re.search(r"(20\d\d)", found.title)
    season = next((name for word, name in (("春", "spring"), ("夏", "summer"), ("秋", "autumn"), ("冬", "winter"))
                   if word in found.title), "notice")  # fmt: skip
    number = year[1] if year else str(found.issued.year) if found.issued else "new"
    return f"{number}-{season}"


def _quote(text: str) -> str:
    return '"' + re.sub(r"\s+", " ", text).replace("\\", "\\\\").replace('"', '\\"')[:290] + '"'


def _comment_sentence(sentence: str, indent: int) -> str:
    return " " * indent + "# 原文：" + re.sub(r"\s+", " ", sentence)[:160]


def _write_notice(found: NoticeFindings, name: str) -> Iterator[str]:
    who = re.search(r"20\d\d年?届?(?:\d{1,2}月|[春夏秋冬]季)?", found.title)
    short = f"{who[0]}毕业生核对" if who else re.sub(r"^关于|的?通知$", "", found.title)[:20]
    school = re.match(r".{2,20}?(?:大学|学院|学校)", found.school)
    unit = found.school[len(school[0]) :] if school else ""
    yield "# 照通知原文起草，还没有发布。每一处都对着原文看一遍，标了“请核对”的改好，再把 status 改成 published。"
    yield "notice:"
    yield f"  id: {name}          {MARK}：编号，学生的链接里会用到"
    yield "  status: draft"
    yield f"  title: {_quote(found.title or '请填写')}" + ("" if found.title else f"  {MARK}")
    yield f"  short: {_quote(short if len(short) > 1 else '毕业生核对')}  {MARK}：按钮上的短名，最多 20 个字"
    yield f"  issued_on: {found.issued.isoformat()}" if found.issued else f"  issued_on: null  {MARK}：没有找到落款日期"
    yield "  tz: Asia/Shanghai"
    yield "school:"
    yield f"  name: {_quote(school[0] if school else '请填写')}  {MARK}"
    yield f"  unit: {_quote(unit or found.school or '学籍管理办公室')}  {MARK}"
    yield from _write_cohorts(found.people)
    yield from _write_windows(found.spans)
    yield from _write_site(found)
    yield from _write_corrections(found)
    yield from _write_contacts(found.desks)
    yield "links:"
    for url, sentence in found.links or (("https://www.chsi.com.cn/", ""),):
        yield _comment_sentence(sentence, 2) if sentence else f"  {MARK}：通知里没有网址，这是学信网首页"
        yield f"  - {{label: {_quote('学信网' if 'chsi' in url else url)}, url: {_quote(url)}, official: true}}"
    yield "privacy:"
    yield f"  collects: [{', '.join(COLLECTS)}]"
    yield "  retention_days_after_last_window: 60"


def _write_cohorts(people: tuple[GraduateGroup, ...]) -> Iterator[str]:
    yield "cohorts:"
    if not people:
        yield f"  {MARK}：没有找到分专业的名单"
        yield "  - {id: everyone, label: 本届毕业生, level: other}"
    for n, group in enumerate(people, start=1):
        yield _comment_sentence(group.sentence, 2)
        level = "毕业生" if group.level == "other" else group.level
        label = level + (f"（{group.partner}）" if group.partner else "")
        yield f"  - id: group-{n}"
        yield f"    label: {_quote(label if group.majors else f'{label}往届留级生')}"
        yield f"    level: {group.level}" + (f"  {MARK}：哪个层次" if group.level == "other" else "")
        if group.partner:
            yield f"    partner_school: {_quote(group.partner)}"
        if group.grades:
            yield f"    grades: [{', '.join(map(_quote, group.grades))}]"
        if group.held_back:
            yield f"    includes_held_back: true  {MARK}"
        if group.majors:
            yield f"    majors: [{', '.join(map(_quote, group.majors))}]"


def _write_windows(spans: tuple[Span, ...]) -> Iterator[str]:
    yield "windows:"
    if not any(span.kind == "check" for span in spans):
        yield f"  {MARK}：没有找到网上核对的时间"
        yield "  - {id: check, kind: check, label: 网上核对学籍和照片, from: null, to: null}"
    used: dict[str, int] = {}
    for span in spans:
        used[span.kind] = used.get(span.kind, 0) + 1
        number = f"-{used[span.kind]}" if used[span.kind] > 1 else ""
        yield from (_comment_sentence(sentence, 2) for sentence in span.sentence.split("\n"))
        yield f"  - id: {span.kind.replace('_', '-')}{number}"
        yield f"    kind: {span.kind}" + (f"  {MARK}：这段时间是做什么的" if span.kind == "prepare" else "")
        yield f"    label: {LABELS[span.kind]}{f'（{used[span.kind]}）' if number else ''}"
        unsure = "" if span.sure else f"  {MARK}：原文没有写全，是推出来的"
        yield f"    from: {span.opens.isoformat() + unsure if span.opens else 'null'}"
        yield f"    to: {span.closes.isoformat() + unsure if span.closes else 'null'}"
        if span.time_from:
            yield f"    time_from: {_quote(span.time_from)}"
        if span.time_to:
            yield f"    time_to: {_quote(span.time_to)}"
        inclusive = "unknown" if span.before else "true"
        yield f"    end_inclusive: {inclusive}" + (f"  {MARK}：“前”算不算当天" if span.before else "")
        late = _LATE.search(span.sentence)
        yield f"    late: {{policy: {f'none, text: {_quote(late[0])}' if late else 'phone'}}}  {MARK}"


_LATE = re.compile(r"(?:逾期|过期)(?:一律|将|概)?不(?:予|再)?(?:受理|办理|补办|接收)")


def _write_site(found: NoticeFindings) -> Iterator[str]:
    yield "account:"
    yield f"  username: [mobile]  {MARK}：邮箱 email，手机 mobile，身份证号 id_no"
    yield "  code_channels: [sms]"
    yield "entry_paths:"
    year = f"{found.issued.year}年" if found.issued else "通知发出时"
    yield f"  - {{label: 学信档案, url: {_quote('https://www.chsi.com.cn/')}, as_of: {year}}}  {MARK}：从哪里点进去"
    yield "verdict:"
    name, sentence = found.ok_button
    yield _comment_sentence(sentence, 2) if sentence else f"  {MARK}：通知没有写按钮的名字"
    yield f"  ok_button: {_quote(name or '信息无误')}"
    wrong, sentence = found.wrong_button
    if sentence:
        yield _comment_sentence(sentence, 2)
    yield f"  wrong_button: {_quote(wrong) if wrong else 'null'}"
    yield f"  on_mismatch: {'mark_then_report' if wrong else 'report_only'}  {MARK}：有误时先点按钮，还是只报告"
    yield f"check_fields_source: beyond  {MARK}：通知列了栏目的，照通知改，并写 notice"
    yield "check_fields:"
    yield from (f'  - {{name: {field}, kind: "*"}}' for field in FIELDS)


def _write_corrections(found: NoticeFindings) -> Iterator[str]:
    window = any(span.kind == "correction" for span in found.spans)
    yield "corrections:"
    yield '  - kind: "*"'
    yield f"    allowed: office_decides  {MARK}：哪些能改，哪些不能改"
    if found.papers:
        yield "    documents:"
        last = ""
        for paper in found.papers:
            if paper.sentence != last:
                last = paper.sentence
                yield _comment_sentence(last, 6)
            original, copies = "false" if paper.copied else "true", paper.copies or "null"
            yield f"      - {{name: {_quote(paper.name)}, original: {original}, copies: {copies}}}"
    else:
        yield f"    {MARK}：通知没有写要带的材料"
    if found.where[0]:
        yield _comment_sentence(found.where[1], 4)
        yield f"    where: {_quote(found.where[0])}  {MARK}"
    yield f"    window: {'correction' if window else 'null'}"


def _merge_desks(desks: list[ContactLine]) -> list[ContactLine]:
    """Return the desks, with each mail, chat or address that stands alone given to a desk that lacks it.

    That is the desk of the same person, else the first one with a telephone.
    """
    kept = [desk for desk in desks if desk.phones]
    for desk in (desk for desk in desks if not desk.phones):
        lacking = [one for one in kept if not _ways_besides_phone(one) & _ways_besides_phone(desk)]
        same = [one for one in lacking if desk.person and one.person == desk.person]
        first = next(iter(same or lacking), None)
        if first is None:
            kept.append(desk)
            continue
        both = "\n".join(dict.fromkeys((*first.sentence.split("\n"), desk.sentence)))
        more = replace(
            first,
            sentence=both,
            mails=first.mails + desk.mails,
            im="；".join(filter(None, (first.im, desk.im))),
            room=first.room or desk.room,
        )
        kept[kept.index(first)] = more
    return [desk for desk in kept if desk.phones or desk.mails or desk.im]


def _ways_besides_phone(desk: ContactLine) -> set[str]:
    """Return the ways besides the telephone in which a desk can be reached."""
    return {name for name in ("mails", "room") if getattr(desk, name)}


def _write_ways(desk: ContactLine) -> Iterator[str]:
    """Yield the lines with the ways to reach a desk."""
    if desk.person:
        yield f"    person: {_quote(desk.person)}"
    if desk.phones:
        yield f"    phones: [{', '.join(map(_quote, desk.phones))}]"
    if desk.mails:
        yield f"    email: {_quote(desk.mails[0])}"
    if desk.im:
        yield f"    im: {_quote(desk.im)}"
    if desk.room:
        yield f"    room: {_quote(desk.room)}"
    if desk.hours:
        yield f"    hours: {_quote(desk.hours)}"


def _write_contacts(desks: tuple[ContactLine, ...]) -> Iterator[str]:
    chsi = [desk for desk in desks if "学信网" in desk.sentence or any("chsi" in mail for mail in desk.mails)]
    own = _merge_desks([desk for desk in desks if desk not in chsi])
    yield "contacts:"
    if not own:
        yield f"  {MARK}：没有找到学校的电话"
        yield "  - {id: office, role: 学籍管理办公室, topics: [record, photo, correction, deadline, other]}"
    for n, desk in enumerate(own):
        for sentence in desk.sentence.split("\n"):
            yield _comment_sentence(sentence, 2)
        yield f"  - id: {'office' if n == 0 else f'office-{n + 1}'}"
        yield f"    role: {_quote(desk.role or '学籍管理办公室')}" + ("" if desk.role else f"  {MARK}")
        yield from _write_ways(desk)
        topics = "record, photo, correction, deadline, other" if n == 0 else "other"
        yield f"    topics: [{topics}]"
    for desk in chsi[:1]:
        yield _comment_sentence(desk.sentence, 2)
        yield "  - id: chsi"
        yield "    role: 学信网客服"
        yield from _write_ways(desk)
        yield "    topics: [account]"
    yield "routing: {account: chsi, record: office, photo: office, old_diploma: chsi}"
