"""An answer as a channel can show it: its lengths, its quota, and what it has no buttons or files for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.domain.messages import Answer, Button, Capabilities, Reply
from bot.render.layout import cut

ROOM_FOR_SOURCE = 4
"""Characters around the source of a reply."""


def fit_answer(answer: Answer, can: Capabilities, no_file: str) -> Answer:
    """Return the answer as a channel can show it. `no_file` is said in place of a file, with a part `{name}`."""
    toast = answer.toast if can.toasts else ""
    return replace(answer, replies=fit(answer.replies, can, no_file), toast=toast)


def fit(replies: Sequence[Reply], can: Capabilities, no_file: str) -> tuple[Reply, ...]:
    """Return replies as a channel can show them, in order. Neighbours are joined to keep its quota as far as their
    length allows; what is still too much the channel owes.
    """
    shown = [part for reply in replies for part in _fit_one(reply, can, no_file)]
    at = len(shown) - 1
    while can.replies and len(shown) > can.replies and at > 0:
        if joined := _join(shown[at - 1], shown[at], can):
            shown[at - 1 : at + 1] = [joined]
        at -= 1
    return tuple(shown)


def _fit_one(reply: Reply, can: Capabilities, no_file: str) -> Iterator[Reply]:
    """Yield a reply in messages that are short enough; buttons and files are with the last."""
    if reply.bulletin:  # the channel's own to show
        yield reply
        return
    text = reply.text
    if not can.copies:
        text = "\n\n".join([text, *(copy.id for copy in reply.copies if copy.id not in text)])
        reply = replace(reply, copies=())
    if not can.files:
        text += f"\n\n{no_file.format(name=reply.attachment.name)}" if reply.attachment else ""
        reply = replace(reply, attachment=None, picture=None)
    if can.label:
        rows = tuple(tuple(_shorten(button, can.label) for button in row) for row in reply.buttons)
        reply = replace(reply, buttons=rows)
    room = can.text - (len(reply.source) + ROOM_FOR_SOURCE if reply.source else 0)
    *before, last = cut(text, room) if can.text and len(text) > room else [text]
    yield from (Reply(part, source=reply.source, topic=reply.topic) for part in before)
    yield replace(reply, text=last)


def _shorten(button: Button, most: int) -> Button:
    return button if len(button.text) <= most else replace(button, text=f"{button.text[: most - 1]}…")


def _join(first: Reply, then: Reply, can: Capabilities) -> Reply | None:
    """Return two replies as one; None where it would be too long, or lose something."""
    parts = [f"{first.text}\n（{first.source}）" if first.source != then.source and first.source else first.text]
    text = "\n\n".join([*parts, then.text])
    if can.text and len(text) + len(then.source or "") + ROOM_FOR_SOURCE > can.text:
        return None
    if any(one.attachment or one.picture or one.bulletin or one.link or one.once for one in (first, then)):
        return None
    buttons, copies = (*first.buttons, *then.buttons), (*first.copies, *then.copies)
    return replace(then, text=text, buttons=buttons, copies=copies, topic=then.topic or first.topic)
