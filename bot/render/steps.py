"""The present step of the walk: its text, its buttons, its help. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.domain.messages import Button, Reply
from bot.render.layout import Rows, pack_rows
from bot.render.menu import render_menu
from bot.render.reply import Voice
from flows.engine import BACK, View
from flows.model import Step

STEPS = 10
"""Main steps of the walk, as the progress line counts them."""


def render_step(voice: Voice, *, brief: bool = False) -> tuple[Reply, ...]:
    """Return the present step with its buttons, `brief` for somebody who has just read it; the menu before the walk."""
    position = voice.session.position
    if position is None:
        return render_menu(voice)
    view = voice.walk.view(position)
    parts = [render_head(voice, view.step), *_body(voice, view, brief=brief or view.item > 1)]
    rows = pack_rows(voice.acts(view.actions)) + _help_rows(voice, view)
    replies = voice.bubbles("\n\n".join(filter(None, parts)), rows, source=None if brief else view.step.source)
    return replies if view.step.sentence is None or brief else _with_copy(voice, replies, view.step.sentence)


def repeat_step(voice: Voice) -> tuple[Reply, ...]:
    """Return the present step in brief, to follow another answer; nothing before the walk."""
    if voice.session.position is None:
        return ()
    first, *rest = render_step(voice, brief=True)
    return (Reply(f"{voice.content.phrases.back_to_step}\n{first.text}", first.buttons), *rest)


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
    """Return the reason for the present step, then the step again; only the step when it states no reason."""
    position = voice.session.position
    step = voice.walk.view(position).step if position else None
    if step is None or step.why is None:
        return render_step(voice)
    reason = voice.content.phrases.why.format(why=voice.fill(step.why))
    return (*voice.bubbles(reason, source=step.source), *repeat_step(voice))


def render_head(voice: Voice, step: Step) -> str:
    """Return the progress line of a step, and the line of the clock unless the walk is done."""
    phrases, n = voice.content.phrases, step.n
    bar = phrases.bar[0] * (n or 0) + phrases.bar[1] * (STEPS - (n or 0))
    template = phrases.head_side if n is None else phrases.head if n else phrases.head_before
    head = template.format(n=n, bar=bar, title=voice.fill(step.title), track=voice.content.script.tracks[step.track])
    if voice.session.position and voice.session.position.state == "done":
        return head
    return f"{head}\n{phrases.clock_line.format(clock=voice.facts['clock.short'])}"


def _body(voice: Voice, view: View, *, brief: bool) -> Iterator[str]:
    phrases, step = voice.content.phrases, view.step
    live = {"item.name": (view.name or "").removeprefix("field:"), "sentence": voice.fill(step.sentence or "")}
    if not (brief and view.name):
        yield voice.fill(step.do, live).split("\n\n")[0] if brief else voice.fill(step.do, live)
    yield from (voice.fill(note, live) for note in view.notes)
    if step.checklist:
        ask = voice.fill(step.checklist.ask, live)
        yield phrases.item.format(item=view.item, items=view.items, ask=ask) if view.items > 1 else ask
    if step.keep and not brief:
        yield phrases.keep.format(keep=voice.fill(step.keep, live))
    if step.done and not brief:
        yield phrases.done_when.format(done=voice.fill(step.done, live))


def _help_rows(voice: Voice, view: View) -> Rows:
    """Return the rows below the actions: a person, help with this step, back and later."""
    position = voice.session.position
    person = (voice.command("desk"),) if voice.desk and view.step.sentence else ()
    why = (voice.command("why"),) if view.step.why else ()
    can_go_back = position and (position.trail or position.item)
    back = (voice.act(BACK, voice.content.phrases.buttons["back"]),) if can_go_back else ()
    return (person, (voice.command("trouble"), *why), (*back, voice.command("later")))


def _with_copy(voice: Voice, replies: tuple[Reply, ...], sentence: str) -> tuple[Reply, ...]:
    """Return the replies with a button that copies the sentence under the last one."""
    *before, last = replies
    copy = Button(voice.fill(sentence), voice.content.phrases.buttons["copy"])
    return (*before, replace(last, copies=(copy,)))
