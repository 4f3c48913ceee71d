"""Updates of every kind in the Bot API, random ones by the types of python-telegram-bot.

    drawer = UpdateDrawer(Random(1), people=[7, 8], groups=[-5])
    drawer.draw(4)                      # {"update_id": 4, "poll_answer": {…}}: any kind, fields there or not
    drawer.corrupt(drawer.draw(5))      # the same with something in it of a wrong type, or gone

They are valid in shape alone: private messages without a sender, entities beyond the text, buttons of no message of
ours. Texts and button data come from WORDS and DATA, which hold values that have broken bots before.
"""

from __future__ import annotations

import collections.abc
import inspect
import re
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import telegram

from bot.channels.telegram.updates import ALLOWED

DEEPEST = 4
"""Depth of nesting from which only the fields that must be there are drawn."""

WORDS = (
    *("", " ", "\n", "\0", "\ud800", "🎓" * 40, "👨‍👩‍👧‍👦", "\u202e反过来"),
    *("ا" * 30, "字" * 4096, "a" * 4096, "<b>&amp;", "%s{0}{x}"),
    *("你好", "开始核对", "专科", "会计电算化", "对", "没有", "1", "12月5日", "下一步", "完成了", "都不是", "继续"),
    *("忘了密码", "几号截止", "证书编号填哪个", "照片不是我", "啊啊啊", "?", "户口本在哪", "请老师联系我"),
    *("/start", "/start faq-deadline", "/start step-p3-numbers", "/start notice-x", "/start " + "x" * 64, "/forget"),
    *("/start join-" + "A" * 32, "/invite staff", "/staff", "/tickets", "/desk", "/withdraw", "/export", "//", "/ x"),
    *("@gradbot_test_bot 几号截止", "/deadline@gradbot_test_bot", "/ask@gradbot_test_bot \ud83d", "@gradbot_test_bot"),
    *("我的身份证号110101199003078515", "密码是abc12345", "验证码是482913"),
)  # fmt: skip
DATA = (
    *("", "cmd|menu", "cmd|forget", "cmd|desk", "cmd|withdraw", "cmd|none", "cmd|export", "cmd|nothing"),
    *("faq|deadline", "faq|x", "notice|2014-autumn", "|" * 64, "1||||", "\0", "\ud800", "字" * 21, "𝟙|archive-check"),
    *("1|archive-check|m0-who|1|yes", "1|archive-check|m0-who|9999999|jump", "1|archive-check|m3-account|3|done"),
    *("2|archive-check|m0-who|1|yes", "1|archive-check|m0-who|１|yes", "desk|23456|take", "desk|23456|say|x"),
    *("staff|remove|7", "staff|remove|" + "9" * 19),
)
NUMBERS = (0, 1, 2, 5, 41, 4096, 2**31 - 1, 2**52 - 1, -1)
TIMES = (0, 1, 1_700_000_000, 2**31 - 1)
SPANS = (0, 30, 86_400)

_NEEDED = ("persistent_id", "option_persistent_ids", "allows_revoting", "members_only", "can_react_to_messages")
"""Optional by their annotation, yet refused when absent."""
_NAMES = {"from_user": "from"}
_TAGS = {"owner": "creator", "banned": "kicked"}
_SCOPE = {**vars(typing), **vars(telegram), "Sequence": Sequence, "dtm": __import__("datetime")}


class UpdateDrawer:
    """A source of random updates. `people` and `groups` are ids; a private chat has its person's."""

    def __init__(self, random: Random, people: Sequence[int], groups: Sequence[int]) -> None:
        self._random = random
        self._people, self._groups = people, groups
        self._query = 0

    def draw(self, number: int) -> dict[str, Any]:
        """Return an update with this number: half of kinds that the bot asks for, half of any, a few of none yet."""
        kinds = _list_kinds()
        kind = self._random.choice(ALLOWED if self._random.random() < 0.5 else list(kinds))
        content = self._draw_object(kinds[kind], 0)
        if self._random.random() < 1 / 40:
            kind, content = "thought_reading", {"mind": content}
        return {"update_id": number, kind: content}

    def corrupt(self, update: dict[str, Any]) -> dict[str, Any]:
        """Return the update with one value replaced by one of another type, or left out. Its number stays."""
        broken: dict[str, Any] = {**update}
        name = self._random.choice([name for name in broken if name != "update_id"])
        place: Any = broken
        while isinstance(place.get(name), dict) and place[name] and self._random.random() < 0.7:
            place[name] = {**place[name]}
            place, name = place[name], self._random.choice(list(place[name]))
        if self._random.random() < 0.2 and place is not broken:
            del place[name]
        else:
            place[name] = self._random.choice((None, True, 7, 2.5, "7", [], [None], {}, {"id": {}}, "\ud800"))
        return broken

    def _draw_object(self, what: type, depth: int) -> dict[str, Any]:
        what = self._random.choice(_list_leaf_types(what))
        fields = _list_fields(what)
        optional = sum(not needed for _, _, needed in fields)
        share = 0.0 if depth >= DEEPEST else min(0.6, 5 / (optional or 1))
        drawn = {
            name: self._draw_value(hint, name, depth + 1)
            for name, hint, needed in fields
            if needed or self._random.random() < share
        }
        return self._make_sensible(what, {**_make_tag(what), **drawn})

    def _make_sensible(self, what: type, drawn: dict[str, Any]) -> dict[str, Any]:
        """Return the object with what holds in reality: chats and people that exist, mostly in a private chat."""
        chance = self._random.random()
        if what is telegram.User:
            drawn |= {"id": self._random.choice(self._people), "is_bot": chance < 0.05}
        elif what is telegram.Chat:
            private = chance < 0.5
            kinds = ("private",) if private else ("group", "supergroup", "channel")
            there = self._people if private else self._groups
            drawn |= {"id": self._random.choice(there), "type": self._random.choice(kinds)}
        elif what is telegram.InaccessibleMessage:
            drawn["date"] = 0
        elif what is telegram.Message:
            if chance < 0.8:
                drawn.setdefault("from", self._draw_object(telegram.User, DEEPEST))
            if chance < 0.5 and "from" in drawn:
                drawn["chat"] = {"id": drawn["from"]["id"], "type": "private"}
            if self._random.random() < 0.5:
                drawn["text"] = self._random.choice(WORDS)
        elif what in (telegram.CallbackQuery, telegram.InlineQuery):
            self._query += 1
            drawn["id"] = f"{self._query}"
        return drawn

    def _draw_value(self, hint: Any, name: str, depth: int) -> Any:
        hint = _resolve(hint)
        origin, parts = typing.get_origin(hint), typing.get_args(hint)
        if origin is collections.abc.Sequence or origin is tuple:
            return [self._draw_value(parts[0], name, depth) for _ in range(self._random.choice((0, 1, 1, 2)))]
        if isinstance(hint, type) and issubclass(hint, telegram.TelegramObject):
            return self._draw_object(hint, depth)
        if hint is bool:
            return self._random.random() < 0.5
        if hint is str:
            return self._random.choice(DATA if name in ("data", "callback_data") else WORDS)
        if hint is float:
            return self._random.uniform(-180, 180)
        return self._random.choice(TIMES if hint is datetime else SPANS if hint is timedelta else NUMBERS)


@cache
def _list_kinds() -> Mapping[str, type]:
    return {name: hint for name, hint, needed in _list_fields(telegram.Update) if not needed}


def _list_leaf_types(what: type) -> list[type]:
    """Return the types without subtypes below this one, or itself when it has none."""
    below: list[type] = what.__subclasses__()
    own = [sort for sort in below if sort.__module__.startswith("telegram.")]
    return [deepest for sort in own for deepest in _list_leaf_types(sort)] or [what]


@cache
def _list_fields(what: type) -> Sequence[tuple[str, Any, bool]]:
    """Return name in the Bot API, type, and whether it is required, in the order of the constructor."""
    found = []
    for name, parameter in inspect.signature(what).parameters.items():
        if name == "api_kwargs":
            continue
        hint = _resolve(parameter.annotation)
        union = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
        needed = name in _NEEDED or (type(None) not in union and parameter.default is parameter.empty)
        # A span is int | timedelta: the seconds of one, not any number.
        found.append((_NAMES.get(name, name), timedelta if timedelta in union else union[0], needed))
    return found


def _resolve(hint: Any) -> Any:
    """Return the type that an annotation names; also one inside another, Sequence["MessageEntity"]."""
    name = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else hint
    return eval(name, _SCOPE) if isinstance(name, str) else hint


def _make_tag(what: type) -> Mapping[str, str]:
    """Return the field that names the subtype: MessageOriginHiddenUser has `"type": "hidden_user"`."""
    base = what.__base__
    there = inspect.signature(base).parameters if base and base is not telegram.TelegramObject else ()
    tag = next((tag for tag in ("status", "type", "source") if tag in there), None)
    if base is None or tag is None:
        return {}
    rest = re.sub(r"(?<!^)(?=[A-Z])", "_", what.__name__.removeprefix(base.__name__)).lower()
    return {tag: _TAGS.get(rest, rest)}
