"""The acts that a typed message may be: values that compare, hash and print, and their form in JSON. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

SocialKind = Literal["thanks", "bye", "hello", "ack"]


@dataclass(frozen=True, slots=True)
class AnswerAct:
    """The answer `action` (the id of a choice, a stuck option, a checklist's answer, or `back`) to the present step.

    `item` names the field of a checklist that it is about; "all" means every field, None the one that was asked.
    """

    action: str
    item: str | None = None


@dataclass(frozen=True, slots=True)
class ValuesAct:
    """An answer in values (`cohort` and `major`, or `date` as YYYY-MM-DD), as sorted pairs."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, values: Mapping[str, str]) -> ValuesAct:
        return cls(tuple(sorted(values.items())))


@dataclass(frozen=True, slots=True)
class QuestionAct:
    """A question: the id of the FAQ's topic, or NO_TOPIC for something that no entry answers."""

    topic: str


SURE_QUESTION = 0.45
"""The chance (0–1) from which a question that is all of a message is answered; a less sure one is offered."""
NO_TOPIC = "new:unanswered"
"""The topic of a question that no entry answers."""


@dataclass(frozen=True, slots=True)
class CommandAct:
    """A command in any wording; its names are the keys of `commands` in `words.yaml`."""

    name: str


@dataclass(frozen=True, slots=True)
class PickAct:
    """The `number`-th (1 is the first) of what was offered just before."""

    number: int


@dataclass(frozen=True, slots=True)
class SocialAct:
    """Words that keep company and move nothing."""

    kind: SocialKind


@dataclass(frozen=True, slots=True)
class DistressAct:
    """Despair, or danger to life."""


@dataclass(frozen=True, slots=True)
class AbuseAct:
    """Abuse of the bot or the school."""


@dataclass(frozen=True, slots=True)
class OfftopicAct:
    """Something that is not our business."""


@dataclass(frozen=True, slots=True)
class SecretAct:
    """A number, code or password that should not have been typed."""


Act: TypeAlias = (
    AnswerAct
    | ValuesAct
    | QuestionAct
    | CommandAct
    | PickAct
    | SocialAct
    | DistressAct
    | AbuseAct
    | OfftopicAct
    | SecretAct
)


def to_json(act: Act) -> dict[str, object]:
    """Return the act as JSON-ready data: `as` says which it is."""
    match act:
        case AnswerAct(action, None):
            return {"as": "answer", "action": action}
        case AnswerAct(action, item):
            return {"as": "answer", "action": action, "item": item}
        case ValuesAct(pairs):
            return {"as": "answer", "values": dict(pairs)}
        case QuestionAct(topic):
            return {"as": "question", "topic": topic}
        case CommandAct(name):
            return {"as": "command", "name": name}
        case PickAct(number):
            return {"as": "pick", "number": number}
        case SocialAct(kind):
            return {"as": "social", "kind": kind}
    return {"as": type(act).__name__.removesuffix("Act").lower()}
