"""Finds the desks that a notice names: the school's offices, photo companies, CHSI; each with its ways. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.notice_import.sentences import Sentence

_PHONE = re.compile(
    r"(?<![\d-])(?:\+86-?)?(?:[（(]?0\d{2,3}\s{0,9}[-—－)）]+\s{0,9}\d{3,4}\s?\d{4}(?:\s{0,9}(?:-|转)\s{0,9}\d{1,6})?"
    r"(?:\s{0,9}[、/，,]\s{0,9}\d{7,8}(?![\d-]))*|0\d{2,3}\s?\d{7,8}|1[3-9]\d{9}|400-?\d{3}-?\d{4})(?![\d-])"
    r"|(?:(?<=电话)|(?<=电话[:：])|(?<=电话[:：]\s)|(?<=电话为)|(?<=内线[:：])|(?<=热线[:：])"
    r"|(?<=咨询[:：]))\d{5,8}(?:\s{0,9}[、/]\s{0,9}\d{5,8})*(?!\d)"
)
_ALONE = re.compile(r"(?:[\u4e00-\u9fff]{2,4}|[:：])\s{0,9}[（(]?(\d{7,8})(?!\d)")
"""A telephone without its area code behind a name, in a sentence about telephones."""
_FAX = re.compile(r"传真\s{0,9}[:：]?\s{0,9}[（(]?$")
_IS_FAX = re.compile(r"\s{0,9}[（(]\s{0,9}传真")
_MAIL = re.compile(r"[A-Za-z0-9_.+-]{1,40}@[A-Za-z0-9-]{1,30}(?:\.[A-Za-z0-9-]{1,20}){1,4}")
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦马苗凤方俞任袁柳鲍史唐费廉岑薛雷"
    "贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季"
    "麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉龚程嵇邢裴陆荣翁荀羊惠曲家"
    "封储靳段富巫乌焦巴弓车侯全班仰秋仲伊宫宁仇栾甘厉武符刘景詹束龙叶幸司韶黎白蒲覃肖温庄晏柴瞿阎连习艾容向古易廖聂曾关游权商邸"
    "申佘佟冉卓岳尚屠栗桂桑楚牟牛佴盖祖索胥苑莘谌谭赖隋鞠晁阚仝占涂辛丛佐闻"
)
_PERSON = re.compile(
    rf"(?:联系人|负责人|联系老师|咨询人)\s{{0,9}}[:：]?\s{{0,9}}([{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?:老师"
    rf"|主任)?)|([{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?(?:老师|主任|科长|处长))"
    rf"|(?:科|处|办|室|中心|部|站)\s+([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=\s+[（(]?[01])"
)
_ROOM = re.compile(
    r"[\u4e00-\u9fffA-Z0-9]{0,10}(?:楼|馆|大厅|校区)[\u4e00-\u9fffA-Z0-9-]{0,8}?(?:\d{2,4}(?:室"
    r"|办公室|房间)?|办公室|大厅|窗口)"
)
_ADDRESS = re.compile(r"(?:办公|联系|单位)?(?:地址|地点)\s{0,9}[:：]\s{0,9}([^，。；\s]{4,60})")
_TO_ROOM = re.compile(r"^.*(?:前往|[到至在于往交])|^\d+前?")
_ROLE = re.compile(
    r"([\u4e00-\u9fff（）()]{0,14}(?:注册组|学籍办|学籍管理|继教院|学籍室|教务部|科|处|办"
    r"|办公室|中心|部|站|系|组|学院|公司|图片社|分社|大学|研究生院|教学点|校区|热线|客服))"
)
_HOURS = re.compile(
    r"(?:每?周|星期)[一二三四五六日天](?:[至到—－~-]+(?:周|星期)?[一二三四五六日天])?[^（）()，,。；;]{0,8}?"
    r"\d{1,2}[:：]\d\d\s{0,9}[至到—－~-]+\s{0,9}\d{1,2}[:：]\d\d(?:[，,、；]?\s{0,9}(?:[上下]午\s{0,9}[:：]?\s{0,9})?\d{1,2}[:：]\d\d\s{0,9}[至到—－~-]+\s{0,9}\d{1,2}[:：]\d\d)?"
    r"|工作日\s{0,9}\d{1,2}[:：]\d\d\s{0,9}[至到—－~-]+\s{0,9}\d{1,2}[:：]\d\d(?:[，,、；]?\s{0,9}\d{1,2}[:：]\d\d\s{0,9}[至到—－~-]+\s{0,9}\d{1,2}[:：]\d\d)?"
    r"|(?:服务|办公|工作|客服"
    r"|咨询)时间\s{0,9}[:：为]?\s{0,9}([^。；\n（）()]{5,50}?\d{1,2}[:：]\d\d[^。；\n（）()，,]{0,24})"
)
_JOIN = re.compile("^(?:[也还]?可以?|或者?|请|欢迎)?(?:加入?|进)")
_IM = re.compile(
    r"(?:QQ(?:交流|答疑|咨询|补拍|工作)?群?|[\u4e00-\u9fff]{0,6}QQ群?|(?:客服)?微信群?|企业微信"
    r"|钉钉群?|(?:微信)?(?:公众号|服务号))\s{0,9}(?:号(?:码)?(?:为"
    r"|是)?)?\s{0,9}(?:[:：]\s{0,9}[\w（）()“”\u4e00-\u9fff-]{2,20}"
    r"|[“（(]?(?:[1-9]\d{5,10})(?!\d)[”）)]?|[“]\w{2,16}[”])",
)
_CHSI = re.compile(
    r"学信网(?!络?图片)[^，。；]{0,12}(?:客服|热线|电话|咨询|服务|邮箱)|chsi\.com|010-?(?:67410388"
    r"|82199588)|学信网\s{0,9}[:：]"
)
_VENDOR = re.compile(
    r"图片社|新华社|新闻信息|分社|(?:图像|照片|信息|影像|照相)采集(?:中心|点|站|单位|公司|部|客服"
    r"|技术|咨询|问题)|摄影|影像|照相|(?:科技|传媒|文化|信息|图像)[\u4e00-\u9fff]{0,6}公司"
    r"|采集(?:公司|单位)|小程序|技术支持|毕业证照|客服|采集方|拍摄单位|(?:图像|照片)采集\s{0,9}[:：]"
)
_NO_OFFICE = re.compile(r"秘书|班主任|辅导员|班长|教学点|函授站|学习中心")
_BANK = re.compile(r"账号|帐号|开户|户名|行号|税号|学号|证书编号|准考证|身份证号|特征码|考生号|例如|示例|如[:：]")


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk: its ways and name; its part: `office`, `photo` (a company), `chsi`, `point` (class, teaching point)."""

    at: tuple[int, ...]
    sentence: str
    part: str = "office"
    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    person: str = ""
    room: str = ""
    im: str = ""
    role: str = ""
    hours: str = ""


def find_room(sentence: str) -> str:
    """Return the room or address that a sentence names."""
    if m := _ADDRESS.search(sentence):
        return m[1].rstrip("（(")
    m = _ROOM.search(sentence)
    return _TO_ROOM.sub("", m[0]) if m else ""


def find_desks(body: Sequence[Sentence]) -> list[Desk]:
    """Return the desks in the order of the text; ways that stand alone are given to the desk that they belong to."""
    seen, found = set[str](), list[Desk]()
    for one in body:
        found += _read(one, seen)
    return _merge(found)


def _read(one: Sentence, seen: set[str]) -> Iterator[Desk]:
    text = one.plain
    if _BANK.search(text) and not _MAIL.search(text) and not re.search(r"电话|联系|咨询|0\d{2,3}[-—－]\d{7,8}", text):
        return
    dialled = [m for m in _PHONE.finditer(text) if not _FAX.search(text[: m.start()]) and not _in_bank(text, m.start())]
    numbers = [
        (m.start(), phone)
        for m in dialled
        for phone in [*_split_phones(m[0])][: -1 if _IS_FAX.match(text, m.end()) else None]
        if phone not in seen
    ]
    if re.search(r"电话|联系|咨询", text + "".join(one.heads[:1])) and not dialled:
        numbers += [
            (m.start(1), m[1])
            for m in _ALONE.finditer(text)
            if m[1] not in seen and not re.search("QQ|群|微信|学号", text[: m.start(1)])
        ]
    mails = [m for m in _MAIL.finditer(text) if m[0] not in seen]
    chats = [_JOIN.sub("", m[0]) for m in _IM.finditer(text) if m[0] not in seen and not re.search("小程序", m[0])]
    room = find_room(text)
    hours = next((m[1] or m[0] for m in _HOURS.finditer(text)), "")
    if not numbers and not mails and not chats:
        if (
            re.match(r".{0,10}(?:地址|地点)\s{0,9}[:：]", text)
            and room
            and not re.search("采集|拍|照", "".join((text, *one.heads)))
        ):
            yield Desk((one.n,), one.text, room=room)
        elif hours and re.search(r"办公|工作时间|咨询", text):
            yield Desk((one.n,), one.text, hours=hours)
        return
    seen.update(phone for _, phone in numbers)
    seen.update([m[0] for m in mails] + chats)
    yield from _split_desks(one, numbers, mails, "；".join(chats), room, hours)


def _in_bank(text: str, at: int) -> bool:
    return _BANK.search(text[max(0, at - 14) : at]) is not None


def _split_desks(
    one: Sentence, numbers: list[tuple[int, str]], mails: list[re.Match[str]], im: str, room: str, hours: str
) -> Iterator[Desk]:
    """Yield a desk for each name or unit of the sentence that has a telephone of its own."""
    text = one.plain
    people = [(m.start(), next(filter(None, m.groups()))) for m in _PERSON.finditer(text)]
    blank = Desk((one.n,), one.text, role=_find_role(text, numbers[0][0] if numbers else len(text)))
    first = next(iter(mails), None)
    own = (first[0],) if first else ()
    if len(people) == len(numbers) > 1 or (len(numbers) > 1 and len(_roles_before(text, numbers)) > 1):
        at = 0
        for n, (place, phone) in enumerate(numbers):
            near = next((name for where, name in people if at <= where < place), "")
            person = people[n][1] if len(people) == len(numbers) else near
            role = _find_role(text[at:place], place - at)
            whole = text[at:place] + one.heads[0] if one.heads else text[at:place]
            part = _find_part(text[at : place + 12], whole)
            desk = replace(blank, phones=(phone,), person=person, role=role or ("" if n else blank.role), part=part)
            mail = own if not _has_name(text, first) else ()
            yield desk if n else replace(desk, im=im, room=room, mails=mail)
            at = place + len(phone)
        if first and _has_name(text, first):
            yield replace(blank, mails=own, person=_name_behind(text, first), role="")
    else:
        name = _name_behind(text, first) if first and not numbers else ""
        person = name or (people[0][1] if people else "")
        part = _find_part(text, " ".join((text, *one.heads[:1])))
        dialled = tuple(phone for _, phone in numbers)
        yield replace(blank, phones=dialled, mails=own, im=im, room=room, hours=hours, person=person, part=part)
    yield from (
        Desk((one.n,), one.text, mails=(mail[0],), person=_name_behind(text, mail), part=_find_part(mail[0], mail[0]))
        for mail in mails[1:]
    )


def _has_name(text: str, mail: re.Match[str] | None) -> bool:
    return bool(mail and _name_behind(text, mail))


def _name_behind(text: str, mail: re.Match[str]) -> str:
    """Return the name in brackets behind a mail; empty when there is none."""
    m = re.match(rf"\s{{0,9}}[（(]([{_SURNAMES}][\u4e00-\u9fff]{{1,3}})[）)]", text[mail.end() :])
    return m[1] if m else ""


def _roles_before(text: str, numbers: list[tuple[int, str]]) -> set[str]:
    at, roles = 0, set[str]()
    for place, phone in numbers:
        roles.add(_find_role(text[at:place], place - at))
        at = place + len(phone)
    return roles - {""}


def _find_role(text: str, before: int) -> str:
    """Return the unit that is named last before the telephone."""
    ahead = re.sub(
        r"(?:联系|咨询|办公|服务|客服)?(?:电话|热线(?=[:：])|人|方式|地址)\s{0,9}[:：]?", "｜", text[:before]
    )
    ahead = re.sub(r"^(?:[（(]?[\d一二三四五六七八九十]+[）)、.．]\s{0,9})+", "", ahead)
    pieces = [piece for piece in re.split(r"[，,。；;:：｜\s、“”]|[（(](?=\d)", ahead) if piece]
    for piece in reversed(pieces):
        piece = re.sub(
            r"^.*(?:请?(?:与|联系|咨询|告诉|告知|拨打|找|致电|交到|送到|到)|如(?:有|遇).{0,14}(?:可|请)"
            r"|(?:如?有)?(?:问题|疑问|不清楚的?|不明白的?|不懂的?).{0,4}(?:[问找]|可))",
            "",
            piece,
        )
        piece = re.sub(rf"(?:[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}(?:老师|主任|科长|处长))$", "", piece)
        m = _ROLE.fullmatch(re.sub(r"[（(][^）)]{0,99}[）)]$", "", piece))
        if m and not re.fullmatch(
            r"[本我各该]?(?:系|学院|部|站|组|科|处|办|中心|学校)|.{0,40}(?:联系|负责|所在).{0,40}", m[1]
        ):
            return m[1]
    return ""


def _find_part(near: str, whole: str) -> str:
    if _CHSI.search(near):
        return "chsi"
    if _VENDOR.search(near) or (_VENDOR.search(whole) and not re.search("教务|学籍|学院|研究生院", near)):
        return "photo"
    return "point" if _NO_OFFICE.search(near) and not re.search("学籍|教务处|教务科", near) else "office"


def _split_phones(numbers: str) -> Iterator[str]:
    """Yield telephones in the schema's form: `（0530）5525678、5525679` is 0530-5525678 and 0530-5525679."""
    first, *others = re.split(r"[、/，,]", re.sub(r"[—－)）转]+", "-", re.sub(r"[\s（(]", "", numbers)))
    if re.fullmatch(r"0(?:10|2\d|[3-9]\d\d)\d{7,8}", first):
        area = 3 if first.startswith(("010", "02")) else 4
        first = f"{first[:area]}-{first[area:]}"
    yield first
    yield from (f"{first.split('-')[0]}-{other}" if "-" in first else other for other in others)


def _merge(found: list[Desk]) -> list[Desk]:
    """Return the desks, with each mail, chat, address or hours that stands alone given to a desk that lacks it.

    That is the desk of the same person, else the nearest one before it with a telephone, else the next.
    """
    kept = [desk for desk in found if desk.phones]
    for desk in (desk for desk in found if not desk.phones):
        fits = [one for one in kept if one.part == desk.part and not _ways(one) & _ways(desk)]
        same = [one for one in fits if desk.person and one.person == desk.person]
        near = sorted(fits, key=lambda one: (one.at[0] > desk.at[0], abs(one.at[0] - desk.at[0])))
        first = next(iter(same or near), None)
        if first is None:
            kept.append(desk)
            continue
        kept[kept.index(first)] = replace(
            first,
            at=(*first.at, *desk.at),
            sentence="\n".join(dict.fromkeys((*first.sentence.split("\n"), desk.sentence))),
            mails=first.mails + desk.mails,
            im="；".join(filter(None, (first.im, desk.im))),
            room=first.room or desk.room,
            hours=first.hours or desk.hours,
            person=first.person or desk.person,
        )
    return [desk for desk in kept if desk.phones or desk.mails or desk.im]


def _ways(desk: Desk) -> set[str]:
    """Return the ways besides telephone and chat in which a desk can be reached."""
    return {name for name in ("mails", "room", "hours") if getattr(desk, name)}
