"""Sizes, names and layers of the code. What is asserted here is what was reached: raise no ceiling, split instead."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("bot", "flows", "faq")

MAX_LINES: Mapping[str, int] = {"bot": 400, "flows": 400, "faq": 400, "tests": 400}
"""Lines of a file, by top folder."""
MAX_FUNCTION = 50
"""Lines of a function, its signature and docstring included."""
MAX_METHODS = 20
"""Methods of a class."""
MAX_PARTICIPLES = 0.05
"""Share of functions whose name begins with a participle: functions are verbs."""
MAX_QUESTIONS = 0.08
"""Share of docstrings that begin with a question word: they say what the thing does."""
MAX_SHARED_NAMES = 3
"""Class names that two modules use."""

IRREGULAR = re.compile(
    "begun|bought|broken|brought|built|caught|chosen|done|drawn|fed|felt|found|given|gone|got|heard|held|hidden|kept|"
    "known|laid|led|left|lost|made|meant|met|paid|put|read|said|seen|sent|set|shown|sold|spent|spoken|stood|struck|"
    "sunk|taken|taught|thought|told|torn|understood|woken|won|worn|written"
)
IN_ED = frozenset({"embed", "feed", "need", "seed", "speed"})
"""Verbs that end like a participle."""
QUESTION = re.compile(r"(what|who|whose|whom|whether|how|when|where|why|which)\b", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Nodes = list[tuple[str, ast.AST]]


@cache
def nodes() -> Nodes:
    """Every node of the product's syntax trees, with the file that it stands in; migrations are history."""
    files = [path for top in CODE for path in sorted((ROOT / top).rglob("*.py")) if "migrations" not in path.parts]
    assert len(files) > 100
    return [
        (str(path.relative_to(ROOT)), node) for path in files for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]


def functions() -> Iterator[tuple[str, Function]]:
    return ((file, node) for file, node in nodes() if isinstance(node, Function))


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    return ((file, node) for file, node in nodes() if isinstance(node, ast.ClassDef))


def lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def is_participle(name: str) -> bool:
    first = name.strip("_").split("_")[0]
    return IRREGULAR.fullmatch(first) is not None or (first.endswith("ed") and first not in IN_ED)


@pytest.mark.parametrize("top", MAX_LINES)
def test_a_file_is_read_in_one_go(top: str) -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in (ROOT / top).rglob("*.py")
    }
    assert len(sizes) >= 10
    assert {file: size for file, size in sizes.items() if size > MAX_LINES[top]} == {}


def test_a_function_fits_on_a_screen() -> None:
    sizes = {f"{file}:{node.lineno} {node.name}": lines(node) for file, node in functions()}
    assert len(sizes) > 1300
    assert {place: size for place, size in sizes.items() if size > MAX_FUNCTION} == {}


def test_most_functions_are_short() -> None:
    sizes = sorted(lines(node) for _, node in functions())
    assert sizes[len(sizes) // 2] <= 6
    assert sizes[len(sizes) * 95 // 100] <= 24


def test_a_class_does_one_thing() -> None:
    methods = {f"{file} {node.name}": sum(isinstance(part, Function) for part in node.body) for file, node in classes()}
    assert len(methods) > 200
    assert {name: count for name, count in methods.items() if count > MAX_METHODS} == {}


def test_functions_are_verbs() -> None:
    names = [(f"{file}:{node.lineno} {node.name}", is_participle(node.name)) for file, node in functions()]
    found = [place for place, is_one in names if is_one]
    assert len(found) <= MAX_PARTICIPLES * len(names), found


def test_docstrings_say_what_a_thing_does() -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [
        (file, text) for file, node in nodes() if isinstance(node, documented) and (text := ast.get_docstring(node))
    ]
    found = [f"{file}: {text.splitlines()[0]}" for file, text in texts if QUESTION.match(text)]
    assert len(texts) > 800
    assert len(found) <= MAX_QUESTIONS * len(texts), found


def test_a_class_name_has_one_meaning() -> None:
    places: dict[str, set[str]] = {}
    for file, node in classes():
        places.setdefault(node.name.strip("_"), set()).add(file)
    shared = {name: sorted(files) for name, files in places.items() if len(files) > 1}
    assert len(shared) <= MAX_SHARED_NAMES, shared


def layers() -> Mapping[str, Any]:
    """The contract of import-linter that orders the packages of bot."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (found,) = [row for row in settings["tool"]["importlinter"]["contracts"] if row["type"] == "layers"]
    contract: Mapping[str, Any] = found
    return contract


def test_the_layers_have_no_exception() -> None:
    allowed = {"name", "type", "containers", "layers", "exhaustive", "exhaustive_ignores"}
    assert set(layers()) <= allowed, "an ignored import is an import upwards"
    assert layers()["exhaustive"] is True


def test_every_package_has_its_layer() -> None:
    listed = [package.strip() for row in layers()["layers"] for package in row.split("|")]
    there = [path.parent.name for path in (ROOT / "bot").glob("*/__init__.py")]
    assert len(there) >= 15
    assert sorted(listed) == sorted(there)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("told", True), ("_shown_step", True), ("asked", True), ("tell", False), ("feed_back", False), ("is_done", False)],
)
def test_participles_are_known(name: str, *, expected: bool) -> None:
    assert is_participle(name) is expected
