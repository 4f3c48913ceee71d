"""Words about days: pinyin, English and misheard spellings in the form that `flows.date_rules` reads, and the words of
those who cannot remember. Pure.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from itertools import islice

from flows.words import Folded, Span, any_of, clause_of

UNDATED = "unknown"
"""What is kept in place of a day that nobody remembers."""


def day_of(answer: str | None) -> date | None:
    """The day that an answer keeps (`2013-12-05`); None when there is no answer, or UNDATED."""
    with suppress(ValueError):
        return date.fromisoformat(answer or "")
    return None


MOST = 8
"""Places of a message at which forgetting is looked for."""

_MISHEARD = {
    **dict.fromkeys(("座天", "坐天", "做天", "作天", "左天", "昨添", "昨田", "zuo天"), "昨天"),
    **dict.fromkeys(("座晚", "做晚", "坐晚", "昨碗"), "昨晚"),
    **dict.fromkeys(("金天", "今添", "今田", "斤天", "津天", "近天"), "今天"),
    **dict.fromkeys(("钱天", "前添", "前田", "浅天"), "前天"),
    **dict.fromkeys(("大钱天", "达前天", "打前天"), "大前天"),
    **dict.fromkeys(("刚材", "钢才", "刚裁", "纲才"), "刚才"),
    **dict.fromkeys(("星其", "星七", "新期", "兴期"), "星期"),
    **dict.fromkeys(("里拜", "礼败", "理拜"), "礼拜"),
    **dict.fromkeys(("记不青", "记不轻", "记不情", "几不清", "记部清"), "记不清"),
    "望了": "忘了",
    "忘勒": "忘了",
    "周未": "周末",
}
_LATIN = {
    "the day before yesterday": "前天",
    "day before yesterday": "前天",
    "yesterday": "昨天",
    "last night": "昨晚",
    "today": "今天",
    "this morning": "今早",
    "just now": "刚刚",
    "days ago": "天前",
    "a week ago": "一周前",
    **{
        name: f"周{c}"
        for name, c in zip(
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
            "一二三四五六日",
            strict=True,
        )
    },
    **dict.fromkeys(
        ("dont remember", "don't remember", "cant remember", "can't remember", "forgot", "not sure"), "记不清"
    ),
}
_PINYIN = {
    "zuo tian": "昨天", "jin tian": "今天", "da qian tian": "大前天", "qian tian": "前天", "zuo wan": "昨晚",
    "gang gang": "刚刚", "gang cai": "刚才", "jin zao": "今早", "jin wan": "今晚", "shang ge": "上个", "zhe ge": "这个",
    "shang zhou": "上周", "zhe zhou": "这周", "ben zhou": "本周", "zhou": "周", "xing qi": "星期", "li bai": "礼拜",
    "shang wu": "上午", "xia wu": "下午", "zhong wu": "中午", "zao shang": "早上", "wan shang": "晚上",
    "nian": "年", "yue": "月", "hao": "号", "ri": "日", "yi": "一", "er": "二", "san": "三", "si": "四", "wu": "五",
    "tian qian": "天前", "liu": "六", "qi": "七", "ba": "八", "jiu": "九", "shi": "十", "liang": "两", "tian": "天",
    "wo": "我", "dian de": "点的", "de": "的", "le": "了", "ba le": "吧了", "dian": "点", "nong": "弄",
    "ji bu qing": "记不清", "ji bu de": "记不得", "bu ji de": "不记得", "wang le": "忘了", "wang ji": "忘记",
    "xiang bu qi lai": "想不起来", "bu zhi dao": "不知道", "bu qing chu": "不清楚", "na tian": "哪天",
}  # fmt: skip
_SYLLABLES = any_of(_PINYIN).replace(r"\ ", r"['\s]?")
_RUN = re.compile(rf"(?<![a-z])(?:(?:{_SYLLABLES})(?:['\s](?=[a-z]))?)+(?![a-z])")
_WORD = re.compile(_SYLLABLES)
_ENGLISH = re.compile(rf"\b(?:{any_of(_LATIN)})\b")
_HEARD = re.compile(any_of(_MISHEARD))
_TYPED = {key.replace(" ", ""): chinese for key, chinese in _PINYIN.items()}
_GAP = re.compile(r"['\s]")


def respell(folded: Folded) -> Folded:
    """The words with pinyin, English and misheard words for days in characters."""
    if re.search("[a-z]{2}", folded.text):
        folded = folded.rewrite(_ENGLISH, lambda m: _LATIN[m[0]]).rewrite(_RUN, _from_pinyin)
    return folded.rewrite(_HEARD, lambda m: _MISHEARD[m[0]])


def _from_pinyin(run: re.Match[str]) -> str:
    return _GAP.sub("", _WORD.sub(lambda m: _TYPED[_GAP.sub("", m[0])], run[0]))


_WHEN = r"(?:哪一?[天日]|几月|[几多]少?号|几日|什么时候|啥时候|何时|日期|时间|日子|(?:星期|礼拜|周)几|那天|哪个日子)"
_FORGET = (
    r"记不(?:太|大|得太)?(?:清楚?|得|起来?|住|准|了|到)|记性|不(?:太|大|怎么|咋)?记得|想不(?:太)?(?:起来?|到|出来?)|(?<!没)(?<!别)忘(?:记|掉|光|干净|球|求|到)?"
    r"|没有?(?:注意|留意|留心|印象|记)看?|不(?:太|大)?(?:清楚|晓得|知道|确定|知)|[搞弄说讲拿]不(?:清楚?|准|好)"
    r"|谁还?记得|哪[里还儿]?还?记得|记忆不好|唔记得|想唔[起到]"
)
_AFTER = r"(?:了|啦|咯|咗|喽|呢|嘞|啊|呀|哎|唉|哦|的|滴|得|掉|光|完|全|都|是|在|具体|到底|究竟)*"
_DONE = r"(?:点|弄|打|报|说|办|做|搞|联系|告诉|讲|报告|打电话)?(?:的|了|过)*(?:电话)?(?:的|了)?"
FORGETTING = re.compile(rf"(?:{_FORGET}){_AFTER}(?P<when>{_WHEN}{_DONE}{_AFTER})?")
"""That somebody does not remember, or does not know, with the 哪天 that may follow."""

_FILLER = re.compile(
    r"我|俺|咱|真|实在|确实|完全|已经|早就?|好像|有点|有些|太久|久|了|也|就|都|这个?|那个?|可能|嗯|唉|哎|哦|啊|呀|呢|的|是|在|具体|老师"
    rf"|当时|年纪大|过|自己|现在|一时|突然|反正|大概|到底|{_WHEN}|[点弄打报做办搞]|电话|[.!~()]"
)


def find_forgetting(text: str) -> Span | None:
    """The part of folded words that says that the day is not remembered; 忘了密码 says no such thing."""
    for found in islice(FORGETTING.finditer(text), MOST):
        start, end = clause_of(text, found.span())
        if found["when"] or not _FILLER.sub("", text[start : found.start()] + text[found.end() : end]):
            return found.span()
    return None
