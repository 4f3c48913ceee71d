"""What browsers of old phones lack is not in the styles and scripts of the page: Safari of iOS 13.0, WebView 80.

No such phone is at hand. A script with syntax that they do not know would not run at all, and leave plain forms.
"""

from __future__ import annotations

import re

import pytest

from bot.channels.web.files import FOLDER

SCRIPT = {
    "a?.b": r"\?\.(?!\d)",
    "a ?? b": r"\?\?",
    "a ||= b": r"(\|\||&&|\*\*)=",
    "classes, whose fields are younger": r"\bclass\s+\w+",
    "(?<name>)": r"\(\?<[\w=!]",
    "await at the top": r"^await ",
    "import": r"^\s*(import|export)\b",
    "numbers with _": r"\b\d+_\d",
    "methods": r"\.(replaceAll|at|replaceChildren|matchAll|allSettled|any|hasOwn|findLast\w*|toSorted|showModal"
    r"|requestSubmit|checkVisibility|scrollIntoViewIfNeeded)\(",
    "names": r"\b(structuredClone|ResizeObserver|WeakRef|BigInt|globalThis|BroadcastChannel|requestIdleCallback)\b",
}  # fmt: skip
"""What it is: how it is written. `gap` between boxes of a flex row is among those of styles."""
STYLE = {
    "selectors": r":(has|is|where|not\([^)]*,|dir|user-valid)",
    "gap": r"(?<![\w-])gap\s*:",
    "four sides in one": r"(?<![\w-])(inset|place-items|(margin|padding)-(inline|block))\s*:",
    "properties": r"(?<![\w-])(aspect-ratio|accent-color|content-visibility|translate|rotate|scale|text-wrap)\s*:",
    "units": r"\d(d|s|l)v[hw]\b|\d(cq\w+|lh)\b",
    "functions": r"\b(clamp|min|max|color-mix|oklch|light-dark)\(",
    "rules": r"@(layer|container|scope|property)\b",
    "nested rules": r"\{[^}]*&",
}  # fmt: skip


def faults(text: str, kinds: dict[str, str]) -> list[str]:
    """The kinds that are in a text, each with where."""
    found = ((name, re.search(pattern, text, re.MULTILINE)) for name, pattern in kinds.items())
    return [f"{name}: {text[max(0, hit.start() - 30) : hit.end() + 30]}" for name, hit in found if hit]


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".js", ".css")))
def test_old_browsers_know_everything_that_the_page_uses(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert faults(text, SCRIPT if name.endswith(".js") else STYLE) == []


def test_what_they_know_only_with_a_prefix_or_another_word_has_it() -> None:
    style = (FOLDER / "page.css").read_text("utf-8")
    for old, new in (
        ("position: -webkit-sticky;", "position: sticky;"),
        ("width: -moz-fit-content;", "width: fit-content;"),
        ("-webkit-user-select: all;", "user-select: all;"),
        (":focus {", ":focus:not(:focus-visible) {"),
    ):
        assert old in style
        assert style.index(old) < style.index(f" {new}" if "{" not in new else new)
