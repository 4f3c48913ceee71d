"""Draws a script as a Mermaid flowchart, from the object that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flows.model import RETURN, Script, Step

Fill = Callable[[str], str]


def mermaid(script: Script, fill: Fill) -> str:
    """Return a flowchart: one box a step, one group a track, dotted arrows for gates. Deterministic.

    `fill` puts the notice's words into titles and buttons.
    """
    return "\n".join(("flowchart TD", *_list_boxes(script, fill), *_list_arrows(script, fill)))


def _list_boxes(script: Script, fill: Fill) -> Iterator[str]:
    for track, title in script.tracks.items():
        yield f'  subgraph {track}["{title}"]'
        for step in script.steps:
            if step.track == track:
                yield f"    {_draw_box(step, fill)}"
        yield "  end"


def _draw_box(step: Step, fill: Fill) -> str:
    number = f"{step.n} · " if step.n is not None else ""
    left, right = ("([", "])") if step.state == "done" else ("{{", "}}") if step.gate else ("[", "]")
    return f'{step.id}{left}"{number}{fill(step.title)}"{right}'


def _list_arrows(script: Script, fill: Fill) -> Iterator[str]:
    for step in script.steps:
        for _, target, words in step.exits:
            arrow = f'-->|"{fill(words)}"|' if words else "-->"
            yield f"  {step.id} {arrow} {_return_box(step) if target == RETURN else target}"
        for gate in step.gate:
            yield f'  {step.id} -.->|"{gate.when}"| {_return_box(step) if gate.go == RETURN else gate.go}'


def _return_box(step: Step) -> str:
    return f"{step.track}-return((↩))"
