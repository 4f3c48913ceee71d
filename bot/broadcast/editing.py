"""Edits of a broadcast's draft: its text, file, audience and buttons. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.actions import confirm_time
from bot.broadcast.audience_menu import AudienceMenu, toggles_of
from bot.broadcast.card import back_row, show_button_menu, show_card
from bot.broadcast.context import BroadcastContext
from bot.broadcast.draft import MAX_BUTTONS, BroadcastDraft
from bot.broadcast.requests import BroadcastRequest
from bot.broadcast.sentence import ask_time, spell_moment
from bot.broadcast.sentence_card import PLANNED, show_plan
from bot.domain.areas import Decision
from bot.domain.audience import Count, Wrong
from bot.domain.broadcast import Broadcast, Rewritten
from bot.domain.classes import limit
from bot.domain.messages import BULLETIN_MOST, Incoming, Reply
from bot.domain.saved_texts import OWN

SPLIT_FROM = 4000
"""Characters from which Telegram's own apps may have cut a text in two."""
REST_WITHIN = timedelta(seconds=10)
"""Time in which the rest of a text follows that was cut in two."""
MOST_OF_ALBUM = 10
"""Pictures or files of an album; no app of Telegram sends more as one."""
PROMPTS = {"text": "ask_text", "who": "ask_who", "at": "ask_at", "when": "ask_at"}
"""Acts that wait for words, and the phrase that asks for them."""
OF_TIME = ("at", "when", "set")
"""Acts that say when, which an approved draft takes as well."""

_NOTICE = re.compile(r"(?<!\S)(?:通知|notice)\s*[=＝]\s*(\S+)")

Edit = BroadcastDraft | Reply | str | None
"""The draft after an act; a sentence or a reply when it cannot be done; None for an act that changes no draft."""


def apply_edit(context: BroadcastContext, request: BroadcastRequest, incoming: Incoming) -> Edit:
    """Apply an act to a draft. An approved draft can only be scheduled: nothing else of it may change."""
    draft = context.draft
    is_time = request.act in OF_TIME or (request.act == "words" and draft.waits in OF_TIME)
    if context.broadcast.state == "approved" and not is_time:
        return None
    if request.act in PROMPTS:
        return replace(draft, waits=request.act, asked=context.who)
    if request.act == "set":
        return _set_time(draft, request.about)
    if request.act == "pick" and request.about:
        audience = toggles_of(context).tick(request.about)
        return replace(draft, audience=limit(context.classes, audience), waits="") if audience else None
    if request.act == "template" and request.about in context.templates:
        _, text, buttons = context.templates[request.about]
        filled = replace(draft, html=text, buttons=buttons or draft.buttons, waits="")
        return (context.find_text_problem(filled) if request.about.startswith(OWN) else None) or filled
    if request.act == "buttons" and request.about:
        return _toggle_button(context, draft, request.about)
    if request.act == "loud":
        return replace(draft, loud=not draft.loud, waits="")
    if request.act == "album":
        return _take_more(draft, incoming)
    if request.act in ("revise", "refile"):
        return _take_text(context, draft, incoming)
    take = _WORDS.get(draft.waits, _take_text) if request.act == "words" else None
    return take(context, draft, incoming) if take else None


def _toggle_button(context: BroadcastContext, draft: BroadcastDraft, name: str) -> Edit:
    if name in draft.buttons:
        return replace(draft, buttons=tuple(b for b in draft.buttons if b != name), waits="")
    kind, _, what = name.partition(":")
    content = context.content
    is_known = {"acks": True, "resume": True, "step": what in content.script.by_id, "faq": what in content.entries}
    if not is_known.get(kind) or len(draft.buttons) >= MAX_BUTTONS:
        return context.words.wrong["step"]
    return replace(draft, buttons=(*draft.buttons, name), waits="")


def _take_audience(context: BroadcastContext, draft: BroadcastDraft, incoming: Incoming) -> Edit:
    """Read words as a rule of who gets it; a notice may be named among them."""
    text, notices = incoming.text.strip(), context.content.notices
    if context.classes:  # for them there is no other notice
        notices = {name: notice for name, notice in notices.items() if name == context.classes.notice}
    named = _NOTICE.search(text)
    if named and named[1] not in notices:
        return context.describe_problem("rule", named[1], tuple(notices))
    if incoming.other:
        return context.describe_problem("typed", text)
    notice = notices[named[1]] if named else context.notice
    audience = context.parse_audience(_NOTICE.sub("", text), notice)
    if isinstance(audience, Wrong):
        return context.describe_problem("rule", audience.word, audience.known)
    return replace(draft, audience=audience, waits="")


def _take_text(context: BroadcastContext, draft: BroadcastDraft, incoming: Incoming) -> Edit:
    """Read a message as the broadcast's text and file; a correction keeps the file that was sent."""
    is_correction = context.broadcast.act == "edit"
    if incoming.other not in ("", "photo", "document", "edited"):
        return context.describe_problem("kind")
    if is_correction and incoming.file:
        return context.describe_problem("words_only")
    text = incoming.html.strip() or html.escape(incoming.text.strip(), quote=False)
    if draft.cut_at and context.at - draft.cut_at < REST_WITHIN and incoming.other == "":
        return context.words.cut_rest
    if incoming.other == "" and SPLIT_FROM <= len(incoming.text) <= BULLETIN_MOST:
        return replace(draft, cut_at=context.at)
    text = text if text or not incoming.file else draft.html  # another picture alone keeps the words
    file = draft.file if is_correction or incoming.other == "edited" else incoming.file
    kept = draft.file is not None and file == draft.file
    new = replace(
        draft,
        html=text,
        file=file,
        more=draft.more if kept else (),
        album=draft.album if kept else incoming.album,
        waits="",
        source=incoming.message or "",
        cut_at=None,
    )
    return context.find_text_problem(new) or new


def _take_more(draft: BroadcastDraft, incoming: Incoming) -> Edit:
    """Take another picture of the album that the draft has; words under it are the broadcast's."""
    if incoming.file is None or len(draft.more) >= MOST_OF_ALBUM - 1:
        return draft
    text = incoming.html.strip() or html.escape(incoming.text.strip(), quote=False)
    worded = replace(draft, html=text, source=incoming.message or "") if text else draft
    return replace(worded, more=(*draft.more, incoming.file))


def _take_time(context: BroadcastContext, draft: BroadcastDraft, incoming: Incoming) -> Edit:
    """Read words as the time of a draft; where they are none to come, offer the next good one."""
    if incoming.other:
        return context.describe_problem("typed", "")
    if context.is_rehearsal:
        return context.describe_problem("rehearsed")
    when, number = context.parse_time(incoming.text), context.broadcast.number
    if when.doubt:
        offer = when.offered
        label = context.words.say.take_offer.format(when=spell_moment(offer)) if offer else ""
        take = ((report.make_button(context.words, number, "set", offer.strftime(PLANNED), label),),) if offer else ()
        return Reply(ask_time(context.content, when), (*take, *back_row(context)))
    return replace(draft, at=when.at, follows=when.follows, waits="")


def _set_time(draft: BroadcastDraft, about: str) -> Edit:
    """Plan a draft for the moment that a button offers."""
    try:
        at = datetime.strptime(about, PLANNED)  # noqa: DTZ007 - local time of the notice
    except ValueError:
        return None
    return replace(draft, at=at, follows=None, waits="")


_WORDS: Mapping[str, Callable[[BroadcastContext, BroadcastDraft, Incoming], Edit]] = {
    "who": _take_audience,
    "at": _take_time,
    "when": _take_time,
}


def save_edit(
    context: BroadcastContext, draft: BroadcastDraft, count: Count | None, act: str, about: str = ""
) -> Decision:
    """Save a draft that an act (on what it is `about`) changed; show it again, or ask for its words, its next button or
    to confirm its time.
    """
    if draft.digest != context.draft.digest:
        draft = replace(draft, by=context.who)
    changed = Rewritten(context.broadcast.number, context.broadcast.version, drafts.dump(draft))
    after = replace(context, broadcast=replace(context.broadcast, draft=drafts.dump(draft)), count=count)
    if draft.cut_at and draft.cut_at != context.draft.cut_at:
        card = show_plan(after) if draft.brief else show_card(after)
        return Decision((Reply(context.words.cut.format(most=SPLIT_FROM)), card), (changed,))
    if act == "album":  # the answer to the first one of them said that all are taken
        return Decision(effects=(changed,))
    if draft.waits:
        return Decision((Reply(_prompt(context, draft.waits), back_row(context)),), (changed,))
    if act == "buttons":
        return Decision((show_button_menu(after),), (changed,))
    if act == "pick":
        return Decision((AudienceMenu(after).show(about),), (changed,))
    if draft.at and (act == "set" or context.draft.waits in OF_TIME) and not draft.brief:
        confirm = confirm_time(after)
        return replace(confirm, effects=(changed, *confirm.effects))
    is_album = draft.album and draft.album != context.draft.album
    said = context.words.album_begins if is_album else context.words.changed_by.get(act)  # type: ignore[call-overload]
    news = (Reply(said),) if said else ()
    return Decision((*news, show_plan(after) if draft.brief else show_card(after)), (changed,))


def _prompt(context: BroadcastContext, waits: str) -> str:
    prompt: str = getattr(context.words, PROMPTS[waits]).format()
    notices = context.content.notices
    if waits == "who" and len(notices) > 1:
        prompt += context.words.ask_notice.format(notices="、".join(notices))
    return prompt


def stop_waiting(broadcast: Broadcast) -> Rewritten:
    """End a draft's waiting for words."""
    draft = replace(drafts.load(broadcast.draft), waits="")
    return Rewritten(broadcast.number, broadcast.version, drafts.dump(draft))
