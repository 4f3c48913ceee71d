"""The values of a turn: what it is decided from (`Context`) and what comes of it (`Turn`). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal, get_args

from bot.content.content import Content
from bot.domain import button_ids
from bot.domain.areas import Decision
from bot.domain.button_ids import Act as ButtonAct
from bot.domain.button_ids import Ask, Pick
from bot.domain.effects import Effect
from bot.domain.join_codes import CodeOwner
from bot.domain.messages import REACHES, Capabilities, Incoming, Reply, State
from bot.domain.questions import Tallied
from bot.domain.session import LastSaid, Session
from bot.domain.student_numbers import StudentKey
from bot.reading.acts import Act
from bot.render.layout import BUBBLE, Rows
from bot.render.menu import ask_notice, render_menu
from bot.render.reply import Voice
from bot.render.steps import render_step, repeat_step
from bot.tickets.graduate import Case
from flows.engine import BACK, JUMP, Happening


@dataclass(frozen=True, slots=True)
class Missed:
    """A question that was not answered at once: masked words, and the nearest topics, best first.

    `tied`: several were as near, and a choice was offered. `mark`: the name that its buttons carry; None without any.
    """

    question: str
    topics: tuple[str, ...]
    tied: bool = False
    mark: str | None = None


View = Literal["", "again", "offer", "step"]
"""How a turn ends, each one saying more than those before it: as it is, with the present step once more, with that or
the menu before the walk, with the step as when it is entered."""
VIEWS: tuple[View, ...] = get_args(View)
PIECES_FOR = timedelta(minutes=3)
"""Words that were not understood are read together with what comes in so many minutes."""
LINE = 40
"""Characters of a line that needs no message of its own before a step."""
MAX_OFFERED = 12
"""Buttons that are remembered, to be picked by their number."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The replies of a turn and the session after it. `forget`, `export` and `keep` (an invitation to
    another account) are done by whoever has the store.

    `view` is shown after the replies, and `after` behind it; `finish` puts them in. `told` are the topics that it
    answers, `tallied` counts how far a typed question got. `withdraw`: the message held a secret, which is nowhere in
    this turn. `understood` are the acts of a typed message in the order in which they were handled, `last` is the kind
    of what is said last. `effects` are for others than this person. `toast` is a short pop-up text.
    """

    session: Session
    replies: tuple[Reply, ...] = ()
    view: View = ""
    last: LastSaid = "step"
    after: tuple[Reply, ...] = ()
    happenings: tuple[Happening, ...] = ()
    told: tuple[str, ...] = ()
    missed: Missed | None = None
    tallied: Tallied | None = None
    forget: bool = False
    export: bool = False
    keep: bool = False
    withdraw: bool = False
    effects: tuple[Effect, ...] = ()
    understood: tuple[Act, ...] = ()
    toast: str = ""

    @property
    def state(self) -> State:
        """The person's state; `new` before the walk."""
        return self.session.position.state if self.session.position else "new"


@dataclass(frozen=True)
class Context:
    """Everything that a turn is decided from. `now` is local time of the notice.

    `case` is None where no person can be asked; `can` are the abilities of the person's channel: where it
    `posts`, reminders can be promised.
    `owner` has the join code that was given; None: nobody else. `students` gives the key of student numbers; None:
    none are taken.
    """

    content: Content
    session: Session
    incoming: Incoming
    now: datetime
    case: Case | None = None
    can: Capabilities = REACHES
    owner: CodeOwner | None = None
    students: Callable[[], StudentKey] | None = None

    @cached_property
    def voice(self) -> Voice:
        """The words for this session at this moment."""
        elsewhere = self.incoming.channel if self.incoming.via else ""
        return Voice(
            self.content, self.session, self.now, desk=self.case is not None, can=self.can, elsewhere=elsewhere
        )

    @property
    def offered(self) -> tuple[str, ...]:
        """The ids of the buttons that a number picks: those offered last, else the present step's answers."""
        position = self.session.position
        if self.session.offered or position is None:
            return self.session.offered
        return tuple(self.voice.act(action.id, "").id for action in self.voice.walk.view(position).actions)

    @property
    def pieces(self) -> tuple[str, ...]:
        """The words, masked, that were not understood in the last minutes; oldest first."""
        since = self.session.pieces_at
        return self.session.pieces if since and (self.now - PIECES_FOR).isoformat() <= since else ()

    def with_session(self, session: Session) -> Context:
        """Return the same context after the session changed."""
        return replace(self, session=session)

    def understood(self) -> Context:
        """Return the context in which no question was missed in a row."""
        return self.with_session(replace(self.session, misses=0))

    def say(self, text: str, rows: Rows = (), source: str | None = None) -> Turn:
        """Say something and show the present step again, or the menu before the walk."""
        return Turn(self.session, self.voice.bubbles(text, rows, source=source), "offer")

    def say_step(self) -> Turn:
        """Show the present step as when it is entered, or the menu before the walk."""
        return Turn(self.session, view="step")

    def say_alike(self, say: Callable[[Voice], tuple[Reply, ...]]) -> tuple[Reply, ...]:
        """Return what is the same under every notice that it may be about; else ask which notice is meant."""
        if self.session.notice is None:
            ways = [say(self.with_session(replace(self.session, notice=n)).voice) for n in self.content.notices]
            if len({tuple(reply.text for reply in replies) for replies in ways}) > 1:
                return ask_notice(self.voice, self.content.phrases.pick_first)
        return say(self.voice)

    def hand_over(self, decision: Decision) -> Turn:
        """Return the turn of what the desk decided; the walk can go on by its buttons."""
        return Turn(self.session, decision.replies, "again" if decision.replies else "", effects=decision.effects)


def finish(ctx: Context, turn: Turn) -> Turn:
    """Put the view of the session after the turn behind its replies, and remember what was said and offered last."""
    voice = ctx.with_session(turn.session).voice
    replies = (*_join_noted(turn.replies, _RENDER[turn.view](voice)), *turn.after)
    session = (
        replace(turn.session, last=turn.last, offered=_list_offered(replies, turn.last)) if replies else turn.session
    )
    if not ctx.with_session(session).pieces:
        session = replace(session, pieces=(), pieces_at="")
    return replace(turn, session=session, replies=replies, view="", after=())


def _join_noted(said: tuple[Reply, ...], shown: tuple[Reply, ...]) -> tuple[Reply, ...]:
    """Put a line that was said just before a step (记下：…) into the step's first message."""
    if not said or not shown or said[-1] != Reply(said[-1].text) or "\n" in said[-1].text:
        return (*said, *shown)
    text = f"{said[-1].text}\n\n{shown[0].text}"
    is_short = len(said[-1].text) <= LINE and len(text) <= BUBBLE
    return (*said[:-1], replace(shown[0], text=text), *shown[1:]) if is_short else (*said, *shown)


def _list_offered(replies: Sequence[Reply], last: LastSaid) -> tuple[str, ...]:
    """Return the ids of the buttons that "第二个" counts: questions to choose from, else the way to another step that
    was offered, and the answers to the step.
    """
    ids = [button.id for reply in replies for row in reply.buttons for button in row]
    parsed = [(id_, button_ids.parse(id_)) for id_ in ids]
    topics = [id_ for id_, b in parsed if isinstance(b, Pick) or (isinstance(b, Ask) and b.kind in ("faq", "notice"))]
    acts = [(id_, b) for id_, b in parsed if isinstance(b, ButtonAct)]
    away = [id_ for id_, b in acts if b.action == JUMP] if last == "elsewhere" else []
    answers = [id_ for id_, b in acts if b.action not in (BACK, JUMP)]
    return tuple((topics if len(topics) > 1 else [*away, *answers])[:MAX_OFFERED])


_RENDER: Mapping[View, Callable[[Voice], tuple[Reply, ...]]] = {
    "": lambda _: (),
    "again": repeat_step,
    "offer": lambda voice: repeat_step(voice) or render_menu(voice),
    "step": render_step,
}
