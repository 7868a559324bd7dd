"""Train the reader behind the Safety Gate's rules: ``python -m studies.safety_reader [--measure]``.

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
from agents.safety_gate.denial import denied
from agents.safety_gate.gate import DENIABLE
from agents.safety_gate.normalise import normalise
from agents.safety_gate.reader.model import RARITY_UNIT, WEIGHT_UNIT, pack, reader_folder
from agents.safety_gate.reader.traits import readings, traits
from agents.safety_gate.rule import Rule
from benchmarks.safety_gate import findings
from understudy.atomic import canonical_json, write_bytes

CORPUS = Path(__file__).parents[1] / "tests" / "contract" / "safety_corpus"
# Clauses of meaning. Numbers, personal data and missing facts have validators of their own.
READ = {*(f"bank-17-{item}" for item in range(1, 9)), "kfcpa-21", "kfcpa-22", "tone", "injection"}
SEEN_TWICE = 2
EXAMPLES, EXAMPLE_WEIGHT = "examples", 0.1
# Traits that a reader keeps, and of those that name a clause: what the function's package can bear.
KEPT, NAMING = 60_000, 1_500
# Whose innocent texts set the thresholds: authors who wrote to one brief, near misses and plain texts alike. The others
# wrote a near miss beside nearly every violation, which is harder than what the gate will see.
BRIEFED = {f"author{number}" for number in (1, 2, *range(5, 11))}
# Shares of strangers' innocent texts: blocked by rules and reader together, and above the threshold of confirmation.
BLOCKED, CONFIRM = 0.02, 0.06
# A violating text weighs less than an innocent one: what is asked is recall at few false blocks.
VIOLATING_WEIGHT = 0.6


# What the rules alone say: no hit, hits that the reader may clear (the rule yields, or the words deny it), or others.
Ruled = Literal["none", "yields", "blocks"]


@dataclass(frozen=True)
class Text:
    author: str
    locale: str
    clause: str
    violating: bool
    ruled: Ruled
    readings: tuple[str, ...]


def _text(author: str, case: dict[str, Any], gate: SafetyGate, rules: dict[str, Rule]) -> Text:
    part = normalise(case["text"])
    known = (author, case["locale"], case["clause"], case["violating"])
    hits = findings(gate, case["clause"], case["product"], case["text"], case["locale"], "template")
    cleared = [
        hit.rule_id in rules
        and (rules[hit.rule_id].yields or (hit.criterion in DENIABLE and denied(part, rules[hit.rule_id])))
        for hit in hits
    ]
    ruled: Ruled = "none" if not hits else "yields" if all(cleared) else "blocks"
    return Text(*known, ruled, tuple(readings(part.plain)))


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
    gate, by_id = SafetyGate(rules), {rule.id: rule for _, rule in rules}
    cases = [(EXAMPLES, case) for case in examples()]
    for path in sorted(CORPUS.glob("author*.jsonl")):
        cases += [(path.stem, json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    read = [(author, case) for author, case in cases if case["clause"] in READ or not case["violating"]]
    return [_text(author, case, gate, by_id) for author, case in read]


class Table:
    """The texts of one language, and what is seen in each of their readings.

    ``owner`` [readings] is the text of each, ``first`` [texts] the row of the whole text; ``seen`` holds, per kind of
    trait, presence [readings, traits] of those that occur in two texts at least, and ``names`` what they are.
    """

    def __init__(self, texts: Sequence[Text]) -> None:
        self.texts = texts
        plain = [reading for text in texts for reading in text.readings]
        self.owner = np.repeat(np.arange(len(texts)), [len(text.readings) for text in texts])
        self.first = np.searchsorted(self.owner, np.arange(len(texts)))
        self.author = np.array([text.author for text in texts])
        self.violating = np.array([text.violating for text in texts])
        both = [traits(one) for one in plain]
        self.names, self.seen = zip(*(self._presence([one[kind] for one in both]) for kind in (0, 1)), strict=True)

    def _presence(self, seen: list[set[str]]) -> tuple[list[str], Any]:
        count = Counter(trait for place in self.first for trait in seen[place])
        names = sorted(trait for trait, n in count.items() if n >= SEEN_TWICE)
        known = {trait: place for place, trait in enumerate(names)}
        rows = [sorted(known[trait] for trait in one if trait in known) for one in seen]
        ends = np.cumsum([0, *map(len, rows)])
        places = np.fromiter((place for row in rows for place in row), np.int64, ends[-1])
        return names, sparse.csr_matrix((np.ones(len(places)), places, ends), shape=(len(seen), len(names)))


@dataclass(frozen=True)
class Fitted:
    """Per kind, how rare each trait is (0: unknown to the model) and its weight."""

    rarities: list[NDArray[np.float64]]
    weights: NDArray[np.float64]
    bias: float

    def scores(self, table: Table, texts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The highest score of each text's readings."""
        rows = np.flatnonzero(np.isin(table.owner, texts))
        each = matrix(table, rows, self.rarities) @ self.weights + self.bias
        best = np.full(len(table.texts), -np.inf)
        np.maximum.at(best, table.owner[rows], each)
        return best[texts]


def matrix(table: Table, rows: NDArray[np.int64], rarities: Sequence[NDArray[np.float64]]) -> Any:
    """[rows, traits of all kinds]; each kind's part of a row has length one."""
    parts = []
    for seen, rarity in zip(table.seen, rarities, strict=True):
        part = seen[rows] @ sparse.diags(rarity)
        length = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        parts.append(sparse.diags(1 / np.where(length, length, 1)) @ part)
    return sparse.hstack(parts).tocsr()


def rarities(table: Table, texts: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """``1 + log((1 + texts) / (1 + texts with the trait))`` in sixteenths; 0 for what is in fewer than two."""
    counts = [np.asarray(seen[table.first[texts]].sum(axis=0)).ravel() for seen in table.seen]
    rare = [np.round((1 + np.log((1 + len(texts)) / (1 + n))) * RARITY_UNIT) / RARITY_UNIT for n in counts]
    return [np.where(n >= SEEN_TWICE, value, 0) for n, value in zip(counts, rare, strict=True)]


def fit(table: Table, texts: NDArray[np.int64]) -> Fitted:
    """A linear support vector machine (squared hinge, C = 1) over rarity-weighted presence.

    Fitted twice: on every trait seen twice, then on those that weighed most.
    """
    rare = rarities(table, texts)
    machine = _machine(table, texts, rare)
    weighed = np.abs(machine.coef_[0]) * np.concatenate(rare)
    kept = np.zeros(len(weighed), bool)
    kept[np.argsort(-weighed, kind="stable")[:KEPT]] = True
    rare = [np.where(mine, value, 0) for mine, value in zip(np.split(kept, [len(rare[0])]), rare, strict=True)]
    machine = _machine(table, texts, rare)
    return Fitted(rare, machine.coef_[0], float(machine.intercept_[0]))


def _machine(table: Table, texts: NDArray[np.int64], rare: Sequence[NDArray[np.float64]]) -> Any:
    share = np.where(table.author[texts] == EXAMPLES, EXAMPLE_WEIGHT, 1.0)
    seen = matrix(table, table.first[texts], rare)
    machine = LinearSVC(C=1, class_weight={False: 1.0, True: VIOLATING_WEIGHT}, random_state=0)
    return machine.fit(seen, table.violating[texts], sample_weight=share)


def name(table: Table, texts: NDArray[np.int64]) -> tuple[list[str], dict[str, list[int]]]:
    """Clauses, and per word trait a whole number for each: the highest sum names the clause of a violating text."""
    bad = texts[table.violating[texts]]
    rare = [np.zeros(len(table.names[0])), rarities(table, bad)[1]]
    seen = matrix(table, table.first[bad], rare)[:, len(rare[0]) :]
    machine = LinearSVC(C=0.3, fit_intercept=False, random_state=0)
    machine.fit(seen, [table.texts[int(place)].clause for place in bad])
    weights = machine.coef_ * rare[1]
    strongest = np.sort(np.argsort(-np.abs(weights).max(axis=0), kind="stable")[:NAMING])
    whole = np.round(weights[:, strongest] / np.abs(weights).max() * 127).astype(int)
    told = {table.names[1][place]: whole[:, at].tolist() for at, place in enumerate(strongest)}
    return [str(clause) for clause in machine.classes_], told


def strangers(table: Table) -> tuple[NDArray[np.float64], float]:
    """The score of each text by a model that read none of its author's; the share of clauses that such a one names."""
    scores, right = np.zeros(len(table.texts)), []
    for author in sorted(set(table.author) - {EXAMPLES}):
        own, others = np.flatnonzero(table.author == author), np.flatnonzero(table.author != author)
        scores[own] = fit(table, others).scores(table, own)
        clauses, naming = name(table, others)
        for text in (table.texts[int(place)] for place in own if table.violating[place]):
            rows = [naming[trait] for trait in traits(text.readings[0])[1] if trait in naming]
            right.append(clauses[int(np.argmax(np.sum(rows or [[0]], axis=0)))] == text.clause)
    return scores, float(np.mean(right))


def thresholds(texts: Sequence[Text], scores: NDArray[np.float64]) -> tuple[float, float]:
    """Where the reader blocks by itself, and where it confirms a rule: with the rules, BLOCKED of the innocent texts of
    BRIEFED authors fall.
    """
    innocent = [place for place, text in enumerate(texts) if not text.violating and text.author in BRIEFED]
    confirm = round(float(np.quantile(scores[innocent], 1 - CONFIRM)), 3)
    fallen = sum(_blocked(texts[place], scores[place], math.inf, confirm) for place in innocent)
    free = sorted((scores[p] for p in innocent if not _blocked(texts[p], scores[p], math.inf, confirm)), reverse=True)
    allowed = max(0, int(BLOCKED * len(innocent)) - fallen)
    return round(float(free[allowed]) + 0.0005, 3), confirm


def _blocked(text: Text, score: float, block: float, confirm: float) -> bool:
    return text.ruled == "blocks" or score > (block if text.ruled == "none" else confirm)


def packed(
    table: Table, model: Fitted, block: float, confirm: float, naming: tuple[list[str], dict[str, list[int]]]
) -> bytes:
    """The file of one reader."""
    kinds, start = [], 0
    for names, rarity in zip(table.names, model.rarities, strict=True):
        weights = np.round(model.weights[start : start + len(names)] * rarity * WEIGHT_UNIT).astype(int)
        whole = np.round(rarity * RARITY_UNIT).astype(int)
        start += len(names)
        kinds.append({names[at]: (int(weights[at]), int(whole[at])) for at in np.flatnonzero(rarity)})
    limits = {"bias": round(model.bias, 6), "block": block, "confirm": confirm}
    return canonical_json(pack(limits, kinds, *naming))


def report(locale: str, texts: Sequence[Text], scores: NDArray[np.float64], block: float, confirm: float) -> None:
    """Recall and false blocks per clause on strangers' texts: rules alone, and rules with the reader. The last line is
    of the authors who wrote near misses throughout; all others are of the BRIEFED ones.
    """
    for clause in [*sorted({text.clause for text in texts}), "all", "near"]:
        rows = []
        for violating in (True, False):
            mine = [
                i
                for i, t in enumerate(texts)
                if (clause in (t.clause, "all") if t.author in BRIEFED else clause == "near")
                and t.violating is violating
                and t.author != EXAMPLES
            ]
            ruled = sum(texts[i].ruled != "none" for i in mine)
            both = sum(_blocked(texts[i], scores[i], block, confirm) for i in mine)
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
        table, everyone = Table(texts), np.arange(len(texts))
        scores, right = strangers(table)
        block, confirm = thresholds(texts, scores)
        report(locale, texts, scores, block, confirm)
        content = packed(table, fit(table, everyone), block, confirm, name(table, everyone))
        proof[locale] = hashlib.sha256(content).hexdigest()
        print(f"{locale}: the clause of {right:.3f} of a stranger's violating texts is named rightly")
        print(f"{locale}: block {block}, confirm {confirm}, {len(content)} bytes")
        if not asked.measure:
            write_bytes(reader_folder() / f"{locale}.json", content)
    if not asked.measure:
        sources = sorted(CORPUS.glob("author*.jsonl"))
        read = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}
        write_bytes(reader_folder() / "proof.json", canonical_json({"sha256": proof, "corpus": read}) + b"\n")
        for file in ("ko.json", "en.json", "proof.json"):
            (reader_folder() / file).chmod(0o644)


if __name__ == "__main__":
    main()
