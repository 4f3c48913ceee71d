"""The present step of the walk: its text, its buttons, its help. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.domain.messages import Box, Button, Picture, Reply
from bot.render.layout import Rows, pack_rows
from bot.render.menu import render_menu
from bot.render.quotes import render_quotes
from bot.render.reply import Voice, give_buttons
from flows.engine import BACK, View
from flows.model import Step
from flows.notice import CheckField

BAR = 10
"""Parts of the bar in the progress line."""


def render_step(voice: Voice) -> tuple[Reply, ...]:
    """Return the present step with its buttons under the last message; the menu before the walk."""
    position = voice.session.position
    if position is None:
        return render_menu(voice)
    view = voice.walk.view(position)
    step = view.step
    said = voice.bubbles("\n\n".join(filter(None, (render_head(voice, step), *_body(voice, view)))), source=step.source)
    more = voice.bubbles(voice.fill(step.more).strip(), source=step.source) if step.more else ()
    shown = give_buttons((*said, *more, *_render_apart(voice, view)), _list_rows(voice, view))
    replies = tuple(replace(reply, stays=step.is_kept) for reply in shown)
    return replies if step.sentence is None else _with_copy(voice, replies, step.sentence)


def _render_apart(voice: Voice, view: View) -> Iterator[Reply]:
    """Yield the notes that stand apart from the step's text, under labels of their own; once for a checklist."""
    for note in view.notes if view.item <= 1 else ():
        if note.source:
            yield from voice.bubbles(voice.fill(note.text), label=voice.label(note.source, note.checked_on))


def repeat_step(voice: Voice) -> tuple[Reply, ...]:
    """Return one line and the buttons of the present step, to follow another answer; nothing before the walk."""
    position = voice.session.position
    if position is None:
        return ()
    view = voice.walk.view(position)
    about = _ask_item(voice, view) if view.step.checklist else voice.fill(view.step.title)
    return voice.bubbles(voice.content.phrases.back_to_step.format(about=about), _list_rows(voice, view))


def render_trouble(voice: Voice) -> tuple[Reply, ...]:
    """Return the help of the present step: ways out, topics of the FAQ, a person."""
    position = voice.session.position
    if position is None:
        return render_menu(voice)
    view = voice.walk.view(position)
    rows = pack_rows([*voice.acts(view.stuck), *voice.topics(view.step.trouble)])
    last = (voice.command("contact"), voice.command("resume", "this_step"))
    return voice.bubbles(voice.fill(voice.content.phrases.trouble), (*rows, last))


def render_why(voice: Voice) -> tuple[Reply, ...]:
    """Return the reason for the present step, then the step again; before the walk that for the whole check.

    Only the step, or the menu, where no reason is known.
    """
    position = voice.session.position
    if position is None and voice.session.notice:
        rows = ((voice.start(), voice.command("menu")),)
        return voice.bubbles(voice.fill(voice.content.phrases.why_check), rows, source="notice")
    step = voice.walk.view(position).step if position else None
    if step is None or step.why is None:
        return render_step(voice)
    reason = voice.content.phrases.why.format(why=voice.fill(step.why))
    said = voice.bubbles(reason, source=step.why_source or step.source)
    return (*said, *render_quotes(voice, step.quotes), *repeat_step(voice))


def render_sketch(voice: Voice) -> tuple[Reply, ...]:
    """Return the drawing of the present step's page and its words, then the step again; else the step's help."""
    position = voice.session.position
    step = voice.walk.view(position).step if position else None
    if step is None or step.sketch is None:
        return render_trouble(voice)
    words, drawn = voice.content.phrases.sketch, step.sketch
    title, foot = words.title.format(title=voice.fill(step.title)), voice.fill(words.foot)
    rows = tuple(tuple(Box(voice.fill(b.text), "click" if b.click else "") for b in row) for row in drawn.rows)
    picture = Picture(words.file, ((Box(title, "head"),), *rows, (Box(foot, "plain"),)), is_common=True)
    text = "\n\n".join((voice.fill(drawn.words).strip(), foot))
    return (Reply(text, source=voice.label("beyond"), picture=picture, own=True), *repeat_step(voice))


def render_head(voice: Voice, step: Step) -> str:
    """Return the progress line of a step, in screens, and the line of the clock unless the walk is done."""
    phrases, way, position = voice.content.phrases, voice.content.ways[voice.notice.id], voice.session.position
    title = voice.fill(step.title)
    if step.n is None:
        head = phrases.head_side.format(title=title, track=voice.content.script.tracks[step.track])
    else:
        n = way.first[step.id] + (position.item if position and position.step == step.id else 0)
        full = round(BAR * n / way.total)
        bar = phrases.bar[0] * full + phrases.bar[1] * (BAR - full)
        head = phrases.head.format(n=n, of=way.total, bar=bar, title=title)
    if position and position.state == "done":
        return head
    return f"{head}\n{phrases.clock_line.format(clock=voice.facts['clock.short'])}"


def _body(voice: Voice, view: View) -> Iterator[str]:
    """Yield the paragraphs of a step; of a checklist that was explained only the question."""
    phrases, step = voice.content.phrases, view.step
    live, is_known = {"sentence": voice.fill(step.sentence or "")}, view.item > 1
    if not is_known:
        yield voice.fill(step.do, live)
    yield from (voice.fill(note.text, live) for note in view.notes if note.source is None)
    if step.checklist:
        field = _field_of(voice, view)
        yield _ask_item(voice, view)
        yield (field and field.note) or ""
    if step.keep and not is_known:
        yield phrases.keep.format(keep=voice.fill(step.keep, live))
    if step.done and not is_known:
        yield phrases.done_when.format(done=voice.fill(step.done, live))


def _field_of(voice: Voice, view: View) -> CheckField | None:
    return next((f for f in voice.notice.check_fields if f"field:{f.name}" == view.name), None)


def _ask_item(voice: Voice, view: View) -> str:
    """Return the question about the present item of a checklist."""
    phrases, field, checklist = voice.content.phrases, _field_of(voice, view), view.step.checklist
    assert checklist
    live = {"item.name": (view.name or "").removeprefix("field:")}
    ask = (field and field.ask) or voice.fill(checklist.ask, live)
    return phrases.item.format(item=view.item, items=view.items, ask=ask) if view.items > 1 else ask


def _list_rows(voice: Voice, view: View) -> Rows:
    """Return the buttons of a step: its actions, then what helps."""
    return pack_rows(voice.acts(view.actions)) + _help_rows(voice, view)


def _help_rows(voice: Voice, view: View) -> Rows:
    """Return the rows below the actions: a person, help with this step, back and later."""
    position = voice.session.position
    person = (voice.command("desk"),) if voice.desk and view.step.sentence else ()
    why = (voice.command("why"),) if view.step.why else ()
    where = (voice.command("where"),) if view.step.sketch else ()
    can_go_back = position and (position.trail or position.item)
    back = (voice.act(BACK, voice.content.phrases.buttons["back"]),) if can_go_back else ()
    return (person, (voice.command("trouble"), *why, *where), (*back, voice.command("later")))


def _with_copy(voice: Voice, replies: tuple[Reply, ...], sentence: str) -> tuple[Reply, ...]:
    """Return the replies with a button that copies the sentence under the last one."""
    *before, last = replies
    copy = Button(voice.fill(sentence), voice.content.phrases.buttons["copy"])
    return (*before, replace(last, copies=(copy,)))
