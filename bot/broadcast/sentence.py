"""A broadcast from one sentence of a teacher: whom, when, with which template or words. Plans, does nothing. Pure.

    明早8点提醒会计学和工商管理没做完的
    时间：明天9点；对象：专升本还没开始的；内容：请今天就注册学信网账号

Whatever is not clear is asked back, and nothing is guessed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.broadcast.planned import time_context
from bot.broadcast.sentence_audience import StepName, Who, find_audience
from bot.broadcast.sentence_exceptions import Doubt
from bot.broadcast.sentence_times import When, find_moment
from bot.broadcast.sentence_words import TIMES, Kind, Token, tokenize
from bot.content.content import Content
from bot.domain.audience import Audience
from bot.domain.session import Session
from bot.domain.staff_texts import find_forbidden
from bot.render.reply import Voice
from flows.clock import Phase, running_clock
from flows.notice import Notice
from flows.words import LIMIT, fold

LAST_DAY, OVERDUE = "last", "late"
"""Templates for the last day and for the time after it, where phrases.yaml has them."""

WHOM: frozenset[Kind] = frozenset({"class", "state", "stuck", "step", "everybody"})
"""Words that name people."""

_LABEL = re.compile(r"(?:发送)?(?:时间|对象|人群|收件人|发给|专业|班级|范围|谁|什么时候|状态|定在)\s{0,9}[:：]")
_TITLE_OF = re.compile(r"(?:卡|停|堵)(?:在|到)$|(?:点|按|选)(?:击|过|了)?$")
_QUOTED = re.compile(r"[“\"「『](?P<text>[^“”\"「」『』]+)[”\"」』]")
_COLON = re.compile(r"(?<!\d)[:：]|[:：](?!\d)")
_LEAD = re.compile(r"(?:内容|正文|原文|文字|写上?|说|消息内容)(?:是|为)?\s{0,9}$")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sentence plans. `at` is local time of the notice (None: no time is said), `asks` are questions to the
    teacher: while there are any, the broadcast is not to be made. `follows` a deadline, see BroadcastDraft.
    `otherwise`: nothing but the time is asked, and this one is offered.
    """

    who: Who
    audience: Audience | None
    at: datetime | None
    template: str | None
    text: str | None
    asks: tuple[str, ...]
    follows: tuple[str, int] | None = None
    otherwise: datetime | None = None

    def draft(self, content: Content) -> BroadcastDraft:
        """Return the draft of the broadcast."""
        made = BroadcastDraft(audience=self.audience, at=self.at, follows=self.follows, brief=True)
        if self.text:
            return replace(made, html=html.escape(self.text, quote=False))
        template = content.phrases.broadcast.templates[self.template or ""]
        return replace(made, html=template.text, buttons=template.buttons)


def plan_broadcast(
    sentence: str, content: Content, notice: Notice, now: datetime, instead: datetime | None = None
) -> Plan:
    """Plan a broadcast under a notice. `now` is its local time; `instead` is taken for a time that cannot be."""
    head, text = _split_text(sentence.strip(), content)
    tokens = _cut(head, content, notice)
    if text and not _has_whom(tokens) and _is_whom(told := _cut(text, content, notice)):
        tokens, text = [*tokens, *told], None  # 明早9点提醒：会计学没做完的
    who = find_audience(tokens, notice, _list_steps(content, notice, now), has_text=text is not None)
    when = find_moment(tokens, time_context(content, notice, now))
    if instead and when.doubt:
        when = When(instead)
    doubts = list(who.doubts)
    if text and not any(token.kind in TIMES for token in tokens) and (time := _find_last_time(text, content, notice)):
        doubts.append(("text_time", time))
    if len(sentence) > LIMIT and text is None:
        doubts.append(("long", str(LIMIT)))
    asks = [*([ask_time(content, when)] if when.doubt else []), *(_ask(content, doubt) for doubt in doubts)]
    audience = Audience(notice.id, who.terms) if not doubts else None
    template = None if text or asks else _choose_template(tokens, who, content, notice, when.at or now)
    if text is None and template is None and not asks:
        asks.append(_ask(content, ("text", "")))
    plan = Plan(who, audience, when.at, template, text, tuple(dict.fromkeys(asks)), when.follows)
    if asks:
        return replace(plan, otherwise=when.offered if len(plan.asks) == 1 and when.doubt else None)
    return _check_message(plan, content, now)


def is_broadcast(text: str, content: Content, notice: Notice) -> bool:
    """Return whether words are such a sentence, rather than a graduate's: they tell somebody else's class or state, and
    what to do with them.
    """
    head, own = _split_text(text.strip(), content)
    if len(text) > LIMIT or re.search(r"[我俺咱]|[?？]|吗|怎么", head.replace("帮我", "")):
        return False
    tokens = _cut(head, content, notice)
    unread = sum(len(token.text) for token in tokens if token.kind == "unread")
    kinds = {token.kind for token in tokens}
    return "verb" in kinds and _has_whom(tokens) and unread * 3 <= len(head) and (own is not None or len(tokens) > 2)


def _has_whom(tokens: Sequence[Token]) -> bool:
    return any(token.kind in WHOM for token in tokens)


def _is_whom(tokens: Sequence[Token]) -> bool:
    """Return whether words say nothing but whom."""
    return _has_whom(tokens) and all(t.kind in WHOM | {"join", "grade", "except", "filler", "stop"} for t in tokens)


def _cut(head: str, content: Content, notice: Notice) -> list[Token]:
    templates = content.phrases.broadcast.templates
    names = {name: name for name in templates} | {fold(t.title).text: name for name, t in templates.items()}
    return tokenize(fold(head).text, notice, names)


def _find_last_time(text: str, content: Content, notice: Notice) -> str:
    """Return the last clause of the teacher's own text where it is nothing but a time: it may be meant for us."""
    *before, last = re.split(r"[，,。;；\s]+", text.strip("，,。;； "))
    tokens = _cut(last, content, notice) if before else []
    return last if tokens and all(token.kind in TIMES for token in tokens) else ""


def _split_text(sentence: str, content: Content) -> tuple[str, str | None]:
    """Part a sentence into what it orders and the teacher's own text, which stands in quotes or after a colon."""
    templates = content.phrases.broadcast.templates
    named = {*templates, *(template.title for template in templates.values())}
    sentence = _LABEL.sub(" ", sentence)
    quoted = _QUOTED.search(sentence)
    if quoted and _TITLE_OF.search(sentence[: quoted.start()]):
        quoted = None  # the title of a step or a button
    colon = next((m for m in _COLON.finditer(sentence) if not quoted or m.end() <= quoted.start()), None)
    if colon and not (quoted and quoted["text"] in named):
        text = sentence[colon.end() :].strip()
        if quoted and quoted.span() == (colon.end(), len(sentence)):
            text = quoted["text"]
        if text in named:
            return f"{_LEAD.sub('', sentence[: colon.start()])}，{text}模板", None
        return _LEAD.sub("", sentence[: colon.start()]), text or None
    if quoted and quoted["text"] in named:
        return sentence.replace(quoted[0], f"{quoted['text']}模板"), None
    if quoted:
        return _LEAD.sub("", sentence[: quoted.start()]) + "," + sentence[quoted.end() :], quoted["text"].strip()
    return sentence, None


def _list_steps(content: Content, notice: Notice, now: datetime) -> list[StepName]:
    voice = Voice(content, Session(notice.id), now)
    strip = re.compile(r"[“”\"]")
    return [StepName(s.id, s.n, fold(strip.sub("", voice.fill(s.title))).text) for s in content.script.steps]


# The message


def _choose_template(tokens: Sequence[Token], who: Who, content: Content, notice: Notice, at: datetime) -> str | None:
    """Return the template that is named; else the notice's reminder for so many days before the deadline."""
    templates = content.phrases.broadcast.templates
    for token in tokens:
        if token.kind == "template":
            said = token.groups["name"] or ""
            return next(name for name, t in templates.items() if said in (name, fold(t.title).text))
    if "done" in who.states:
        return None
    clock = running_clock(notice, None, at)
    kinds = ("correction",) if who.states == ("reported",) or clock.phase is Phase.LATE else ("check", "recheck")
    if clock.phase is Phase.LATE and who.states != ("reported",):
        return OVERDUE if OVERDUE in templates else None
    windows = {w.id: w for w in notice.windows if w.kind in kinds and not w.is_over(at)}
    rows = {r.days: r for r in notice.reminders.plan if r.window in windows}
    if not rows:
        return None
    last_day = windows[next(iter(rows.values())).window].last_day
    left = (last_day - at.date()).days if last_day else max(rows)
    if left == 0 and LAST_DAY in templates and kinds[0] == "check":
        return LAST_DAY
    return rows[min((days for days in rows if days >= left), default=max(rows))].template


def _check_message(plan: Plan, content: Content, now: datetime) -> Plan:
    """Ask about what is wrong with the message itself."""
    words, at = content.phrases.broadcast, plan.at or now
    asks = [
        words.wrong[code].format(about=about)
        for code, about in Renderer(content, plan.draft(content), at).find_problems()
    ]
    if plan.text and (found := find_forbidden(plan.text)):
        asks.append(words.wrong["secret"].format(about=content.phrases.describe_findings(plan.text, found)))
    return plan if not asks else replace(plan, text=None, asks=tuple(asks), follows=None)


# Questions


def _ask(content: Content, doubt: Doubt) -> str:
    code, about = doubt
    said, _, known = about.partition("|")
    return content.phrases.broadcast.say.asks[code].format(about=said, known=known)


def ask_time(content: Content, when: When) -> str:
    """Return the question about words that name no moment to come, with a moment to take instead."""
    words = content.phrases.broadcast.say
    offer = words.offer.format(when=spell_moment(when.offered)) if when.offered else ""
    return words.asks[when.doubt].format(about=when.about, known="") + offer


def spell_moment(at: datetime) -> str:
    """Return a moment as staff read it."""
    return f"{at.month}月{at.day}日 {at:%H:%M}"


def list_who(who: Who) -> Mapping[str, list[str]]:
    """Return the lists that scripts read."""
    names = ("cohorts", "majors", "states", "steps", "not_cohorts", "not_majors", "not_states")
    return {name: list(getattr(who, name)) for name in names}
