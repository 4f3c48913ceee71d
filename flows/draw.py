"""The picture of a script as Mermaid, drawn from the very object that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flows.model import RETURN, Script, Step

Fill = Callable[[str], str]


def mermaid(script: Script, fill: Fill) -> str:
    """A flowchart: one box a step, one group a track, dotted arrows for gates. The same script gives the same text.

    `fill` puts the notice's words into titles and buttons.
    """
    return "\n".join(("flowchart TD", *_boxes(script, fill), *_arrows(script, fill)))


def _boxes(script: Script, fill: Fill) -> Iterator[str]:
    for track, title in script.tracks.items():
        yield f'  subgraph {track}["{title}"]'
        for step in script.steps:
            if step.track == track:
                yield f"    {_box(step, fill)}"
        yield "  end"


def _box(step: Step, fill: Fill) -> str:
    number = f"{step.n} · " if step.n is not None else ""
    left, right = ("([", "])") if step.state == "done" else ("{{", "}}") if step.gate else ("[", "]")
    return f'{step.id}{left}"{number}{fill(step.title)}"{right}'


def _arrows(script: Script, fill: Fill) -> Iterator[str]:
    for step in script.steps:
        for _, target, words in step.exits:
            arrow = f'-->|"{fill(words)}"|' if words else "-->"
            yield f"  {step.id} {arrow} {_back(step) if target == RETURN else target}"
        for gate in step.gate:
            yield f'  {step.id} -.->|"{gate.when}"| {_back(step) if gate.go == RETURN else gate.go}'


def _back(step: Step) -> str:
    return f"{step.track}-return((↩))"
