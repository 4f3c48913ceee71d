"""Quality and speed of the matcher beside its peers, in one run: a table, and a plot in bench/faq.png.

    python -m bench.faq [PHRASINGS ...]    default 250 1000 10000 100000

Quality: questions that nothing was tuned on (tests/faq/unseen.txt), every phrasing held out once, and the FAQs of an
invented shop and hospital (bench/shop.txt, bench/clinic.txt). Speed: our entries multiplied, every cell in a process of
its own. The peers bm25s and scikit-learn take part when they are installed (extra `bench`), the plot needs matplotlib.
A peer's score of an entry is that of its best phrasing; all get folded text, and our units where they cut it. "Let
through" is the share of questions that are right and score above all but 5 % of the lines that are out of scope.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import fuzz, process

from bench.faq_train import FOLDS, entries, hold_out
from faq.index import pairs
from faq.matcher import Matcher
from faq.model import Entry
from faq.reading import read
from faq.text import fold
from tests.faq.corpus import out_of_scope, questions

Ranking = list[tuple[str, float]]  # topics with scores, best first
Ask = Callable[[str], Ranking]
Make = Callable[[Sequence[Entry]], Ask]


class Row(NamedTuple):
    """A cell of the table of speed: build in seconds, a question in milliseconds, memory of the process in MB."""

    name: str
    size: int
    build: float
    median: float
    high: float
    memory: int


SIZES = (250, 1_000, 10_000, 100_000)
SLOW_AT = 20_000  # phrasings from which the peers are asked fewer questions
KINDS = (str, int, float, float, float, int)  # of a Row
FIELDS = ("shop", "clinic")
PLACES = ("校区", "分院", "年级", "班", "函授站", "教学点")


def ask_ours(faq: Sequence[Entry]) -> Ask:
    matcher = Matcher(faq)
    return lambda text: [(topic.id, topic.score) for topic in matcher.ask(text).topics]


def _best(topics: Sequence[str], scores: Iterable[float]) -> Ranking:
    best: dict[str, float] = {}
    for topic, score in zip(topics, scores, strict=True):
        best[topic] = max(score, best.get(topic, 0.0))
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:5]


def _lines(faq: Sequence[Entry]) -> tuple[list[str], list[str]]:
    pairs = [(fold(line), entry.id) for entry in faq for line in (entry.title, *entry.phrasings)]
    return [line for line, _ in pairs], [topic for _, topic in pairs]


def rapidfuzz_peer(scorer: Callable[..., float]) -> Make:
    def make(faq: Sequence[Entry]) -> Ask:
        lines, topics = _lines(faq)

        def ask(text: str) -> Ranking:
            found = process.extract(fold(text), lines, scorer=scorer, limit=None)
            return _best([topics[at] for _, _, at in found], [score for _, score, _ in found])

        return ask

    return make


def tfidf_peer(views: Callable[[str], list[str]]) -> Make:
    def make(faq: Sequence[Entry]) -> Ask:
        from sklearn.feature_extraction.text import TfidfVectorizer

        lines, topics = _lines(faq)
        made = TfidfVectorizer(analyzer=views)
        matrix = made.fit_transform(lines).T.tocsc()
        return lambda text: _best(topics, (made.transform([fold(text)]) @ matrix).toarray()[0])

    return make


def bm25_peer(faq: Sequence[Entry]) -> Ask:
    import bm25s

    lines, topics = _lines(faq)
    made = bm25s.BM25()
    made.index([_grams(line) for line in lines], show_progress=False)
    return lambda text: _best(topics, made.get_scores(_grams(fold(text)) or [" "]))


def linear_peer(kind: str) -> Make:
    """Return a linear SVM or a logistic regression, one class an entry, on characters and fuzzy syllables."""

    def make(faq: Sequence[Entry]) -> Ask:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC

        lines, topics = _lines(faq)
        made = TfidfVectorizer(analyzer=lambda line: _grams(line) + _syllables(line))
        model = LinearSVC(C=1.0) if kind == "svm" else LogisticRegression(C=10.0, max_iter=300)
        model.fit(made.fit_transform(lines), topics)
        names: list[str] = model.classes_.tolist()
        score = model.decision_function if kind == "svm" else model.predict_proba

        def ask(text: str) -> Ranking:
            scores = score(made.transform([fold(text)]))[0].tolist()
            return sorted(zip(names, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))[:5]

        return ask

    return make


def _grams(line: str) -> list[str]:
    """Return sequences of one and two characters or Latin words."""
    units = read(line).chars
    return [*units, *pairs(units)]


def _syllables(line: str) -> list[str]:
    """Return sequences of one and two fuzzy syllables."""
    units = read(line).sounds
    return [*units, *pairs(units)]


def peers() -> dict[str, Make]:
    made: dict[str, Make] = {
        "gradbot": ask_ours,
        "rapidfuzz WRatio": rapidfuzz_peer(fuzz.WRatio),
        "rapidfuzz ratio": rapidfuzz_peer(fuzz.ratio),
    }
    if find_spec("bm25s"):
        made["BM25 characters"] = bm25_peer
    if find_spec("sklearn"):
        made["TF-IDF characters"] = tfidf_peer(_grams)
        made["TF-IDF pinyin"] = tfidf_peer(_syllables)
        made["linear SVM"] = linear_peer("svm")
        made["logistic regr."] = linear_peer("logistic")
    return made


def _quality(asked: Sequence[tuple[Ranking, Sequence[str]]], others: Sequence[Ranking]) -> str:
    limit = sorted(ranking[0][1] if ranking else -9.0 for ranking in others)[int(len(others) * 0.95)]
    first = [bool(ranking) and ranking[0][0] in topics for ranking, topics in asked]
    three = sum(any(topic in topics for topic, _ in ranking[:3]) for ranking, topics in asked)
    through = sum(right and ranking[0][1] > limit for right, (ranking, _) in zip(first, asked, strict=True))
    size = len(asked)
    return f"{sum(first) / size:.3f} / {three / size:.3f} / {through / size:.3f}"


def field(name: str) -> tuple[list[Entry], list[tuple[str, tuple[str, ...]]], list[str]]:
    """Return an invented shop or hospital: its FAQ, questions with their topic, lines that it does not answer."""
    faq: list[Entry] = []
    asked: list[tuple[str, tuple[str, ...]]] = []
    for line in _file(f"{name}.txt"):
        topic, rest = line.split(": ", 1)
        phrasings, asking = (part.split(" / ") for part in rest.split(" => "))
        faq.append(Entry(id=topic, title=phrasings[0], source="notice", phrasings=tuple(phrasings), answer="-"))
        asked += [(text, (topic,)) for text in asking]
    return faq, asked, _file(f"{name}_others.txt")


def _file(name: str) -> list[str]:
    lines = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("# ")]


def print_quality() -> None:
    """Print top-1 / top-3 / false answers for questions, for held-out phrasings and for the questions of FIELDS."""
    faq = entries()
    fields = [field(name) for name in FIELDS]
    asked, strangers = questions("unseen.txt"), out_of_scope("unseen_out_of_scope.txt")
    print(f"top-1 / top-3 / let through: {len(asked)} unseen questions and {len(strangers)} lines out of scope,")
    print(f"{sum(len(entry.phrasings) for entry in faq)} held-out phrasings of {len(faq)} entries,")
    for name, (field_faq, field_asked, _) in zip(FIELDS, fields, strict=True):
        print(f"{len(field_asked)} questions to {len(field_faq)} entries of a {name}")
    print(f"{'':18}", *(f"{name:21}" for name in ("unseen", "held out", *FIELDS)), sep="  ")
    for name, make in peers().items():
        ask = make(faq)
        others = [ask(text) for text in strangers]
        own = _quality([(ask(question.text), question.topics) for question in asked], others)
        rows: list[tuple[Ranking, Sequence[str]]] = []
        for number in range(FOLDS):
            kept, out = hold_out(faq, number)
            held = make(kept)
            rows += [(held(line), (topic,)) for line, topic in out]
        foreign = []
        for field_faq, field_asked, field_others in fields:
            answer = make(field_faq)
            told = [(answer(text), topics) for text, topics in field_asked]
            foreign.append(_quality(told, [answer(text) for text in field_others]))
        print(f"{name:18}", own, _quality(rows, others), *foreign, sep="  ", flush=True)


def multiply_faq(size: int) -> list[Entry]:
    """Return an FAQ of `size` phrasings, ten an entry: our own, repeated for one place after another."""
    made: list[Entry] = []
    faq = entries()
    number = 0
    while len(made) * 10 < size:
        where = f"{PLACES[number % len(PLACES)]}{number}" if number else ""
        for entry in faq:
            lines = tuple(where + line for line in entry.phrasings[:10])
            made.append(entry.model_copy(update={"id": f"{entry.id[:34]}-{number}", "phrasings": lines}))
        number += 1
    return made[: size // 10]


def measure_cell(name: str, size: int) -> None:
    """Print one row of the table: build in seconds, a question in milliseconds, memory of the whole process in MB."""
    faq = multiply_faq(size)
    start = time.process_time()
    ask = peers()[name](faq)
    built = time.process_time() - start
    lines = [question.text for question in (*questions(), *questions("unseen.txt"))]
    if name != "gradbot" and size > SLOW_AT:
        lines = lines[::10]
    for text in lines[:40]:
        ask(text)
    times = []
    for text in lines:
        rounds = []
        for _ in range(3):
            start = time.process_time()
            ask(text)
            rounds.append((time.process_time() - start) * 1_000)
        times.append(min(rounds))
    times.sort()
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())  # getrusage counts the parent's too
    memory = int(peak[1]) // 1024 if peak else 0
    print(name, size, built, times[len(times) // 2], times[int(len(times) * 0.99)], memory, sep="|")


def measure_rebuild(size: int) -> None:
    """Print the time to change one phrasing among `size`."""
    faq = multiply_faq(size)
    before = Matcher(faq)
    changed = faq[0].model_copy(update={"phrasings": ("一句从来没有人问过的话", *faq[0].phrasings[1:])})
    start = time.process_time()
    Matcher([changed, *faq[1:]], before=before)
    print(f"one phrasing of {size:,} changed: {time.process_time() - start:.2f} s")


def measure_speed(sizes: Sequence[int]) -> list[Row]:
    """Measure every peer at every size; a question's time is the best of three, CPU time of one core."""
    print("phrasings  matcher             build s    p50 ms    p99 ms      MB", flush=True)
    rows: list[Row] = []
    for size in sizes:
        for name in peers():
            if name in ("linear SVM", "logistic regr.") and size > SLOW_AT // 10:  # one class an entry: hours
                continue
            line = [sys.executable, "-m", "bench.faq", "one", name, str(size)]
            run = subprocess.run(line, check=True, capture_output=True, text=True)  # noqa: S603 – our own module
            row = Row(*(kind(word) for kind, word in zip(KINDS, run.stdout.split("|"), strict=True)))
            rows.append(row)
            print(f"{size:9,}  {name:18} {row.build:8.2f} {row.median:9.2f} {row.high:9.2f} {row.memory:7}", flush=True)
    return rows


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw the median (line) and 99th percentile (dots) of a question over the number of phrasings."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6))
    for name in dict.fromkeys(row.name for row in rows):
        own = [row for row in rows if row.name == name]
        sizes = [row.size for row in own]
        (line,) = axes.plot(sizes, [row.median for row in own], label=name, linewidth=2.5 if name == "gradbot" else 1.2)
        axes.plot(sizes, [row.high for row in own], ".", color=line.get_color())
    axes.set(xscale="log", yscale="log", xlabel="phrasings", ylabel="ms a question (line: median, dots: p99)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def main(words: Sequence[str]) -> None:
    """Run everything, or one cell of the table of speed."""
    match list(words):
        case ["one", name, size]:
            measure_cell(name, int(size))
        case sizes if all(map(str.isdigit, sizes)):
            print_quality()
            print()
            rows = measure_speed([int(size) for size in sizes] or SIZES)
            measure_rebuild(10_000)
            if find_spec("matplotlib"):
                plot(rows, Path(__file__).with_suffix(".png"))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
