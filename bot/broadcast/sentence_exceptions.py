"""Whom a teacher's sentence leaves out: 除了会计学, 往届生不用发, 不是会计学的专升本学生. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.broadcast.sentence_words import Token
from flows.majors import CourseMention

Doubt = tuple[str, str]
"""Why a sentence is not clear (the name of the phrase that asks), and what it is about."""
CLASSES, STATES = frozenset({"class"}), frozenset({"state", "stuck", "step"})
"""The kinds of tokens that name classes, and those that name states."""

_AFTER = ("除外", "在内", "免了")
"""Ends of words that leave out what stands before them, whatever follows."""
_LINKS = frozenset({"join", "filler", "grade"})


def find_exceptions(tokens: Sequence[Token]) -> tuple[set[int], list[Doubt]]:
    """Return the places of the classes and states that are left out."""
    out, doubts = set[int](), list[Doubt]()
    for n, token in enumerate(tokens):
        if token.kind == "except":
            is_after = token.text.endswith(_AFTER)
            run, closed = ([], False) if is_after else _run_after(tokens, n)
            run = _cut_before_whole(tokens, run)
            if token.text in ("不是", "非") and _of_whole(tokens, run):
                doubts.append(("scope", "".join(t.text for t in tokens[n : run[-1] + 1])))
            kinds = {tokens[k].kind in CLASSES for k in run}
            if not run:
                run = _run_before(tokens, n)
                doubts += [] if run else [("unread", token.text)]
            elif len(kinds) == 2:  # a class and a state
                is_loose = not closed and not token.text.startswith("除") and tokens[run[0]].kind in CLASSES
                doubts += [] if is_loose else [("scope", "".join(t.text for t in tokens[n : run[-1] + 1]))]
                run = [k for k in run if tokens[k].kind in CLASSES]
            out |= {*run}
        elif token.kind == "outside" and not any(t.kind == "except" for t in tokens[:n]):
            run = _run_before(tokens, n)
            doubts += [] if run else [("unread", token.text)]
            out |= {*run}
    return out, doubts


def _run_after(tokens: Sequence[Token], start: int) -> tuple[list[int], bool]:
    run = []
    for n in range(start + 1, len(tokens)):
        token = tokens[n]
        if token.kind in CLASSES | STATES:
            run.append(n)
        elif token.kind not in _LINKS and token.text.strip('“”"()（） '):
            return run, token.kind == "outside"
    return run, False


def _cut_before_whole(tokens: Sequence[Token], run: list[int]) -> list[int]:
    """End a run before the level of its major: 不是会计学的专升本学生 are those of the level, without the major."""
    cut = next((k for k in range(1, len(run)) if _kinds_beside(tokens, run, k) == (False, True)), len(run))
    return run[:cut]


def _of_whole(tokens: Sequence[Token], run: Sequence[int]) -> bool:
    """Return whether a run names a major of a level: 非专升本的会计 may be all but these, or those of another level."""
    return any(_kinds_beside(tokens, run, k) == (True, False) for k in range(1, len(run)))


def _kinds_beside(tokens: Sequence[Token], run: Sequence[int], k: int) -> tuple[bool, bool] | None:
    """Return whether the classes on both sides of a 的 are whole levels; None where there is no such 的."""
    left, right = tokens[run[k - 1]].mention, tokens[run[k]].mention
    between = "".join(token.text for token in tokens[run[k - 1] + 1 : run[k]])
    return (names_whole(left), names_whole(right)) if left and right and between == "的" else None


def names_whole(mention: CourseMention) -> bool:
    return mention.kind != "major" or all(course.major is None for course in mention.courses)


def _run_before(tokens: Sequence[Token], end: int) -> list[int]:
    run: list[int] = []
    for n in range(end - 1, -1, -1):
        token = tokens[n]
        if token.kind in CLASSES | STATES and (not run or (token.kind in CLASSES) == (tokens[run[0]].kind in CLASSES)):
            run.insert(0, n)
        elif (token.kind not in _LINKS and token.text.strip()) or token.kind in CLASSES | STATES:
            break
    return run
