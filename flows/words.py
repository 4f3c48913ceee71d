"""Typed words in one form, with the way back to what was typed: width, case and Traditional characters are folded,
clauses are found, questions are told from statements. Pure. Must not know dates, majors or notices.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import opencc

Span = tuple[int, int]
"""Start and end (exclusive) of a part of a text, in characters."""

LIMIT = 400
"""Characters of a message that are read at all."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; `places[n]` is the character of the typed text from which character n came."""

    text: str
    places: tuple[Span, ...]

    def origin(self, span: Span) -> Span:
        """The part of the typed text from which a part of the folded text came."""
        return self.places[span[0]][0], self.places[span[1] - 1][1]

    def rewrite(self, pattern: re.Pattern[str], written: Callable[[re.Match[str]], str]) -> Folded:
        """The text with every match written otherwise; the way back leads to the whole match."""
        text, places, last = "", list[Span](), 0
        for found in pattern.finditer(self.text):
            new = written(found)
            text += self.text[last : found.start()] + new
            places += [*self.places[last : found.start()], *[self.origin(found.span())] * len(new)]
            last = found.end()
        return Folded(text + self.text[last:], (*places, *self.places[last:])) if last else self


def fold(text: str) -> Folded:
    """The words in half width, lower case and simplified characters; of a text longer than LIMIT only the beginning."""
    pairs = [(folded, n) for n, c in enumerate(text[:LIMIT]) for folded in _fold_one(c)]
    folded = "".join(c for c, _ in pairs)
    return Folded(simplify(folded), tuple((n, n + 1) for _, n in pairs))


def simplify(text: str) -> str:
    """Return a text in simplified characters, each at its place."""
    if text.isascii():
        return text
    simple = _simplified().convert(text)
    return simple if len(simple) == len(text) else "".join(map(_simplify_one, text))


def _fold_one(c: str) -> str:
    return c.lower() if c.isascii() else unicodedata.normalize("NFKC", c).casefold()


def _simplify_one(c: str) -> str:
    simple = _simplified().convert(c)
    return simple if len(simple) == 1 else c


@cache
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def any_of(words: Mapping[str, object] | frozenset[str] | tuple[str, ...]) -> str:
    """A regular expression for any of the words, longer ones first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_CONJUNCTION = r"然后|但是|可是|不过|还有|另外|哦对了|对了|请问|我想问|那(?![个天种样边里会一])"
_BREAK = re.compile(rf"[\s,;:!?。、~…]+|\.(?!\d)|(?={_CONJUNCTION})")
_HESITATION = re.compile(r"叫?(?:什么|啥|哪个?|几号)来着|怎么说呢?|(?:记|说)不?清?是?(?:哪天|几号)")
_QUESTION = re.compile(
    r"[吗?]|[么不没]$|什么|啥|怎么|怎样|咋|哪|几[号点天时个月日]|多少|多久|多长|何时|为何|谁|(?:^|[^不])可以吧"
    r"|(.)[不没]\1|是否|还?需要不|如何|有没|能否"
)


def clause_of(text: str, span: Span) -> Span:
    """The clause around a part of a folded text: up to the punctuation, blank or conjunction on either side."""
    start = max((b.end() for b in _BREAK.finditer(text, 0, span[0])), default=0)
    after = _BREAK.search(text, span[1])
    end = after.start() if after else len(text)
    # The question mark belongs to the clause that it ends.
    return start, end + 1 if text[end : end + 1] == "?" else end


def is_question(clause: str) -> bool:
    """Whether a folded clause asks for something. 叫什么来着 is no question: whoever hesitates so goes on to say it."""
    return bool(_QUESTION.search(_HESITATION.sub("", clause)))


def rest_of(text: str, spans: Sequence[Span]) -> str:
    """What a typed text says besides the parts that were read (in its order), a blank in place of each."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return " ".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
