"""Measure which retrieval brings a jury the past cases that matter.

    python benchmarks/jury_cases.py [--out FILE]

``jury_cases.toml`` holds 24 causes: of each two past cases, written as cases are kept, and three findings, written
as they are looked up. A past case matters if it had the cause of the finding. recall@k is the share of those
two that are among the first k; intervals are 95 %, bootstrapped over causes, because findings of one cause are alike.
``difference`` is recall@3 minus that of the method in use, paired by cause. Static word vectors (WordLlama, 16 MB of
weights) are measured where that package is installed, which the product does not need.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import time
import tomllib
import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from _machine import machine, one_line
from numpy.typing import NDArray

from agents.jury.retrieval import Retrieval, characters, words

SEED = 11
DRAWS = 2000
AT = (1, 3, 5)
USED = "BM25, characters 3 to 5"
PLACES = 3
Ranking = Callable[[str, int], list[int]]
Floats = NDArray[np.float64]
Method = Callable[[Sequence[str]], Ranking]


def used(texts: Sequence[str]) -> Ranking:
    """What the case store does."""
    retrieval = Retrieval(texts)
    return lambda query, k: [place for place, _ in retrieval.rank(query, k)]


def bm25(split: Callable[[str], list[str]]) -> Method:
    """The same formula over other pieces of text."""

    def index(texts: Sequence[str]) -> Ranking:
        retrieval = Retrieval(texts, split)
        return lambda query, k: [place for place, _ in retrieval.rank(query, k)]

    return index


def hashed_tfidf(split: Callable[[str], list[str]], bits: int = 14) -> Method:
    """Cosine of sublinear TF-IDF vectors whose coordinates are hashed."""

    def index(texts: Sequence[str]) -> Ranking:
        counts = np.stack([hashed(split(text), bits) for text in texts])
        idf = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1
        rows = unit(np.log1p(counts) * idf)
        return lambda query, k: best(rows @ unit(np.log1p(hashed(split(query), bits)) * idf), k)

    return index


def hashed(pieces: Sequence[str], bits: int) -> Floats:
    """Counts ``[2**bits]``."""
    counts = np.zeros(1 << bits)
    for piece in pieces:
        counts[zlib.crc32(piece.encode()) & ((1 << bits) - 1)] += 1
    return counts


def fts5(tokenizer: str) -> Method:
    """SQLite's own full-text search and its BM25."""

    def index(texts: Sequence[str]) -> Ranking:
        connection = sqlite3.connect(":memory:")
        connection.execute(f"CREATE VIRTUAL TABLE cases USING fts5(text, tokenize='{tokenizer}')")
        connection.executemany("INSERT INTO cases (rowid, text) VALUES (?, ?)", enumerate(texts))

        def rank(query: str, k: int) -> list[int]:
            match = " OR ".join(f'"{word}"' for word in words(query) if len(word) > 2) or '""'
            rows = connection.execute("SELECT rowid FROM cases WHERE text MATCH ? ORDER BY rank LIMIT ?", (match, k))
            return [place for (place,) in rows]

        return rank

    return index


def fused(*methods: Method) -> Method:
    """Reciprocal rank fusion (Cormack et al. 2009)."""

    def index(texts: Sequence[str]) -> Ranking:
        rankings = [method(texts) for method in methods]

        def rank(query: str, k: int) -> list[int]:
            scores = np.zeros(len(texts))
            for ranking in rankings:
                for place, found in enumerate(ranking(query, len(texts))):
                    scores[found] += 1 / (60 + place)
            return best(scores, k)

        return rank

    return index


def same_item(texts: Sequence[str]) -> Ranking:
    """No retrieval: cases of the same checklist item, the latest first."""
    items = [text.partition(":")[0] for text in texts]

    def rank(query: str, k: int) -> list[int]:
        return [n for n in reversed(range(len(texts))) if items[n] == query.partition(":")[0]][:k]

    return rank


def word_vectors(texts: Sequence[str]) -> Ranking:
    """Mean static word vectors, 256 dimensions."""
    model = import_module("wordllama").WordLlama.load()
    rows = unit(model.embed(list(texts)))
    return lambda query, k: best(rows @ unit(model.embed([query])[0]), k)


def unit(values: Floats) -> Floats:
    """Rows of length one."""
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.where(length == 0, 1, length))


def best(scores: Floats, k: int) -> list[int]:
    """Places of the ``k`` highest scores, equal ones in their order; those of nought are not found."""
    return [int(n) for n in np.argsort(-scores, kind="stable")[:k] if scores[n] > 0]


METHODS: dict[str, Method] = {
    "same item, latest first": same_item,
    "BM25, words": bm25(words),
    USED: used,
    "hashed TF-IDF, words": hashed_tfidf(words),
    "hashed TF-IDF, characters 3 to 5": hashed_tfidf(characters),
    "FTS5, words": fts5("unicode61"),
    "FTS5, stems": fts5("porter unicode61"),
    "BM25 words + characters, fused": fused(bm25(words), used),
    "static word vectors": word_vectors,
    "static word vectors + BM25 characters, fused": fused(word_vectors, used),
}


def measure(causes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Recall of every method, by cause, and the milliseconds of one question."""
    texts = [text for cause in causes for text in cause["past"]]
    owner = [n for n, cause in enumerate(causes) for _ in cause["past"]]
    rows: dict[str, Any] = {}
    recalls: dict[str, Floats] = {}
    for name, method in METHODS.items():
        if "word vectors" in name and find_spec("wordllama") is None:
            rows[name] = {"skipped": "wordllama is not installed"}
            continue
        rank = method(texts)
        found = np.zeros((len(causes), len(AT)))
        times = []
        for n, cause in enumerate(causes):
            for query in cause["later"]:
                start = time.perf_counter()
                ranked = rank(query, max(AT))
                times.append((time.perf_counter() - start) * 1e3)
                for column, k in enumerate(AT):
                    hits = sum(owner[place] == n for place in ranked[:k])
                    found[n, column] += hits / min(k, len(cause["past"])) / len(cause["later"])
        recalls[name] = found
        rows[name] = {f"recall@{k}": interval(found[:, column]) for column, k in enumerate(AT)}
        rows[name]["ms_p50"] = round(statistics.median(times), 3)
    for name, found in recalls.items():
        rows[name]["difference"] = interval(found[:, AT.index(PLACES)] - recalls[USED][:, AT.index(PLACES)])
    return rows


def interval(by_cause: Floats) -> list[float]:
    """Mean and its bootstrapped 95 % interval."""
    rng = np.random.default_rng(SEED)
    draws = by_cause[rng.integers(0, len(by_cause), (DRAWS, len(by_cause)))].mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return [round(float(value), 3) for value in (by_cause.mean(), low, high)]


def main() -> int:
    """Print the table; write it as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "jury_cases.json")
    options = parser.parse_args()
    causes = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["cause"]
    counts = {"causes": len(causes), "past": sum(len(c["past"]) for c in causes)}
    counts |= {"later": sum(len(c["later"]) for c in causes)}
    result = {"machine": machine(), "seed": SEED, "set": counts, "methods": measure(causes)}
    print("\n".join(published(result)))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def published(result: dict[str, Any]) -> list[str]:
    """Recall at each depth, and the difference from the method in use."""
    lines = [
        "| retrieval | recall@1 | recall@3 | recall@5 | recall@3 minus that in use | ms a question |",
        "| --- | --- | --- | --- | --- | ---: |",
    ]
    for name, row in result["methods"].items():
        if "skipped" in row:
            lines.append(f"| {name} | {row['skipped']} | | | | |")
            continue
        cells = [spread(row[f"recall@{k}"], ".2f") for k in AT]
        difference = "in use" if name == USED else spread(row["difference"], "+.2f")
        lines.append(f"| {name} | {' | '.join(cells)} | {difference} | {row['ms_p50']:.2f} |")
    counts = result["set"]
    size = f"{counts['causes']} causes, {counts['past']} past cases, {counts['later']} later findings"
    return [*lines, "", f"{size}; seed {result['seed']}. {one_line(result['machine'])}."]


def spread(values: Sequence[float], form: str) -> str:
    """A mean and its interval."""
    return f"{values[0]:{form}} [{values[1]:{form}}, {values[2]:{form}}]"


if __name__ == "__main__":
    sys.exit(main())
