"""Messages about a broadcast in the staff's chat: the list, the card, the preview and the menus. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.audience_words import describe_audience
from bot.broadcast.context import BroadcastContext
from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.broadcast.reach import describe_left, say_counts
from bot.content.content import Content
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.broadcast import Broadcast, Totals
from bot.domain.messages import Reply
from bot.render.layout import Rows

MAX_TEXT, MAX_LISTED_TEXT = 200, 30
"""Characters of a broadcast's text that a card and a line of the list show."""
MAX_TITLE, MAX_FAQ_ID = 20, 36
"""Characters of a step's title on a button, and of an entry's id that fits into a button's own id."""
MENU_ENTRIES = 12
"""FAQ entries that are offered as buttons."""


def list_broadcasts(content: Content, broadcasts: Sequence[Broadcast], now: datetime) -> Reply:
    """The newest broadcasts, each with a button; `now` is local time."""
    words = content.phrases.broadcast
    lines = [
        words.line.format(
            number=b.number,
            state=report.format_state(words, b, now),
            text=describe_text(content, b, now, MAX_LISTED_TEXT) or words.nothing_yet,
        )
        for b in broadcasts
    ]
    rows = [
        (report.make_button(words, b.number, "card", text=f"#{b.number} {report.format_state(words, b, now)}"),)
        for b in broadcasts
    ]
    new = (report.make_button(words, 0, "new"), report.make_button(words, 0, "plan"))
    return Reply(words.list.format(lines="\n".join(lines)) if lines else words.none, (*rows, new))


def describe_text(content: Content, broadcast: Broadcast, now: datetime, most: int) -> str:
    """Return the beginning of a broadcast's text, as one graduate reads it at a moment of local time."""
    return _shorten(Renderer(content, drafts.load(broadcast.draft), now, broadcast.reach.page).example, most)


def show_card(context: BroadcastContext) -> Reply:
    """The state of a broadcast, with buttons for what can be done with it."""
    words, broadcast = context.words, context.broadcast
    rows = report.list_buttons(words, broadcast)
    if broadcast.state not in ("draft", "approved", "scheduled"):
        return Reply(report.format_progress(words, broadcast, context.totals or Totals()), rows)
    if broadcast.state == "draft" and context.who != context.author and context.needs_second:
        rows = ((report.make_button(words, broadcast.number, "approve"),), *rows)
    return Reply(_describe_draft(context), rows)


def _describe_draft(context: BroadcastContext) -> str:
    words, broadcast, draft = context.words, context.broadcast, context.draft
    notice = context.content.notices.get(draft.audience.notice) if draft.audience else context.notice
    names = [words.ways[name.partition(":")[0]] for name in draft.buttons]
    due = f" {report.format_time(broadcast.due_at)}" if broadcast.due_at else ""
    no_text = words.text_wanted if draft.waits == "text" else words.nothing_yet
    return words.card.format(
        title=report.format_title(words, broadcast),
        state=report.format_state(words, broadcast, context.now) + due,
        text=_shorten(context.renderer.example, MAX_TEXT) or no_text,
        file=_describe_files(words, draft),
        buttons="、".join(names) or words.nothing_yet,
        notice=notice.notice.short if notice else "–",
        who=describe_audience(context.content, draft.audience),
        reach=describe_reach(context),
    )


def _describe_files(words: BroadcastPhrases, draft: BroadcastDraft) -> str:
    if draft.file is None:
        return words.nothing_yet
    kind = words.file_kinds[draft.file.kind]
    return words.album.format(kind=kind, n=1 + len(draft.more)) if draft.more else kind


def describe_reach(context: BroadcastContext) -> str:
    """Return how many get it, and how many do not for which reason."""
    words, broadcast, count = context.words, context.broadcast, context.count
    if count is None:
        return ""
    if count.told and not count.told.found:
        return words.reach_few
    only = context.draft.only if broadcast.act == "send" else None
    if not broadcast.parent:
        return describe_left(words, count)
    return words.reach_again[only or broadcast.act].format(**say_counts(words, count))  # type: ignore[index]


def preview(context: BroadcastContext) -> tuple[Reply, ...]:
    """The very message, as a few recipients would see it; the same text only once."""
    renderer, samples = (
        context.renderer,
        context.samples,
    )
    shown = dict.fromkeys(renderer.render(session) for session in samples)
    return (Reply(context.words.sample.format(n=len(samples))), *(Reply("", bulletin=b) for b in shown))


def back_row(context: BroadcastContext) -> Rows:
    """A button that leads back to the card."""
    words = context.words
    return ((report.make_button(words, context.broadcast.number, "card", text=words.buttons["back"]),),)


def show_templates(context: BroadcastContext) -> Reply:
    """A menu of the texts that phrases.yaml holds, and of those that staff saved."""
    titles = {name: title for name, (title, _, _) in context.templates.items()}
    return _show_menu(context, context.words.ask_template, "template", titles)


def show_button_menu(context: BroadcastContext) -> Reply:
    """A menu of the buttons that may stand under the message; those that do are ticked."""
    return _show_menu(context, context.words.ask_buttons, "buttons", _button_choices(context))


def _button_choices(context: BroadcastContext) -> dict[str, str]:
    """Names and titles: answers, the main steps, the first entries of the FAQ."""
    content, chosen = context.content, context.draft.buttons
    numbered = [step for step in content.script.steps if step.n is not None]
    main = list({step.n: step for step in reversed(numbered)}.values())[::-1]
    titles = {name: context.words.ways[name] for name in ("acks", "resume")}
    titles |= {f"step:{step.id}": f"{step.n} {step.title}"[:MAX_TITLE] for step in main if "{" not in step.title}
    entries = list(content.entries.values())[:MENU_ENTRIES]
    titles |= {f"faq:{entry.id}": entry.title for entry in entries if len(entry.id) <= MAX_FAQ_ID}
    return {name: ("✓ " if name in chosen else "") + title for name, title in titles.items()}


def _show_menu(context: BroadcastContext, text: str, act: str, titles: Mapping[str, str]) -> Reply:
    words, number = context.words, context.broadcast.number
    rows = [(report.make_button(words, number, act, name, title),) for name, title in titles.items()]
    return Reply(text, (*rows, *back_row(context)))


def _shorten(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
