"""Acts on a broadcast that change no draft: send, approve, schedule, pause, resume, cancel. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from bot.broadcast import report
from bot.broadcast.audience_menu import AudienceMenu
from bot.broadcast.card import back_row, preview, show_button_menu, show_card, show_templates
from bot.broadcast.context import BroadcastContext
from bot.broadcast.reach import say_counts
from bot.broadcast.requests import BroadcastRequest
from bot.broadcast.sentence import spell_moment
from bot.broadcast.sentence_card import DIGEST, PLANNED, confirm_row, find_planned, show_plan
from bot.broadcast.times import is_quiet
from bot.domain.areas import Decision
from bot.domain.audience import Count
from bot.domain.broadcast import Cancelled, Moved
from bot.domain.effects import Effect
from bot.domain.lifecycle import ENDED
from bot.domain.messages import Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.revisions import Once
from bot.domain.roles import Audited
from bot.domain.saved_texts import MOST_SAVED, MOST_TITLE, TextSaved
from bot.domain.staff_texts import find_contacts
from bot.domain.zone import ZONE


def decide(context: BroadcastContext, request: BroadcastRequest, incoming: Incoming) -> Decision:
    """Decide an act that changes no draft; one that is not possible now only shows the card."""
    match request.act:
        case "brief":
            return Decision((show_plan(context),))
        case "pick":
            return Decision((AudienceMenu(context).show(request.about),))
        case "template":
            return Decision((show_templates(context),))
        case "keep" if context.draft.plain_text.strip():
            return _keep(context)
        case "buttons":
            return Decision((show_button_menu(context),))
        case "view" | "test" if problem := context.find_text_problem(context.draft):
            return Decision((Reply(problem), show_card(context)))
        case "view":
            return Decision((*preview(context), show_card(context)))
        case "test":
            message = context.renderer.render(context.samples[0])
            return Decision((show_card(context), Reply(context.words.test), Reply("", bulletin=message)))
        case "send":
            return _send(context, request.about)
        case "approve":
            return _approve(context, request.about)
        case "go":
            return _start_planned(context, request.about)
    return _steer(context, request)


def _keep(context: BroadcastContext) -> Decision:
    """Save the words and buttons of a draft as a template; its first words are the title."""
    draft, words = context.draft, context.words
    first, *_ = re.split(r"[\n:：，。！]", draft.plain_text.strip())
    title = first.strip()[:MOST_TITLE] or draft.plain_text.strip()[:1]
    others = [one for one in context.saved if one.classes == context.classes and one.title != title]
    if len(others) >= MOST_SAVED:
        return Decision((Reply(context.content.phrases.staff.saved.full.format(most=MOST_SAVED)), show_card(context)))
    kept = TextSaved("template", title, draft.html, draft.buttons, context.classes)
    said = Reply(words.kept.format(title=title))
    return Decision((said, show_card(context)), (kept, Audited("save text", "template")))


def _steer(context: BroadcastContext, request: BroadcastRequest) -> Decision:
    """Move it to another state; where that is no move, show the card."""
    number, state = context.broadcast.number, context.broadcast.state
    match request.act:
        case "edit" if state in ("approved", "scheduled"):
            return _move(context, Moved(number, state, "draft", {"due_at": None}))
        case "pause" if state == "running":
            return _move(context, _pause(context))
        case "resume" if state == "paused":
            return _move(context, Moved(number, "paused", "running", {"why": "", "resume_at": None}))
        case "cancel" if state in ("running", "paused") and request.about != "sure":
            return _confirm_cancel(context)
        case "cancel" if state not in ENDED:
            return _end(context, request.act, context.words.cancelled)
        case "drop" if state in ("draft", "approved"):
            return _end(context, request.act, context.words.deleted)
    return Decision((show_card(context),))


def _pause(context: BroadcastContext) -> Moved:
    return Moved(context.broadcast.number, "running", "paused", {"why": "staff", "resume_at": None})


def _confirm_cancel(context: BroadcastContext) -> Decision:
    """Pause at once, and ask whether to cancel for good."""
    words, number = context.words, context.broadcast.number
    sure = report.make_button(words, number, "cancel", "sure", words.buttons["cancel_sure"])
    ask = Reply(words.confirm_cancel.format(number=number), ((sure, report.make_button(words, number, "resume")),))
    return Decision((ask,), (_pause(context),) if context.broadcast.state == "running" else ())


def _end(context: BroadcastContext, name: str, sentence: str) -> Decision:
    broadcast = context.broadcast
    ended = (Cancelled(broadcast.number, broadcast.state), _audit(context, name))
    return Decision((Reply(sentence.format(number=broadcast.number)),), ended)


def _move(context: BroadcastContext, moved: Moved) -> Decision:
    why = str(moved.also.get("why") or "")
    after = replace(context, broadcast=replace(context.broadcast, state=moved.target, why=why, resume_at=None))
    return Decision((show_card(after),), (moved, _audit(context, moved.target)))


def _audit(context: BroadcastContext, name: str) -> Audited:
    return Audited(f"broadcast {name}", str(context.broadcast.number))


# Sending


def _send(context: BroadcastContext, digest: str) -> Decision:
    """Start it when the button was pressed under this very draft, else ask to confirm it."""
    words, broadcast, starting = context.words, context.broadcast, context.starting
    if broadcast.state not in ("draft", "approved", "scheduled"):
        return Decision((show_card(context),))
    if problems := starting.problems:
        return Decision((Reply(context.describe_problem(*problems[0])), show_card(context)))
    count = context.count or Count(0, 0, 0, 0, 0)
    is_asked = digest != context.draft.digest[:DIGEST] and count.told is not None
    if not count.left and not broadcast.parent and not is_asked:
        return Decision((Reply(words.nobody_left), show_card(context)))
    if starting.needs_second(count):
        return _ask_second(context, count)
    if digest != context.draft.digest[:DIGEST]:
        return _confirm_send(context, count)
    started = words.started[broadcast.act].format(number=broadcast.number, total=say_counts(words, count)["left"])
    return Decision((Reply(started),), (starting.start(context.who, context.count), _audit(context, "start")))


def _confirm_send(context: BroadcastContext, count: Count) -> Decision:
    words, number, kind = context.words, context.broadcast.number, context.broadcast.act
    sure = report.make_button(words, number, "send", context.draft.digest[:DIGEST], words.sure[kind])
    quiet = words.quiet if _is_quiet(context) else ""
    left = say_counts(words, count)["left"]
    text = words.confirm[kind].format(number=number, left=left, quiet=quiet) + _name_contacts(context)
    return Decision((Reply(text, ((sure,), *back_row(context))), *(preview(context) if kind != "delete" else ())))


def _name_contacts(context: BroadcastContext) -> str:
    """Return the sentence about phones and mails in the text that are not the notice's own, to be confirmed."""
    content, text = context.content, context.draft.plain_text
    found = find_contacts(text, content.public_contacts) if context.broadcast.act != "delete" else ()
    return context.words.confirm_contacts.format(found=content.phrases.describe_findings(text, found)) if found else ""


def _is_quiet(context: BroadcastContext) -> bool:
    habits = context.words.habits
    return not context.draft.loud and is_quiet(context.now.time(), habits.quiet_from, habits.quiet_to)


# A second person


def _ask_second(context: BroadcastContext, count: Count) -> Decision:
    """A second person must agree first; whoever wrote none of it is asked at once."""
    if context.broadcast.state == "draft" and context.who != context.author:
        return _approve(context, "")
    return Decision((Reply(ask_for_second(context, count)), show_card(context)), _ask_colleagues(context, count))


def _ask_colleagues(context: BroadcastContext, count: Count) -> tuple[Effect, ...]:
    """Ask everybody who may agree, in their own chats, by a button that shows it first; once for each draft."""
    words, number = context.words, context.broadcast.number
    if not context.colleagues:
        return ()
    button = report.make_button(words, number, "approve", text=words.buttons["look"])
    ask = Reply(words.asked_to_agree.format(number=number, left=say_counts(words, count)["left"]), ((button,),))
    return (Once(context.asked_key), *(Queued("user", ask, user=user) for user in context.colleagues))


def ask_for_second(context: BroadcastContext, count: Count) -> str:
    """Return the sentence that a second person must agree first."""
    words, number = context.words, context.broadcast.number
    if not context.starting.is_large(count):
        return words.second_risk.format(number=number, risks="、".join(context.starting.risks))
    return words.second.format(number=number, **say_counts(words, count), most=words.habits.approve_above)


def _approve(context: BroadcastContext, digest: str) -> Decision:
    words, broadcast, draft = context.words, context.broadcast, context.draft
    if broadcast.state != "draft" or context.starting.problems:
        return Decision((show_card(context),))
    if context.who == context.author:
        return Decision((Reply(words.own), show_card(context)))
    if digest != draft.digest[:DIGEST]:
        agree = report.make_button(words, broadcast.number, "approve", draft.digest[:DIGEST])
        left = say_counts(words, context.count)["left"] if context.count else 0
        risks = "、".join(context.starting.risks)
        text = words.approve.format(number=broadcast.number, left=left)
        ask = Reply(text + (words.approve_risk.format(risks=risks) if risks else ""), ((agree,),))
        return Decision((ask, *preview(context)))
    moved = Moved(broadcast.number, "draft", "approved", {"approved": draft.digest, "approved_by": context.who})
    after = replace(context, broadcast=replace(broadcast, state="approved", approved=draft.digest))
    replies = (Reply(words.approved.format(number=broadcast.number)), show_card(after))
    return Decision(replies, (moved, _audit(context, "approve"), *_notify_author(context)))


def _notify_author(context: BroadcastContext) -> tuple[Queued, ...]:
    """A message to the author that somebody agreed; none to the command line."""
    words, number = context.words, context.broadcast.number
    if not context.author.isdigit():
        return ()
    row = (report.make_button(words, number, "card"),)
    return (Queued("user", Reply(words.approved_by_other.format(number=number), (row,)), user=context.author),)


# A time


def _start_planned(context: BroadcastContext, about: str) -> Decision:
    """Send or schedule what a sentence planned, pressed under this very draft; `about` is the digest and the time."""
    digest, _, moment = about.partition("-")
    planned = find_planned(context)
    is_shown = digest == context.draft.digest[:DIGEST] and moment == (planned.strftime(PLANNED) if planned else "")
    if not is_shown or context.broadcast.state not in ("draft", "approved"):
        return Decision((show_plan(context) if context.draft.brief else show_card(context),))
    if planned is None:
        return _send(context, digest)
    when = planned.replace(tzinfo=ZONE).astimezone(UTC)
    if not context.is_rehearsal and when <= context.at:
        return Decision((Reply(context.words.wrong["time"]), show_card(context)))
    return _schedule_at(context, when)


def confirm_time(context: BroadcastContext) -> Decision:
    """Show what is to be scheduled, as it is before it is sent, with the button that does it."""
    words, number, count = context.words, context.broadcast.number, context.count
    problems = context.starting.problems
    at = find_planned(context)
    if problems or at is None or context.is_rehearsal:
        said = words.wrong["rehearsed"] if context.is_rehearsal else context.describe_problem(*problems[0])
        return Decision((Reply(said), show_card(context)))
    if count and context.needs_second:
        return _ask_second(context, count)
    left = say_counts(words, count)["left"] if count else 0
    text = words.confirm_at.format(number=number, left=left, when=spell_moment(at)) + _name_contacts(context)
    return Decision((Reply(text, (confirm_row(context), *back_row(context))), *preview(context)))


def _schedule_at(context: BroadcastContext, when: datetime, *before: Effect) -> Decision:
    words, broadcast = context.words, context.broadcast
    if context.is_rehearsal:
        return Decision((Reply(words.wrong["rehearsed"]), show_card(context)), before)
    if problems := context.starting.problems:
        return Decision((Reply(context.describe_problem(*problems[0])), show_card(context)), before)
    if context.count and context.needs_second:
        asked = _ask_second(context, context.count)
        return replace(asked, effects=(*before, *asked.effects))
    moved = Moved(broadcast.number, broadcast.state, "scheduled", {"due_at": when})
    after = replace(context, broadcast=replace(broadcast, state="scheduled", due_at=when))
    planned = words.planned.format(number=broadcast.number, when=report.format_time(when))
    return Decision((Reply(planned), show_card(after)), (*before, moved, _audit(context, "schedule")))
