"""Make the matcher's data files: faq/weights.yaml, faq/sounds.txt and faq/everyday.txt.

    python -m bench.faq_train weights     needs numpy and scipy
    python -m bench.faq_train sounds      needs pypinyin
    python -m bench.faq_train everyday    needs jieba, for its dictionary alone

The FAQ teaches itself: every phrasing is held out (its entry must be found), as it is, in one corrupted copy, and in a
story, among clauses of bench/circumstances.txt; every entry is held out (nothing should be found); the lines of
bench/everyday.txt belong to no entry, alone or in a story, nor do short phrasings that are said of some other thing
(`鼠标` + `多少钱`), nor phrasings with another thing in them. A long phrasing weighs more than a short one.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from faq.features import Fit, Outside
from faq.lines import ENDING, FOLDER, number_lines
from faq.matcher import Explanation, Matcher, Weights, story
from faq.model import Entry
from faq.reading import read

ROOT = Path(__file__).parents[1]
FOLDS = 10
THIN = 5  # phrasings an entry in the thin copies of the FAQ: other colleges have fewer than ours
THIN_WEIGHT = 0.8  # of a question to a thin copy
SEED = 20131201
EVERYDAY_WEIGHT = 2.0  # an everyday line counts as so many held-out phrasings
ELSEWHERE_WEIGHT = 1.0  # a phrasing said of another thing
SWAPPED_WEIGHT = 1.0  # a phrasing with another thing in it
ABSENT_WEIGHT = 0.15  # a question whose entry was taken out: its neighbours may well be right
STORY_WEIGHT = 0.3  # a phrasing in a story of ours
EVERYDAY_STORY_WEIGHT = 0.6  # an everyday line in a story of ours
TOLD_WEIGHT = 3.0  # what a phrasing counts more that is a story
PULL = 2.0  # towards zero


BLANK = Weights(
    dict.fromkeys(Fit._fields, (0.0, 0.0)), dict.fromkeys(Outside._fields, (0.0, 0.0))
)  # features do not depend on weights


@dataclass(frozen=True, slots=True)
class Sample:
    """One question with the features of its candidates.

    `right` is the row of the right candidate, None for none of them; `story`: how much of a story it is, 0–1.
    """

    rows: list[list[float]]
    none: list[float]
    right: int | None
    story: float
    weight: float


def entries() -> list[Entry]:
    """Return every entry that ships, with all of its phrasings."""
    files = sorted((ROOT / "faq" / "entries").glob("*.yaml"))
    rows = (row for file in files for row in yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader))
    return [Entry(**{**row, "phrasings": (*row["phrasings"], *_further(row["id"]))}) for row in rows]


def _further(topic: str) -> list[str]:
    path = ROOT / "faq" / FOLDER / f"{topic}{ENDING}"
    return [line for _, line in number_lines(path.read_text("utf-8"))] if path.exists() else []


def corrupt(text: str, chance: random.Random) -> str:
    """Return the text with a usual slip: a homophone, a lost or doubled character, a swap, pinyin, a polite frame."""
    from pypinyin import lazy_pinyin

    at = chance.randrange(len(text))
    kind = chance.choice(["homophone", "homophone", "lost", "swap", "pinyin", "frame", "frame"])
    if kind == "homophone":
        alike = _homophones().get(text[at], text[at])
        return text[:at] + chance.choice(alike) + text[at + 1 :]
    if kind == "lost" and len(text) > 4:
        return text[:at] + text[at + 1 :]
    if kind == "swap" and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == "pinyin":
        return " ".join(lazy_pinyin(text))
    head = chance.choice(["我想问一下", "那个", "急", "老师您好，", "有个问题", "我的", "请问一下我"])
    return head + text + chance.choice(["怎么办", "啊", "呀急", "谢谢老师", "，在线等", "，我不太懂"])


def _homophones() -> dict[str, str]:
    lines = (ROOT / "faq" / "sounds.txt").read_text("utf-8").splitlines()
    groups = [line.split(" ")[1] for line in lines if not line.startswith("#")]
    return {character: group for group in groups for character in group}


def make_sample(seen: Explanation, topic: str | None, weight: float) -> Sample | None:
    """Return a training sample; None when the right entry is not even a candidate."""
    ids = [clue.id for clue in seen.clues]
    if topic is not None and topic not in ids:
        return None
    return Sample(
        [list(clue.features) for clue in seen.clues],
        list(seen.none_features),
        None if topic is None else ids.index(topic),
        story(len(seen.reading.chars)),
        weight,
    )


def move_elsewhere(text: str, things: list[str], chance: random.Random) -> str:
    """Return the phrasing as somebody would say it about another thing."""
    return chance.choice(things) + chance.choice(["", "", "的"]) + text


def surround(text: str, circumstances: list[str], chance: random.Random) -> str:
    """Return the line among one to four clauses in its own language."""
    own = [clause for clause in circumstances if clause.isascii() == text.isascii()]
    around = chance.sample(own, chance.choice([1, 2, 2, 3, 3, 4]))
    at = chance.randint(0, len(around))
    breaks = [", ", ". "] if text.isascii() else ["，", "，", "，", "。", " "]
    return chance.choice(breaks).join([*around[:at], text, *around[at:]])


SUBJECTS = frozenset(  # concepts that are things
    """chsi archive enrolment education diploma degree account username password code sms mobile mailbox id-card photo
    major school loan admission browser website proof number person-name edu-mail app""".split()  # noqa: SIM905 – legible
)


def swap_thing(text: str, things: list[str], chance: random.Random) -> str | None:
    """Return the phrasing with one of its things replaced by another (`查不到学籍` → `查不到快递`), if any."""
    reading = read(text)
    if len(reading.chars) != len(reading.folded):  # units are not characters
        return None
    spans = [(start, size) for start, size, names, weight in reading.words if weight == 1 and SUBJECTS & set(names)]
    if not spans:
        return None
    start, size = chance.choice(spans)
    return reading.folded[:start] + chance.choice(things) + reading.folded[start + size :]


def _things() -> list[str]:
    words: list[str] = yaml.safe_load((ROOT / "faq" / "lexicon.yaml").read_text("utf-8"))["elsewhere"]
    nouns = (ROOT / "faq" / "everyday.txt").read_text("utf-8").splitlines()[2].split(" ")
    return sorted(words) * 10 + nouns[::5]


def _lines(name: str) -> list[str]:
    """Return the lines of a file of this folder, without its comments."""
    return [line for line in (ROOT / "bench" / name).read_text("utf-8").splitlines() if line[:2] != "# "]


def hold_out(all_entries: list[Entry], fold: int) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Return the FAQ without every tenth phrasing, and those phrasings with their topics."""
    kept, out = [], []
    for row, entry in enumerate(all_entries):
        inside = tuple(line for at, line in enumerate(entry.phrasings) if (at + row) % FOLDS != fold)
        out += [(line, entry.id) for line in entry.phrasings if line not in inside]
        kept.append(entry.model_copy(update={"phrasings": inside}))
    return kept, out


def make_samples(all_entries: list[Entry]) -> Iterator[Sample]:
    """Yield all training samples, always in the same order."""
    chance = random.Random(SEED)
    everyday, circumstances, things = _lines("everyday.txt"), _lines("circumstances.txt"), _things()
    found: list[Sample | None] = []
    whole = Matcher(all_entries, BLANK)
    for fold in range(FOLDS):
        kept, out = hold_out(all_entries, fold)
        matcher = Matcher(kept, BLANK, whole)
        for line, topic in out:
            seen = matcher.explain(line)
            found.append(make_sample(seen, topic, 1.0 + TOLD_WEIGHT * story(len(seen.reading.chars))))
            found.append(make_sample(matcher.explain(corrupt(line, chance)), topic, 0.5))
            found.append(make_sample(matcher.explain(surround(line, circumstances, chance)), topic, STORY_WEIGHT))
            if len(line) <= 12 and not line.isascii():
                found.append(make_sample(matcher.explain(move_elsewhere(line, things, chance)), None, ELSEWHERE_WEIGHT))
            if other := swap_thing(line, things, chance):
                found.append(make_sample(matcher.explain(other), None, SWAPPED_WEIGHT))
        for line in everyday[fold::FOLDS]:
            found.append(make_sample(matcher.explain(line), None, EVERYDAY_WEIGHT))
            found.append(
                make_sample(matcher.explain(surround(line, circumstances, chance)), None, EVERYDAY_STORY_WEIGHT)
            )
    for _ in range(THIN):
        thin = [
            entry.model_copy(update={"phrasings": tuple(chance.sample(entry.phrasings, THIN))}) for entry in all_entries
        ]
        matcher = Matcher(thin, BLANK, whole)
        for entry, own in zip(all_entries, thin, strict=True):
            others = [line for line in entry.phrasings if line not in own.phrasings]
            found += [make_sample(matcher.explain(line), entry.id, THIN_WEIGHT) for line in chance.sample(others, 8)]
        found += [make_sample(matcher.explain(line), None, THIN_WEIGHT) for line in everyday]
    for entry in all_entries:
        matcher = Matcher((other for other in all_entries if other.id != entry.id), BLANK, whole)
        found += [make_sample(matcher.explain(line), None, ABSENT_WEIGHT) for line in entry.phrasings]
    yield from (one for one in found if one is not None and one.rows)


def fit(training: list[Sample]) -> Weights:
    """Return the weights under which the right outcomes are likeliest (conditional logit with an outcome "none")."""
    import numpy as np
    from scipy.optimize import minimize

    size = max(len(one.rows) for one in training)
    rows = np.zeros((len(training), size, len(Fit._fields)))
    there = np.zeros((len(training), size), bool)
    for at, one in enumerate(training):
        rows[at, : len(one.rows)] = one.rows
        there[at, : len(one.rows)] = True
    none = np.array([one.none for one in training])
    told = np.array([one.story for one in training])[:, None]
    rows = np.concatenate([rows, rows * told[:, None]], axis=2)  # what is learnt: a weight, and how a story changes it
    none = np.concatenate([none, none * told], axis=1)
    right = np.array([size if one.right is None else one.right for one in training])
    weight = np.array([one.weight for one in training])
    everyone = np.arange(len(training))
    width = rows.shape[2]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        odds = np.concatenate([np.where(there, rows @ values[:width], -1e9), (none @ values[width:])[:, None]], axis=1)
        odds -= odds.max(axis=1, keepdims=True)
        share = np.exp(odds)
        share /= share.sum(axis=1, keepdims=True)
        value = -(weight * np.log(share[everyone, right] + 1e-12)).sum() + PULL / 2 * (values**2).sum()
        share[everyone, right] -= 1
        share *= weight[:, None]
        slope = np.concatenate([np.einsum("ij,ijk->k", share[:, :-1], rows), share[:, -1] @ none])
        return value, slope + PULL * values

    best = minimize(loss, np.zeros(width + none.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    learnt: list[float] = best.x.tolist()
    return Weights(_weights(Fit._fields, learnt[:width]), _weights(Outside._fields, learnt[width:]))


def _weights(names: Sequence[str], values: Sequence[float]) -> dict[str, tuple[float, float]]:
    """Return the weight of each feature in a short message and in a story."""
    short, change = values[: len(names)], values[len(names) :]
    return {name: (round(one, 3), round(one + more, 3)) for name, one, more in zip(names, short, change, strict=True)}


def write_weights() -> None:
    """Fit the weights to the entries that ship."""
    all_entries = entries()
    training = list(make_samples(all_entries))
    made = fit(training)
    lines = sum(len(entry.phrasings) for entry in all_entries)
    head = (
        "# The matcher's linear model: what each feature adds to the log-odds of an entry, and of none of them:\n"
        "# in a short message, in a story.\n"
        f"# Made by: python -m bench.faq_train weights ({len(all_entries)} entries, {lines} phrasings, "
        f"{len(training)} samples, seed {SEED})\n"
    )
    entry, none = ({name: [*pair] for name, pair in part.items()} for part in (made.entry, made.none))
    body = yaml.safe_dump({"entry": entry, "none": none}, sort_keys=False, default_flow_style=None)
    (ROOT / "faq" / "weights.yaml").write_text(head + body, encoding="utf-8")


def write_sounds() -> None:
    """Write the commonest toneless reading of every simplified character of GB 2312."""
    import opencc
    from pypinyin import lazy_pinyin

    simplified = opencc.OpenCC("t2s")
    groups: dict[str, list[str]] = {}
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            character = bytes([high, low]).decode("gb2312", errors="ignore")
            if character and simplified.convert(character) == character:
                groups.setdefault(lazy_pinyin(character)[0], []).append(character)
    head = (
        "# Toneless pinyin of the simplified characters of GB 2312, commonest reading, one syllable a line.\n"
        "# Made by: python -m bench.faq_train sounds\n"
    )
    body = "".join(f"{sound} {''.join(sorted(groups[sound]))}\n" for sound in sorted(groups))
    (ROOT / "faq" / "sounds.txt").write_text(head + body, encoding="utf-8")


def write_everyday() -> None:
    """Write the common nouns and verbs of two to four characters, from the dictionary that comes with jieba."""
    import jieba

    rows = [line.split() for line in (Path(jieba.__file__).parent / "dict.txt").read_text("utf-8").splitlines()]
    nouns = {word for word, count, kind in rows if 2 <= len(word) <= 4 and kind[0] == "n" and int(count) >= 80}
    verbs = {word for word, count, kind in rows if 2 <= len(word) <= 4 and kind in ("v", "vn") and int(count) >= 150}
    head = (
        f"# Common nouns, then common verbs of Chinese, from the dictionary of jieba {jieba.__version__} (MIT,\n"
        "# copyright 2013 Sun Junyi). Made by: python -m bench.faq_train everyday\n"
    )
    body = f"{' '.join(sorted(nouns))}\n{' '.join(sorted(verbs - nouns))}\n"
    (ROOT / "faq" / "everyday.txt").write_text(head + body, encoding="utf-8")


if __name__ == "__main__":
    {"weights": write_weights, "sounds": write_sounds, "everyday": write_everyday}[sys.argv[1]]()
