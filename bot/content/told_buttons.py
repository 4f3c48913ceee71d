"""Finds a button that a reminder's text speaks of and does not carry. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.content.phrases.broadcast import BroadcastPhrases

_NAMED = re.compile(r"(?:下面|下方|底下)(?:的|那个)?(?:按钮)?[“\"「](?P<name>[^“”\"」]{1,20})[”\"」]")
_BUTTON = re.compile(r"(?:下面|下方|底下)(?:的|那个|那些|几个|三个)*按钮|(?:点|按)(?:一下|击)?(?:下面|下方|按钮)")
_LEADS = re.compile(r"(?:按钮|点(?:一下|击)?(?:下面|下方)的?)[，,]?(?:就|可以|能)?(?:接着|继续|去核对|开始核对|回到)")
LEADING = ("resume", "step", "faq")
"""Kinds of buttons that lead somewhere; `acks` only answer."""


def find_missing_button(text: str, buttons: Iterable[str], words: BroadcastPhrases) -> str | None:
    """Return the words of a text (without HTML) that speak of a button which is not among `buttons`; None: none do.

    The name of an entry's own button is not known here, so any is taken for it.
    """
    kinds = {name.partition(":")[0] for name in buttons}
    labels = {words.mute} | ({*words.acks.values()} if "acks" in kinds else set())
    labels |= {words.open_step} if kinds & {"resume", "step"} else set()
    named = next((one for one in _NAMED.finditer(text) if one["name"] not in labels), None)
    if named and "faq" not in kinds:
        return named[0]
    if (leads := _LEADS.search(text)) and not kinds & {*LEADING}:
        return leads[0]
    told = _BUTTON.search(text)
    return told[0] if told and not kinds else None
