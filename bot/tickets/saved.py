"""Texts that staff save in chat to use again: answers of tickets and templates of broadcasts. Pure.

常用 催照片：请先看通知第二条。      saves an answer
模板 最后一天：今天是最后一天……      saves a template
常用                               lists both
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.content.content import Content
from bot.content.phrases.desk import SavedPhrases
from bot.domain.areas import Decision
from bot.domain.classes import Classes
from bot.domain.messages import BULLETIN_MOST, Button, Incoming, Reply
from bot.domain.roles import Audited
from bot.domain.saved_texts import MOST_SAVED, MOST_TITLE, SavedKind, SavedText, TextDropped, TextSaved
from bot.domain.staff_texts import find_forbidden, find_risks
from bot.render.layout import cut

MOST_ANSWER = 3500
"""Characters of a saved answer."""
MOST_LISTED = 3900
"""Characters of the list."""
SHOWN = 40
"""Characters of a text in the list."""

_SAVE = re.compile(rf"(\S{{2,4}})\s{{1,9}}([^:：\n]{{1,{MOST_TITLE}}})\s{{0,9}}[:：]\s{{0,9}}(.+)", re.DOTALL)
_DROP = re.compile(r"saved\|drop\|(\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SavedRequest:
    """An act on saved texts: save one of a `kind`, delete that of a `number`; without either, list them."""

    kind: SavedKind | None = None
    title: str = ""
    text: str = ""
    number: int = 0


def parse_request(content: Content, incoming: Incoming) -> SavedRequest | None:
    """Return the request; None when it is about something else."""
    words = content.phrases.staff.saved
    if incoming.press is not None:
        dropped = _DROP.fullmatch(incoming.press)
        return SavedRequest(number=int(dropped[1])) if dropped else None
    text = incoming.text.strip()
    if incoming.other or text in words.kinds.values():
        return None if incoming.other else SavedRequest()
    found = _SAVE.fullmatch(text)
    kind = next((kind for kind, word in words.kinds.items() if found and word == found[1]), None)
    return SavedRequest(kind, found[2].strip(), found[3].strip()) if found and kind else None


def decide(content: Content, request: SavedRequest, saved: Sequence[SavedText], confined: Classes | None) -> Decision:
    """Return the decision for somebody who is confined to classes (None: to none) and sees these `saved` texts."""
    words = content.phrases.staff.saved
    if request.kind:
        return save(content, request.kind, request.title, request.text, saved, confined)
    if not request.number:
        return Decision((_list(words, saved, confined),))
    mine = [one for one in saved if one.number == request.number and _is_own(one, confined)]
    rest = _list(words, [one for one in saved if one not in mine], confined)
    effects = (TextDropped(request.number), Audited("drop text", str(request.number))) if mine else ()
    return Decision((*(Reply(words.dropped.format(title=one.title)) for one in mine), rest), effects)


def save(
    content: Content, kind: SavedKind, title: str, text: str, saved: Sequence[SavedText], confined: Classes | None
) -> Decision:
    """Save words as they were typed; or say why not."""
    words, most = content.phrases.staff.saved, MOST_ANSWER if kind == "answer" else BULLETIN_MOST
    whole = f"{title}\n{text}"
    if found := find_forbidden(whole):
        kinds = content.phrases.describe_findings(whole, found)
        return Decision((Reply(content.phrases.staff.secret.format(found=kinds)),))
    if risks := find_risks(whole, content.allowed_hosts, content.public_contacts):
        return Decision((Reply(words.risky.format(risks="、".join(risks))),))
    if len(text) > most:
        return Decision((Reply(words.too_long.format(most=most)),))
    others = [one for one in saved if one.kind == kind and one.classes == confined and one.title != title]
    if len(others) >= MOST_SAVED:
        return Decision((Reply(words.full.format(most=MOST_SAVED)),))
    kept = TextSaved(kind, title, text if kind == "answer" else html.escape(text, quote=False), (), confined)
    return Decision((Reply(words.kept[kind].format(title=title)),), (kept, Audited("save text", kind)))


def _is_own(one: SavedText, confined: Classes | None) -> bool:
    return confined is None or one.classes == confined


def _list(words: SavedPhrases, saved: Sequence[SavedText], confined: Classes | None) -> Reply:
    """Return the texts by kind, with a button to delete each that one may delete."""
    lines = [words.line.format(kind=words.kinds[it.kind], title=it.title, text=_shorten(it)) for it in saved]
    mine = [one for one in saved if _is_own(one, confined)]
    rows = tuple((Button(f"saved|drop|{it.number}", words.drop.format(title=it.title), "bad"),) for it in mine)
    text = words.list.format(lines="\n".join(lines)) if lines else words.none
    return Reply(cut(text, MOST_LISTED)[0], rows)


def _shorten(one: SavedText) -> str:
    text = " ".join((html.unescape(one.text) if one.kind == "template" else one.text).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
