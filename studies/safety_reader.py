"""Train the reader behind the Safety Gate's rules: ``python studies/safety_reader.py [--measure]``.

Trained on every ``author*.jsonl`` of tests/contract/safety_corpus: texts that break a clause of meaning against all
innocent texts. Thresholds come from texts of authors whom the model at hand had not read (one left out at a time), so
that they hold for a stranger's words as far as the committed texts can tell. Without ``--measure`` the models and
their proof are written to agents/safety_gate/reader. Same corpus, same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.svm import LinearSVC

from agents.safety_gate import SafetyGate, load_rules
from agents.safety_gate.normalise import normalise
from agents.safety_gate.reader.model import RARITY_UNIT, WEIGHT_UNIT, reader_folder
from agents.safety_gate.reader.traits import readings, traits
from benchmarks.safety_gate import findings
from understudy.atomic import canonical_json, write_bytes

CORPUS = Path(__file__).parents[1] / "tests" / "contract" / "safety_corpus"
# Clauses of meaning. Numbers, personal data and missing facts have validators of their own.
READ = {*(f"bank-17-{item}" for item in range(1, 9)), "kfcpa-21", "kfcpa-22", "tone", "injection"}
SEEN_TWICE = 2
EXAMPLES, EXAMPLE_WEIGHT = "examples", 0.1
# Shares of a stranger's innocent texts above the thresholds.
BLOCK, CONFIRM = 0.014, 0.12


# What the rules alone say: no hit, hits only of rules that yield to the reader, or a hit that nothing clears.
Ruled = Literal["none", "yields", "blocks"]


@dataclass(frozen=True)
class Text:
    author: str
    locale: str
    clause: str
    violating: bool
    ruled: Ruled
    readings: tuple[tuple[set[str], set[str]], ...]

    @property
    def traits(self) -> tuple[set[str], set[str]]:
        return self.readings[0]


def _text(author: str, case: dict[str, Any], gate: SafetyGate, yielding: set[str]) -> Text:
    part = normalise(case["text"])
    known = (author, case["locale"], case["clause"], case["violating"])
    hits = findings(gate, case["clause"], case["product"], case["text"], case["locale"], "template")
    ruled: Ruled = "none" if not hits else "yields" if all(hit.rule_id in yielding for hit in hits) else "blocks"
    return Text(*known, ruled, tuple(map(traits, readings(part.plain))))


def examples() -> list[dict[str, Any]]:
    """The texts that the rules were made with: learnt from, never measured on."""
    found = []
    for locale in ("ko", "en"):
        data = tomllib.loads((CORPUS / f"{locale}.toml").read_text(encoding="utf-8"))
        groups = [(clause, texts["violating"], texts["innocent"]) for clause, texts in data.items()]
        for file, rule in load_rules():
            if rule.kind == "forbid" and file.clause in READ:
                language = rule.language(locale)
                groups.append((file.clause, language.match, language.innocent))
        for clause, violating, innocent in groups:
            for bad, texts in ((True, violating), (False, innocent)):
                found += [
                    {"clause": clause, "locale": locale, "product": "service", "violating": bad, "text": text}
                    for text in texts
                ]
    return found


def corpus() -> list[Text]:
    """The texts that the reader learns from, with whether a rule that it may overrule hits them."""
    rules = load_rules()
    gate, yielding = SafetyGate(rules), {rule.id for _, rule in rules if rule.yields}
    cases = [(EXAMPLES, case) for case in examples()]
    for path in sorted(CORPUS.glob("author*.jsonl")):
        cases += [(path.stem, json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    read = [(author, case) for author, case in cases if case["clause"] in READ or not case["violating"]]
    return [_text(author, case, gate, yielding) for author, case in read]


@dataclass(frozen=True)
class Fitted:
    kinds: list[tuple[dict[str, int], NDArray[np.float64]]]
    weights: NDArray[np.float64]
    bias: float

    def scores(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        """The highest score of each text's readings."""
        owner = [place for place, text in enumerate(texts) for _ in text.readings]
        each = matrix([reading for text in texts for reading in text.readings], self.kinds) @ self.weights + self.bias
        best = np.full(len(texts), -np.inf)
        np.maximum.at(best, owner, each)
        return best


def fit(texts: Sequence[Text]) -> Fitted:
    """A linear support vector machine (squared hinge, C = 1) over rarity-weighted presence."""
    kinds = []
    for kind in (0, 1):
        count = Counter(trait for text in texts for trait in text.traits[kind])
        known = {t: i for i, t in enumerate(sorted(t for t, n in count.items() if n >= SEEN_TWICE and "\n" not in t))}
        rarity = np.array([1 + math.log((1 + len(texts)) / (1 + count[trait])) for trait in known])
        kinds.append((known, np.round(rarity * RARITY_UNIT) / RARITY_UNIT))
    share = [EXAMPLE_WEIGHT if text.author == EXAMPLES else 1.0 for text in texts]
    seen = matrix([text.traits for text in texts], kinds)
    machine = LinearSVC(C=1, random_state=0).fit(seen, [text.violating for text in texts], sample_weight=share)
    return Fitted(kinds, machine.coef_[0], float(machine.intercept_[0]))


def matrix(
    seen: Sequence[tuple[set[str], set[str]]], kinds: Sequence[tuple[dict[str, int], NDArray[np.float64]]]
) -> Any:
    """[readings, traits of all kinds]; each kind's part of a row has length one."""
    parts = []
    for kind, (known, rarity) in enumerate(kinds):
        rows = [sorted(known[trait] for trait in one[kind] if trait in known) for one in seen]
        values = [rarity[row] / (np.linalg.norm(rarity[row]) or 1) for row in rows]
        ends = np.cumsum([0, *map(len, rows)])
        parts.append(
            sparse.csr_matrix((np.concatenate(values), np.concatenate(rows), ends), shape=(len(seen), len(known)))
        )
    return sparse.hstack(parts).tocsr()


def strangers(texts: Sequence[Text]) -> NDArray[np.float64]:
    """The score of each text by a model that read none of its author's."""
    scores = np.zeros(len(texts))
    for author in sorted({text.author for text in texts} - {EXAMPLES}):
        own = [place for place, text in enumerate(texts) if text.author == author]
        model = fit([text for text in texts if text.author != author])
        scores[own] = model.scores([texts[place] for place in own])
    return scores


def thresholds(texts: Sequence[Text], scores: NDArray[np.float64]) -> tuple[float, float]:
    innocent = scores[[not text.violating and text.author != EXAMPLES for text in texts]]
    return round(float(np.quantile(innocent, 1 - BLOCK)), 3), round(float(np.quantile(innocent, 1 - CONFIRM)), 3)


def packed(model: Fitted, block: float, confirm: float) -> bytes:
    """The file of one reader."""
    kinds, start = [], 0
    for known, rarity in model.kinds:
        weights = model.weights[start : start + len(known)] * rarity
        start += len(known)
        kinds.append(
            {
                "traits": "\n".join(known),
                "weights": [int(weight) for weight in np.round(weights * WEIGHT_UNIT)],
                "rarities": [int(value) for value in np.round(rarity * RARITY_UNIT)],
            }
        )
    return canonical_json({"bias": round(model.bias, 6), "block": block, "confirm": confirm, "kinds": kinds})


def report(locale: str, texts: Sequence[Text], scores: NDArray[np.float64], block: float, confirm: float) -> None:
    """Recall and false blocks per clause on strangers' texts: rules alone, and rules with the reader."""

    def blocked(text: Text, score: float) -> bool:
        return text.ruled == "blocks" or score > (block if text.ruled == "none" else confirm)

    for clause in [*sorted({text.clause for text in texts}), "all"]:
        rows = []
        for violating in (True, False):
            mine = [
                i
                for i, t in enumerate(texts)
                if clause in (t.clause, "all") and t.violating is violating and t.author != EXAMPLES
            ]
            ruled = sum(texts[i].ruled != "none" for i in mine)
            both = sum(blocked(texts[i], scores[i]) for i in mine)
            rows.append(f"{ruled:>5} {both:>5} of {len(mine):>5}")
        print(f"{locale} {clause:<10} violating: rules, both {rows[0]}   innocent: {rows[1]}")


def main() -> None:
    """Measure across authors; train on all and write, unless only measuring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--measure", action="store_true", help="write nothing")
    asked = parser.parse_args()
    everything, proof = corpus(), {}
    for locale in ("ko", "en"):
        texts = [text for text in everything if text.locale == locale]
        scores = strangers(texts)
        block, confirm = thresholds(texts, scores)
        report(locale, texts, scores, block, confirm)
        content = packed(fit(texts), block, confirm)
        proof[locale] = hashlib.sha256(content).hexdigest()
        print(f"{locale}: block {block}, confirm {confirm}, {len(content)} bytes")
        if not asked.measure:
            write_bytes(reader_folder() / f"{locale}.json", content)
    if not asked.measure:
        sources = sorted(CORPUS.glob("author*.jsonl"))
        read = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}
        write_bytes(reader_folder() / "proof.json", canonical_json({"sha256": proof, "corpus": read}) + b"\n")
        for name in ("ko.json", "en.json", "proof.json"):
            (reader_folder() / name).chmod(0o644)


if __name__ == "__main__":
    main()
