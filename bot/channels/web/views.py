"""The last turns of a person as the page shows them. Pure.

An answer that only changes what was said before (a vote, which has a toast) is shown in place of that, as every channel
does that can edit. Buttons are live under the last turn of the person's own, and under whatever came unasked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.domain.messages import Attachment, PastTurn, Picture, Reply


@dataclass
class TurnView:
    """A turn as it is shown. `by` are the later turns that changed it, `toast` is what the last of them said."""

    id: str
    said: str
    is_post: bool
    replies: list[Reply]
    by: list[str] = field(default_factory=list)
    toast: str = ""

    def files(self, reply: Reply) -> Iterator[tuple[str, str, bool]]:
        """Yield address, name and whether it is a picture, of each file of one of the replies."""
        for number, one in enumerate(self.replies):
            if one is reply and one.attachment:
                yield f"file/{self.id}/{number}/a", one.attachment.name, False
            if one is reply and one.picture:
                yield f"file/{self.id}/{number}/p", one.picture.name, True


def view(turns: Sequence[PastTurn]) -> list[TurnView]:
    """Return the turns as they are shown, oldest first."""
    shown: list[TurnView] = []
    for turn in turns:
        place = _find_changed(shown, turn)
        if place is None:
            shown.append(TurnView(turn.id, turn.answer.said, turn.is_post, list(turn.answer.replies)))
            continue
        changed, number = place
        changed.replies[number : number + 1] = turn.answer.replies
        changed.by.append(turn.id)
        changed.toast = turn.answer.toast
    return shown


def _find_changed(shown: Sequence[TurnView], turn: PastTurn) -> tuple[TurnView, int] | None:
    """Return what a turn changes: the newest reply with the same words. None: it stands for itself."""
    if not turn.answer.toast or not turn.answer.replies:
        return None
    text = turn.answer.replies[0].text
    for one in reversed(shown):
        for number in reversed(range(len(one.replies))):
            if one.replies[number].text == text:
                return one, number
    return None


def since(shown: Sequence[TurnView], turns: Sequence[PastTurn], after: str) -> tuple[list[TurnView], list[TurnView]]:
    """Return what is new after the turn `after`, and what was changed since. KeyError: that turn is not known."""
    ids = [turn.id for turn in turns]
    if after and after not in ids:
        raise KeyError(after)
    new = set(ids[ids.index(after) + 1 :] if after else ids)
    fresh = [one for one in shown if one.id in new]
    return fresh, [one for one in shown if one.id not in new and new.intersection(one.by)]


def label_of(turns: Sequence[PastTurn], press: str) -> str:
    """Return what stands on a button that was offered last; empty when none was."""
    for turn in reversed(turns):
        for reply in turn.answer.replies:
            rows = reply.bulletin.buttons if reply.bulletin else reply.buttons
            for button in (button for row in rows for button in row):
                if button.id == press:
                    return button.text
    return ""


def find_file(turns: Sequence[PastTurn], turn: str, number: int, kind: str) -> Attachment | Picture | None:
    """Return the file (`a`) or picture (`p`) of a reply; None when there is none."""
    for one in view(turns):
        if one.id == turn and number < len(one.replies):
            return one.replies[number].attachment if kind == "a" else one.replies[number].picture
    return None
