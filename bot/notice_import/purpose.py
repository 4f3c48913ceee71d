"""Tells of the days in a sentence what they are for, and whether graduates or the school's staff have to act. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.notice_import.kinds import AGAIN, KINDS, kind_of_words

_HINT = re.compile(
    r"(?:[:：]|时间|日期|安排|阶段|为|是|定于|将于|于|在|（|\(|务必|须|应|请|截止|截至|最迟|最晚|到|自|从|\s)+$"
)
_VAGUE_REPORT = re.compile("发[给至到]|联系|登记|告|报到|报给|报至")
_TOPIC = re.compile(r"[^，。；]{0,24}的?[，,]")
"""Behind the first words of a sentence that say what it is about (需修改姓名的，…)."""
_WRONG = re.compile(
    r"(?:没|没有|未)看到|看不到|[不未]显示|不是我|不是自己|错[的了]|模糊|不对|不正确|没有图像|无图像|有误|错误"
    r"|有错|问题|异议|不符|不一致|不是本人|没有照片|无照片|缺失"
)
_PAPERS = re.compile(r"证明|材料|身份证|户口|申请表|审批表|更正表|勘误表|复印件")
_MENDS = re.compile("更正|勘误|修改|变更|有误|错误|纠错|改错|曾用名|派出所|公安")
_HAND_IN = re.compile(
    r"交[到至给]?|拿[到给来]|发(?:[到至给]|辅导员|班主任|老师|邮箱)|提交|送[到至交]?|报[送到至]"
    r"|携带|[持带]|办理|寄|申请"
)

_STAFF = (
    r"(?<=由)(?!本人|学生|毕业生|学员|同学|考生)[\u4e00-\u9fff]{0,6}?(?:班级?|系部?|站点?|中心|处|科|室|老师|公司)|各[\u4e00-\u9fff]{1,6}?(?:分院"
    r"|分部|分校|系|部|站|中心|处|科|室|秘书|班主任|班)(?:老师|教师|负责人)?|研究生秘书|站里?老师|站长"
    r"|(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,6}(?:科|处|办公室)(?=[将把应须负统汇审])"
    r"|各?(?:班主任|辅导员|教学秘书|教务秘书|班长)|各(?:系(?:部|[（(]部[）)]|院)?|二级学院"
    r"|专业学院|教学学院|学院(?:[（(]部[）)])?|院[系部]?|部门|单位|教学单位|培养单位|教学点"
    r"|校外教学点|函授站|学习中心|分校"
    r"|班级?(?!主任)|站点?|教学站|工作站|直属[^，。；]{0,6}|市州?)"
    r"|研究生培养单位|校外教学点|教学点|函授站|学习中心|分校|教学站|系部|二级学院|班主任"
    r"|辅导员|教学秘书|教务秘书|本系秘书|教务员|学籍(?:管理)?(?:老师|员|人员|管理员)|班长"
    r"|班级?负责人"
    r"|工作人员|负责人|学院|(?<!各)系(?=统一|汇|将|把|于|负)|教务处|学籍科|教务科|研究生院"
    r"|继续教育学院|学校|我[校院处]|图片社|采集单位|采集公司"
)
_ACTOR = re.compile(
    rf"(?P<staff>{_STAFF})|(?P<graduate>(?:预?毕业|在校|在籍|应届|本|专科|研究(?!生(?:秘书|院|处|科|部|导师))"
    rf"|留学|升本)生(?!名单"
    rf"|信息|图像|数据|情况|学籍|的|照片|毕业|核|提)"
    r"|学生(?!工作|处|会|科|材料|名单|信息|情况|数据|人数|基本|处|核对|学籍|身份|变更|的(?!应|须|请)|个人|图像)"
    r"|同学|学员|本人|考生|每[人位])"
)
_RECEIVES = re.compile(
    r"(?:到|至|向|给|报|交|送|与|和|联系|通过|经|在|告诉|告知|告|并|及|反馈|返还|返|本|我"
    r"|所在|或|找|问|去|赴|回|持|由学校|后由)(?:本人|本|学生|其|各自|自己|你们?|您)?(?:所在|所属"
    r"|的)?\s{0,9}$"
)
_TELLS = re.compile(r"\s{0,9}(?:务必|再次|必须)?(?:将[^，。；]{0,14})?(?:通知|告知|传达|送达|催)(?!书|单)")
"""Behind a day: what staff has to do by then is telling graduates."""
_HANDS_TO = re.compile(r"(?:报|交|送|寄|联系|告知|找|向|到|给)[^，。；]{0,14}$")
_PASSES_ON = re.compile(
    r"(?:通知|告知|送达|发给|下发|转发|转达|提醒|督促|转告|组织|指导|要求|确保|传达(?:至|到)?|安排)(?:到|至|好|并督促"
    r"|每[一个名位]*"
    r"|每[一位]*|全体|本|各|有关|相关|所有|参加)*(?:[^，。；]{0,10}的)?\s{0,9}$"
)
_OWN_ACT = re.compile("(?:前|以前|之前)?[^，。；]{0,6}(?:重[拍采新]|补[拍采照]|采集|核对|校对|登[录陆]|确认|上传)")
"""Behind days that stand right behind a graduate: what that one does."""
_THEN = re.compile(r"。|，(?:并|再|然后)[于在]?")
_ONCE_MORE = re.compile(
    r"^[^。；]{0,40}(?:(?:再次|重新)(?:登[录陆]|核对|确认|查看|校对)|(?<!身份)(?<!比对)(?<!人像)(?<!人工)(?<!学校)(?<!学院)(?<!我校)复[核查](?!申请|材料))"
)
_TOO_LATE = re.compile(r"^[^，。；]{0,10}(?:不予|不再|概不|一律不|不受理)")
_SAYS_WHEN = re.compile(r"时间|日期|截止|开放|登[录陆]|完成|系统|开始|结束|批|阶段")
"""Words of a sentence that is about the time of what the title names."""
_HEAD_OF_STAFF = re.compile(
    r"(?:学院|系部?|教学点|函授站|工作站|教学站|分校|教务处|学习中心)[^，。]{0,4}(?:工作(?!安排)|上报|汇总|报送"
    r"|职责|任务)|报送|汇总"
)
_ITEM = re.compile(r"^\s{0,9}(?:[★●■◆▲•*-]|[（(]?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[）)、.．])\s{0,9}")
"""The number or sign of an item."""
_BY = re.compile(r"(?:由|以)\s{0,9}$")
_COLLECTING = re.compile(
    r"(?:材料|学院)审核(?![通结后未不])|汇总|统计表?|汇总表|统计(?=学生)|(?<!本人|学生)报送|情况表|统一(?:去|上报|报送|交|报"
    r"|提交|寄)|收齐|初审|终审|复审|将[^，。；]{0,10}(?:名单|签字表|确认表)[^，。；]{0,6}(?:交|报|发|送)"
    r"|提交[^，。；]{0,8}(?:名单|总结)|名单(?:上报|报送|报)|以(?:班级?|系|学院|站点|教学点)为单位"
)
EVENTS = frozenset(("check", "capture", "recapture", "confirm_capture", "paper_check", "recheck", "collection"))
"""Kinds at which graduates are present, whoever of the staff is named for them."""
_ORGANISER = re.compile("学校|我[校院处]|图片社|采集单位|采集公司")
"""Those who let something happen in which graduates take part."""
_PLACE_ITEM = re.compile(
    r"^[\d一二三四五六七八九十（()）.、．\s]{0,6}(?:各?(?:教学点|函授站|学习中心)|校本部|[\u4e00-\u9fff]{1,4}校区)[:：]"
)
"""An item of a list of places at which graduates have something to do."""
_PLACE_LABEL = re.compile(r"(?:教学点|函授站|学习中心|校区|校本部|本部)[^，。；:：审报汇交]{0,8}[:：]\s{0,9}$")
_PAST = re.compile(
    r"(?:由|从)?原(?:来|定|先|计划|为)的?[^，。；]{0,6}$|已(?:于|经|在)?[^，。；]{0,4}$|(?:去年|此前|曾)[^，。；]{0,6}$"
)
_OF_RECORD = re.compile("学籍|信息")
_OF_LAW = re.compile(
    r"印发|施行|试行|教学[〔\[（(]|(?<!群)文件(?![已里中夹])|〔20|令第|起执行|新模式|自.{0,14}(?:以?来|开始采用"
    r"|启用)|采用加密|起启用|启用"
)
_LOOK = r"(?:核对|校对|自查|确认|核查)(?!表)"
_CONDITION = re.compile(
    r"^(?:之?前|以前|以?后)?\s{0,9}(?:预计|正式|能)?(?:答辩|毕业|入学|出生|取得|录取|离校|变更"
    r"|注册过|休学|退学)[^，。；\s]{0,6}(?:的|者|(?<!毕业)生|学员)"
)
_CLOSED = re.compile(
    r"放假|休假|假期(?!前|后|期间)|休息|暂停|关闭|停止服务|不办公|停办|春节|中秋|国庆|元旦|端午|清明|农历|维护(?!良)"
)
_AFTER_HOLIDAY = re.compile(
    "(?:国庆|春节|中秋|元旦|端午|清明|寒假|暑假|放假|假期|节)(?:节|假期?)?(?:结束)?(?:之?前|之?后|以后)"
)
_ENROLS = re.compile(r"入学|出生|生于|录取")


@dataclass(frozen=True, slots=True)
class Purpose:
    """The kind of a window; whether it is staff's; why it is `none` at all; `sure`: said in words near the days."""

    kind: str
    staff: bool = False
    none: str = ""
    sure: bool = True


def find_purpose(
    text: str, start: int, end: int, heads: tuple[str, ...], title: str, said: str = "", above: str = ""
) -> Purpose:
    """Return what the days at this place of a sentence are for; `heads`: the headings above it, innermost first.

    `said` is the sentence before it on the same line, `above` everything before it there.
    """
    text = _MENU_AHEAD.sub(lambda m: "＿" * len(m[0]), text)
    clause_from = max(text.rfind(sign, 0, start) for sign in "，,。；;、（(") + 1
    before, after = text[:start], text[end:]
    if why := _find_no_window(text, text[start:end], before, after):
        return Purpose("prepare", none=why)
    actor = _find_staff(text, start, end, heads)
    kind, sure = _find_kind(text, start, end, clause_from), True
    says = bool(kind)
    if not kind and any(_PAPERS.search(words) and _HAND_IN.search(words) for words in (text, said)):
        kind = "correction" if any(_MENDS.search(words) for words in (text, said, *heads)) else ""
    if not kind:
        kind = next(filter(None, (kind_of_words(head) for head in (said, *heads))), "")
        kind = kind or _find_kind(text, start, end, clause_from, _FAR)
        sure = bool(kind)
        told = {one for one, words in KINDS if words.search(title)}
        sure = sure or (len(told) == 1 and bool(_SAYS_WHEN.search(text) or len(text) - (end - start) < 12))
        kind = kind or kind_of_words(title) or "prepare"
    clause = re.split(r"[，。；]", text[end:], maxsplit=1)[0]
    again = bool(
        AGAIN.search(title) or AGAIN.search(before[-60:]) or AGAIN.search(clause) or any(map(AGAIN.search, heads))
    )
    organised = _ORGANISER.fullmatch(actor) or re.search(r"由[^，。；]{1,8}(?:自行|统一|负责)?组织", text[:start])
    says = says or kind_of_words(before) in EVENTS
    meant = kind in ("register_public", "collection") or (says and kind in EVENTS and organised)
    staff = bool(actor) and not (meant and not _COLLECTING.search(clause))
    if kind == "prepare" and "材料" in text and (_WRONG.search(above) or _MENDS.search(above)):
        kind = "correction"
    missed = re.search(r"[未没](?:能|参加|有)?[^，。；]{0,6}(?:采|拍)", before) and AGAIN.search(after.split("。")[0])
    missed = missed or _MISSED.search(before)
    kind = "recapture" if (again or missed) and kind == "capture" else kind
    kind = _refine(kind, text, start, heads)
    above = kind_of_words(heads[0]) if heads else ""
    if kind == "check" and above in ("confirm_capture", "paper_check", "recheck") and not _OF_RECORD.search(text):
        kind = above
    tells = kind in ("check", "prepare") and _WRONG.search(said) and re.search("登记|联系|[找告]|反馈|办理|处理", text)
    return Purpose("report" if tells else kind, staff, "", sure or bool(tells))


_BOTH = re.compile(
    rf"采集(?!码)[^，。；:：]{{0,6}}(?:[、和与及]|以及)[^，。；:：]{{0,10}}{_LOOK}"
    rf"|{_LOOK}[^，。；:：]{{0,8}}[、和与及][^，。；:：]{{0,10}}采集(?!码)"
    rf"|采集，?(?:并|同时)[^。；]{{0,20}}{_LOOK}"
)


def find_twin(text: str, start: int, heads: tuple[str, ...], kind: str) -> str:
    """Return the other kind that the same days are for, where capture and check are named together; else empty."""
    bare = re.fullmatch(
        r"[\d一二三四五六七八九十（()）.、．\s]*(?:[^，。；:：]{0,4}时间)?\s{0,9}[:：]?\s{0,9}", text[:start]
    )
    words = text[max(0, start - 24) : start + 70].split("。", maxsplit=1)[0]
    both = _BOTH.search(words) or (bare and heads and _BOTH.search(heads[0]))
    return {"capture": "check", "check": "capture"}.get(kind, "") if both else ""


_NO_WINDOW = tuple(
    (why, re.compile(said), re.compile(before), re.compile(after))
    for why, said, before, after in (
        ("条件", "", "", r"(?:那天|当天)?(?:不能|没能|没有|未|来不了|赶不上)[^，。；]{0,8}的[，,]"),
        ("过期", "[后起始]$", "", _TOO_LATE.pattern),
        ("过期", "起$", "", "[^，。；]{0,8}(?:关闭|停止|截止)"),
        ("过期", "", "(?<![不得能会要超])(?:超过|过了|过)$", ""),
        ("过去", "", _PAST.pattern, ""),
        ("条件", "", "(?:如果?|若)[^，。；]{0,4}$", "[^，。；]{0,4}(?:仍|还|尚)[^，。；]{0,4}[未没]"),
        ("毕业日期", "", r"(?:落款|发证|签发|(?<!申请)毕业|证书)(?:日期|时间)(?:定)?[为是:：]?\s{0,9}$", ""),
        ("过去", "", r"截[至止]\s{0,9}$", r"[，,]?\s{0,9}(?:仍|还有|尚|已|共|全校)"),
        ("过去", "", r"(?:由|从)\s{0,9}$", r"\s{0,9}(?:推迟|延长|延期|调整|改|顺延|提前)"),
        ("以后上网", "[旬底初末]$", "", r"\s{0,9}[:：，]?[^，。；]{0,8}(?:上传|上学信网|上网(?!核|校)|传到)"),
        ("大概", "", r"约\s{0,9}$", ""),
        ("结果", "", r"(?:审核结果|成绩|名单|结果)[^，。；]{0,4}[于在]\s{0,9}$", ".{0,4}(?:公布|公告|发布)"),
    )
)
"""Reasons for which days are no window, each with what the days end with, what is ahead of them and what follows."""


def _find_no_window(text: str, said: str, before: str, after: str) -> str:
    """Return why days are no window for anybody; empty when they are one."""
    if _CONDITION.match(after):
        return "条件"
    for why, own, ahead, behind in _NO_WINDOW:
        if own.search(said) and ahead.search(before) and behind.match(after):
            return why
    if _OF_LAW.search(before[-24:]) or _OF_LAW.search(after[:16]):
        return "文件"
    ahead_words = _AFTER_HOLIDAY.sub("", re.split("[，。；）)]", before[-16:])[-1])
    near = ahead_words + re.split("[，。；]", after[:16])[0]
    closed = _CLOSED.search(near) and not re.search(r"系统(?:自动)?关闭|前完成|逾期", text) and "关闭" not in said
    return "放假" if closed else ""


_FAR = 120.0
_MISSED = re.compile("(?:未到|未能到场|没来|没赶上|错过|缺席)[^，。；]{0,8}[的者，]")
_MENU_AHEAD = re.compile(r"[^\s，。；：、“”→>＞➔]{1,12}\s{0,2}(?:→|-{1,2}>|—+>|[>＞➔])")
"""A name in a path of clicks that another one follows: only the last is where something is done."""


def _find_kind(text: str, start: int, end: int, clause_from: int, least: float = 46.0) -> str:
    """Return the kind whose words are nearest to the days: words right before them, behind them, elsewhere."""
    best = ""
    for kind, words in KINDS:
        for m in words.finditer(text):
            if kind == "register_public" and text.rfind("《", 0, m.start()) > text.rfind("》", 0, m.start()):
                continue  # the name of a paper
            if kind == "report" and _VAGUE_REPORT.match(m[0]) and not _WRONG.search(text):
                continue
            if m.start() >= end:
                apart = text[end : m.start()]
                signs = 9 * len(re.findall(r"[，,：:（(\t]", apart)) + 16 * len(re.findall(r"[；;。]", apart))
                cost = float(len(apart) + signs)
            elif m.end() <= start:
                apart = text[m.end() : start]
                label = _HINT.fullmatch(apart) is not None and len(apart) < 10
                cost = -3.0 if label else len(apart) + (3 if m.start() >= clause_from else 11)
                cost = min(cost, 9.0) if _TOPIC.match(text[m.end() :]) and m.start() < 12 else cost
            else:
                cost = 2.0  # the days stand inside the words
            if cost < least:
                best, least = kind, cost
    return best


def names_event(words: str) -> bool:
    """Return whether there is a word in it of something at which graduates are present, or a heading must tell."""
    return kind_of_words(words) in (*EVENTS, "")


def _refine(kind: str, text: str, start: int, heads: tuple[str, ...]) -> str:
    """Return the kind in the light of what else the sentence says."""
    around = text[max(0, start - 60) : start + 80]
    if kind in ("report", "check") and AGAIN.search(_THEN.split(text[start : start + 60], maxsplit=1)[0]):
        return "recapture"
    if kind == "check" and re.search(
        "(?:现场|当场)(?:核对|校对)|并签[字名]", re.split("。", text[start : start + 60], maxsplit=1)[0]
    ):
        return "paper_check"
    mended = any(re.search("更正|勘误|修改|复核", words) for words in (text, *heads))
    if mended and kind in ("report", "check", "correction") and _ONCE_MORE.search(text[start:]):
        return "recheck"
    clause = re.split("[，。；]", text[start:].partition("日")[2] or text[start:], maxsplit=1)[0]
    if kind == "check" and re.search("登[录陆][^，。；]{0,8}(?:核对|校对|核查)", clause) and not _WRONG.search(clause):
        return kind
    wrong = _WRONG.search(around)
    if kind in ("report", "check", "prepare", "correction") and wrong:
        behind = re.split(r"[。；]", text[start : start + 70], maxsplit=1)[0]
        if _PAPERS.search(behind) and _HAND_IN.search(behind):
            return "correction"
        papers = _PAPERS.search(around) and _HAND_IN.search(around)
        contact = re.search(
            r"联系|找[^，。；]{0,10}(?:老师|科|办|处|中心)|反馈|报告|告知|告诉|上报|报(?:所在|教学|班|学|函|至|给)|领取",
            around,
        )
        if papers and not (contact and kind == "report"):
            return "correction"
        return "report" if contact and kind != "correction" else kind
    if kind in ("report", "prepare") and _PAPERS.search(around) and _HAND_IN.search(around):
        return "correction" if any(re.search("更正|修改|变更|勘误|改", head) for head in (*heads, text)) else kind
    return kind


def _find_staff(text: str, start: int, end: int, heads: tuple[str, ...]) -> str:
    """Return who of the school's staff has to do it: who is named, else a word of what staff does; empty for none."""
    before, after = text[:start], text[end:]
    near = re.sub(r"[（(].*", "", re.split(r"[，。；]", after.lstrip("， "), maxsplit=1)[0])
    if _TELLS.match(near):
        return "通知"
    if (_PLACE_LABEL.search(before) or (_PLACE_ITEM.match(text) and names_event(text))) and not _COLLECTING.search(
        after
    ):
        return ""
    goes_on = re.search(r"[，；](?:并|同时|且)(?:请)?[于在]?\s{0,9}$", before) and re.search(r"[报交发送]|备案", near)
    if goes_on:
        for m in _ACTOR.finditer(before):
            if m["staff"] and _is_subject(text[: m.start()], text[m.end() :]):
                return m["staff"]
    for actors, whole in ((reversed(list(_ACTOR.finditer(before))), before), (_ACTOR.finditer(near), near)):
        for m in actors:
            if m["graduate"] and whole is before and not before[m.end() :].strip() and _OWN_ACT.match(near):
                return ""
            told = m["graduate"] and _PASSES_ON.search(whole[: m.start()]) and re.search("[，；。]", whole[m.end() :])
            verdict = None if told and whole is before else _judge_actor(m, whole)
            if verdict is not None:
                return m[0] if verdict else ""
    own = re.split(rf"[，；](?={_STAFF})", text[end : end + 50], maxsplit=1)[0]
    if collects := _COLLECTING.search(text[max(0, start - 40) : end] + own):
        return collects[0]
    return next((head for head in heads if _HEAD_OF_STAFF.search(head)), "")


def _judge_actor(m: re.Match[str], text: str) -> bool | None:
    """Return whether this actor is staff (True) or a graduate (False) who does it; None for one who does nothing."""
    ahead, behind = _ITEM.sub("", text[: m.start()]), text[m.end() : m.end() + 14]
    ahead = re.sub(r"(?:(?<=[，。；：、）\d请由])|^)(?:[\u4e00-\u9fff（）()]{1,12}、)+$", "", ahead) or ahead[:0]
    if _BY.search(ahead):
        return bool(m["staff"]) if re.search(r"由\s{0,9}$", ahead) else True
    if m["graduate"] and _PASSES_ON.search(ahead) and re.match("(?:学生|同学|学员|毕业生)?(?:[，。；]|$)", behind):
        return None
    if m["graduate"]:
        return None if re.search(r"(?:联系|统计|核实|汇总|要求)\s{0,9}$", ahead) and "统计" in ahead[-4:] else False
    if _RECEIVES.search(ahead) or re.match(r"\s{0,9}(?:联系|领取|查询|办理|的(?!各)|[:：]\s{0,9}$)", behind):
        return None
    if _PASSES_ON.search(ahead) or (not behind.strip() and _HANDS_TO.search(ahead)):
        return None
    organises = re.match(
        r"[^，。；]{0,10}(?:通知|提醒|督促|组织|转告|传达|告知|指导|安排)(?!.{0,8}(?:汇总|专人))", behind
    )
    if organises:
        return None
    return True if _is_subject(ahead, behind) else None


def _is_subject(ahead: str, behind: str) -> bool:
    """Return whether a unit stands where one who does something stands."""
    starts = (
        not ahead.strip()
        or re.search(r"[，,。；;:：、（()）\t ]|请|由|是|需|须|应|，|年|日|前|要求|\d[.、]|位|的|与|和|及$", ahead[-1:])
        is not None
    )
    acts = re.match(
        r"\s{0,3}(?:[（(][^）)]{1,8}[）)])?(?:[^，。；]{0,14}?)(?:应|须|需|要|务必|请|统一|负责|于"
    r"|将|在|把|统计|汇总|收齐|提交|报|交|上报|组织|完成|填|派|领|登记|反馈|发|送|寄|收集|整理|导出|催|提醒|审|复"
    r"|按|做|核|对"
    r"|根据|认真|继续|指定|向|，)", behind
    )  # fmt: skip
    return bool(starts and (acts or not behind.strip()))
