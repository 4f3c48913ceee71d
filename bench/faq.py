"""Quality and speed of the matcher beside its peers, in one run.

    python -m bench.faq quality                  our questions, and every phrasing held out once
    python -m bench.faq speed [PHRASINGS ...]    default 250 1000 10000 100000

The peers bm25s and scikit-learn take part when they are installed; rapidfuzz always does. A peer's score of an entry is
that of its best phrasing. "Let through" is the share of questions that are right and score above all but 5 % of the
out-of-scope lines.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec

from rapidfuzz import fuzz, process

from bench.faq_train import FOLDS, entries, held_out
from faq.matcher import Matcher
from faq.model import Entry
from faq.text import fold
from tests.faq.corpus import out_of_scope, questions

Ranking = list[tuple[str, float]]  # topics with scores, best first
Ask = Callable[[str], Ranking]
Make = Callable[[Sequence[Entry]], Ask]

SIZES = (250, 1_000, 10_000, 100_000)
SLOW_AT = 20_000  # phrasings from which the peers are asked fewer questions
PLACES = ("校区", "分院", "年级", "班", "函授站", "教学点")


def ours(faq: Sequence[Entry]) -> Ask:
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


def tfidf_peer(faq: Sequence[Entry]) -> Ask:
    from sklearn.feature_extraction.text import TfidfVectorizer

    lines, topics = _lines(faq)
    made = TfidfVectorizer(analyzer="char", ngram_range=(1, 2))
    matrix = made.fit_transform(lines).T.tocsc()
    return lambda text: _best(topics, (made.transform([fold(text)]) @ matrix).toarray()[0])


def bm25_peer(faq: Sequence[Entry]) -> Ask:
    import bm25s

    lines, topics = _lines(faq)
    made = bm25s.BM25()
    made.index([_grams(line) for line in lines], show_progress=False)
    return lambda text: _best(topics, made.get_scores(_grams(fold(text)) or [" "]))


def _grams(line: str) -> list[str]:
    return [*line, *(line[at : at + 2] for at in range(len(line) - 1))]


def peers() -> dict[str, Make]:
    made: dict[str, Make] = {
        "gradbot": ours,
        "rapidfuzz WRatio": rapidfuzz_peer(fuzz.WRatio),
        "rapidfuzz ratio": rapidfuzz_peer(fuzz.ratio),
    }
    if find_spec("bm25s"):
        made["BM25 characters"] = bm25_peer
    if find_spec("sklearn"):
        made["TF-IDF characters"] = tfidf_peer
    return made


def _quality(asked: Sequence[tuple[Ranking, Sequence[str]]], others: Sequence[Ranking]) -> str:
    limit = sorted(ranking[0][1] if ranking else 0.0 for ranking in others)[int(len(others) * 0.95)]
    first = [bool(ranking) and ranking[0][0] in topics for ranking, topics in asked]
    three = sum(any(topic in topics for topic, _ in ranking[:3]) for ranking, topics in asked)
    through = sum(right and ranking[0][1] > limit for right, (ranking, _) in zip(first, asked, strict=True))
    size = len(asked)
    return f"{sum(first) / size:.3f} / {three / size:.3f} / {through / size:.3f}"


def quality() -> None:
    """Top-1 / top-3 / let through, of our questions and of phrasings that were held out."""
    faq = entries()
    known = {fold(line) for entry in faq for line in (entry.title, *entry.phrasings)}
    unseen = [question for question in questions() if fold(question.text) not in known]
    print(f"{len(faq)} entries, {len(unseen)} questions, {len(out_of_scope())} lines out of scope")
    print(f"{'':18}  our questions            held-out phrasings")
    for name, make in peers().items():
        ask = make(faq)
        others = [ask(text) for text in out_of_scope()]
        own = _quality([(ask(question.text), question.topics) for question in unseen], others)
        rows: list[tuple[Ranking, Sequence[str]]] = []
        for number in range(FOLDS):
            kept, out = held_out(faq, number)
            held = make(kept)
            rows += [(held(line), (topic,)) for line, topic in out]
        print(f"{name:18}  {own}    {_quality(rows, others)}", flush=True)


def multiplied(size: int) -> list[Entry]:
    """An FAQ of `size` phrasings, ten an entry: ours, said of one place after another."""
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


def speed_of(name: str, size: int) -> None:
    """One line of the table: build in seconds, a question in milliseconds, memory of the whole process in MB."""
    faq = multiplied(size)
    start = time.perf_counter()
    ask = peers()[name](faq)
    built = time.perf_counter() - start
    lines = [question.text for question in questions()]
    if name != "gradbot" and size > SLOW_AT:
        lines = lines[::10]
    for text in lines[:40]:
        ask(text)
    times = []
    for text in lines:
        start = time.perf_counter()
        ask(text)
        times.append((time.perf_counter() - start) * 1_000)
    times.sort()
    median, high, highest = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{size:8,}  {name:18} {built:7.2f} {median:9.2f} {high:9.2f} {highest:9.2f} {memory:7}", flush=True)


def main(words: Sequence[str]) -> None:
    """Runs the part that is asked for; every line of the speed table is measured in a process of its own."""
    match list(words):
        case ["quality"]:
            quality()
        case ["one", name, size]:
            speed_of(name, int(size))
        case ["speed", *sizes]:
            print("phrasings  matcher             build s    p50 ms    p95 ms    p99 ms      MB", flush=True)
            for size in map(int, sizes or SIZES):
                for name in peers():
                    line = [sys.executable, "-m", "bench.faq", "one", name, str(size)]
                    subprocess.run(line, check=True)  # noqa: S603 – our own module, no outside words
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
