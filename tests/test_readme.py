"""The pages: samples, tables, maps and links are what the product really is and says.

`pytest tests/test_readme.py --update` rewrites the samples, the picture, the maps and the walk from the product.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

from bot.app.settings import read_settings, setting_names
from bot.commands.main import cli
from faq.matcher import Matcher
from faq.model import Entry
from tests.commands.test_command_line import environment, gradbot

ROOT = Path(__file__).parents[1]
README, FAQ = ROOT / "README.md", ROOT / "faq" / "README.md"
EXAMPLES, BENCH = ROOT / "examples", ROOT / "bench"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/README.md")])
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
MAP = ("<!-- map: generated from the docstrings -->\n", "<!-- end of map -->")
SAMPLE = ("```text\n", "```")
WALK = ("```mermaid\n", "```")


def between(page: Path, start: str, end: str) -> str:
    """The text between the first `start` of a page and the next `end`."""
    _, found, rest = page.read_text("utf-8").partition(start)
    text, closed, _ = rest.partition(end)
    assert found, f"{name(page)} has no {start!r}"
    assert closed, f"{name(page)} has no {end!r} after {start!r}"
    return text


def compare(request: pytest.FixtureRequest, page: Path, marks: tuple[str, str], actual: str) -> None:
    """Assert that a page shows `actual` between two marks; with --update, write it there."""
    start, end = marks
    shown = between(page, start, end)
    if request.config.getoption("--update"):
        before, _, after = page.read_text("utf-8").partition(start)
        page.write_text(before + start + actual + after.removeprefix(shown), "utf-8")
        return
    missing = [line for line in actual.splitlines() if line not in shown.splitlines()]
    extra = [line for line in shown.splitlines() if line not in actual.splitlines()]
    assert shown == actual, f"--update rewrites {name(page)}; missing: {missing}; not so: {extra}"


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def command(page: Path, first: str) -> str:
    """The shell block of a page that begins with a word."""
    found = re.search(rf"```sh\n( *{first}\b.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert found, f"{name(page)} has no command that begins with {first}"
    return found[1]


def run(command: str, folder: Path) -> str:
    """The output of a command of a page, by the `gradbot` and `python` of this environment."""
    python = shlex.quote(sys.executable)
    functions = f'gradbot() {{ {python} -m bot "$@"; }}; python() {{ {python} "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", functions + command],
        check=True,
        capture_output=True,
        text=True,
        env=environment(folder / "home"),
        cwd=folder,
        timeout=60,
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which the commands of the pages find what they read."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "notices").symlink_to(ROOT / "flows" / "notices")
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "draw_talk.py").symlink_to(EXAMPLES / "draw_talk.py")
    return tmp_path


# What the product says and draws


def test_the_sample_is_what_the_bot_says(request: pytest.FixtureRequest, folder: Path) -> None:
    said = run(command(README, "echo"), folder)
    compare(request, README, SAMPLE, "".join(f"{line.rstrip()}\n" for line in said.splitlines()))


def test_the_picture_is_what_the_bot_says(request: pytest.FixtureRequest, folder: Path) -> None:
    run(command(EXAMPLES / "README.md", "lines"), folder)
    drawn, picture = (folder / "examples" / "talk.svg").read_text("utf-8"), EXAMPLES / "talk.svg"
    if request.config.getoption("--update"):
        picture.write_text(drawn, "utf-8")
    assert drawn.count("<rect") > 20
    assert picture.read_text("utf-8") == drawn, "--update draws it anew"


def test_the_walk_is_the_script_that_runs(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    compare(request, ROOT / "flows" / "README.md", WALK, gradbot(tmp_path, "draw").stdout)


@pytest.mark.slow
def test_another_college_begins_as_described(folder: Path) -> None:
    run(command(README, "mkdir"), folder)
    assert (folder / "mine" / "notices").is_dir()


def test_the_settings_for_telegram_are_settings(folder: Path) -> None:
    run(command(README, "printf").replace("make run", ""), folder)
    with (folder / ".env").open("a") as env:
        env.write(command(README, "GRADBOT_WEBHOOK_URL"))
    settings = read_settings({}, folder)
    assert settings.telegram_token
    assert settings.webhook_url


def test_the_make_targets_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    used = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^|   )make ([a-z]+)\b", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {"run", "test", "lint"} <= used <= targets


# The matcher and the measurements


def test_the_report_on_the_page_is_the_report(request: pytest.FixtureRequest) -> None:
    report = (ROOT / "tests" / "faq" / "report.txt").read_text("utf-8").splitlines()
    summary = [line for line in report if re.match(r"(unseen|blind|strangers|answered at once)", line)]
    start = next(place for place, line in enumerate(summary) if line.startswith("unseen"))
    compare(request, FAQ, SAMPLE, "".join(f"{line}\n" for line in summary[start:]))


def test_the_table_of_peers_is_of_this_matcher() -> None:
    report = (ROOT / "tests" / "faq" / "report.txt").read_text("utf-8")
    (quality,) = re.findall(r"unseen.txt: top-1 (\S+), top-3 (\S+)", report)
    assert f"| gradbot | {' / '.join(quality)} / " in FAQ.read_text("utf-8"), "run python -m bench.faq again"


def test_the_entry_on_the_page_is_an_entry() -> None:
    (entry,) = [Entry.model_validate(row) for row in yaml.safe_load(between(FAQ, "```yaml\n", "```"))]
    assert Matcher([entry]).ask(entry.must_match[0]).topics[0].id == entry.id


def test_every_measurement_has_its_command() -> None:
    scripts = {path.stem for path in BENCH.glob("*.py") if "__main__" in path.read_text("utf-8")} - {"quick"}
    shown = re.findall(r"^\| `python -m bench\.(\w+)[^|]*\|", (BENCH / "README.md").read_text("utf-8"), re.MULTILINE)
    assert set(shown) == scripts


# Tables


def test_every_setting_is_in_the_readme() -> None:
    settings = [setting for setting in setting_names() if not setting.endswith("_FILE")]
    assert len(settings) >= 14
    tables = README.read_text("utf-8") + (ROOT / "deploy" / "README.md").read_text("utf-8")
    assert [setting for setting in settings if f"| `{setting}` |" not in tables] == []


def test_every_command_and_option_is_in_the_readme() -> None:
    rows = [row.partition(" | ")[0] for row in README.read_text("utf-8").splitlines() if row.startswith("| `gradbot")]
    commands = dict(leaves(typer.main.get_command(cli)))
    assert len(commands) >= 25
    shown = {command: next((row for row in rows if is_in(command, row)), "") for command in commands}
    assert [command for command, row in shown.items() if not row] == [], "not in the table of commands"
    options = {option for command in commands.values() for param in command.params for option in param.opts}
    assert set(re.findall(r"--[a-z-]+", " ".join(rows))) <= options, "options that there are not"


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Commands that do something, by their words after `gradbot`."""
    if not isinstance(command, TyperGroup):
        yield path, command
        return
    context: Any = None
    for word in command.list_commands(context):
        yield from leaves(command.get_command(context, word), (*path, word))


def is_in(command: tuple[str, ...], row: str) -> bool:
    *group, leaf = command
    return row.startswith(" ".join(("| `gradbot", *group))) and re.search(rf"\b{leaf}\b", row) is not None


# Maps


def test_the_map_of_the_bot_has_every_package_and_module(request: pytest.FixtureRequest) -> None:
    layers = layers_of_bot()
    listing = [f"{len(layers) - place}. {' · '.join(row)}" for place, row in enumerate(layers)]
    text = ["```text", *listing, "```", "", *(line for row in layers for package in row for line in chapter(package))]
    compare(request, ROOT / "bot" / "README.md", MAP, "\n".join((*text, "")))


@pytest.mark.parametrize("top", ["flows", "faq"])
def test_the_map_of_a_library_has_every_module(request: pytest.FixtureRequest, top: str) -> None:
    compare(request, ROOT / top / "README.md", MAP, "\n".join((*table(ROOT / top, ROOT / top), "")))


def layers_of_bot() -> list[list[str]]:
    """The packages of bot as the import contract lists them, highest layer first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return [[package.strip() for package in row.split("|")] for row in layers]


def chapter(package: str) -> Iterator[str]:
    folder = ROOT / "bot" / package
    yield from (f"### {package}", "", docstring(folder / "__init__.py"), "")
    yield from (*table(folder, ROOT / "bot"), "")


def table(folder: Path, page: Path) -> Iterator[str]:
    """A row for each module of a folder, linked from a page; migrations are left out."""
    yield from ("| module | |", "|---|---|")
    modules = [
        path for path in sorted(folder.rglob("*.py")) if path.name != "__init__.py" and "migrations" not in path.parts
    ]
    assert modules
    for path in modules:
        yield f"| [`{path.relative_to(folder)}`]({path.relative_to(page)}) | {first_sentence(path)} |"


def first_sentence(path: Path) -> str:
    sentence, *_ = re.split(r"(?<=\.)\s", docstring(path), maxsplit=1)
    return sentence.replace("|", r"\|")


def docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert text, f"{name(path)} has no docstring"
    return " ".join(text.split("\n\n")[0].split())


# Links


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    relative = [link for link in LINK.findall(text) if "://" not in link[1]]
    assert [found for words, target in relative if (found := fault(page, words, target))] == []


def fault(page: Path, words: str, target: str) -> str:
    """Why a link is wrong; empty when it is right. A link named `like_this` leads to a file that defines the name."""
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    if not there.exists():
        return f"{target} does not exist"
    if anchor and anchor not in anchors(there):
        return f"{target} is no heading"
    symbol, names = re.fullmatch(r"`(\w+)`", words), {".py": defined_in, ".yaml": keys_in}.get(there.suffix)
    return f"{target} does not define {words}" if symbol and names and symbol[1] not in names(there) else ""


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def defined_in(path: Path) -> set[str]:
    """Names of the functions, classes, methods and variables that a module defines."""
    tree = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    assigned = {node.id for node in tree if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return assigned | {
        node.name for node in tree if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }


def keys_in(path: Path) -> set[str]:
    return set(re.findall(r"(\w+):", path.read_text("utf-8")))


def test_the_pages_are_all_there() -> None:
    tops = {"README.md", "CHANGELOG.md", "SECURITY.md", "LICENSES.md"}
    assert tops | {f"{top}/README.md" for top in ("bench", "bot", "deploy", "examples", "faq", "flows")} == set(
        map(name, PAGES)
    )


def test_files_that_are_named_are_there() -> None:
    named = re.compile(r"`((?:bot|flows|faq|tests|bench|examples)/[\w./-]+)`")
    found = [(page, path) for page in PAGES for path in named.findall(page.read_text("utf-8"))]
    assert len(found) >= 10
    assert [f"{name(page)}: {path}" for page, path in found if not (ROOT / path).exists()] == []


def test_no_page_names_a_machine() -> None:
    paths = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|opt|work|Users)/")
    assert [name(page) for page in PAGES if paths.search(page.read_text("utf-8"))] == []


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(README.read_bytes()) <= 13_000


def test_wrong_links_are_found() -> None:
    page = ROOT / "bot" / "README.md"
    assert fault(page, "`decide`", "conversation/decide.py") == ""
    assert fault(page, "`decided`", "conversation/decide.py") == "conversation/decide.py does not define `decided`"
    assert fault(page, "`no_such_key`", "phrases.yaml") == "phrases.yaml does not define `no_such_key`"
    assert fault(page, "gone", "gone.py") == "gone.py does not exist"
    assert fault(page, "heading", "#no-heading") == "#no-heading is no heading"
