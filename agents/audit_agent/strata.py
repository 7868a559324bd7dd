"""Draw recommendations to look at: 27 strata, more of the vulnerable and of the uncertain, and nobody can choose which.

Strata: age of the customer (youngest group, between, oldest or unknown) x risk of the product (1-2, 3, 4 and over or
unknown) x who spoke for its main task (distilled student, direct student, rules or a person).

Within a stratum the k recommendations with the smallest keys are drawn, key = -ln(u) / w with w = 2 for a customer of
the smallest known group of any protected attribute, times 3 for a score from .6 to .8. ``u`` is made from the request
id, the rank and a seed that did not exist when the decision was made, so that a writer cannot place decisions outside
of the sample. Given the (k+1)-th key T of the stratum, each is drawn with probability 1 - exp(-w T); weighting by the
inverse of it makes estimates of the whole unbiased (bottom-k sketches: Cohen and Kaplan, VLDB 2007).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.evidence import LAYERS, Columns
from understudy.contracts.catalog import Catalog

__all__ = ["STRATA", "Pick", "Sampler", "weighted_mean"]

AGES = ("youngest", "middle", "oldest or unknown")
RISKS = ("risk 1-2", "risk 3", "risk 4-5 or unknown")
SPEAKERS = ("distilled", "direct", "rules or person")
STRATA = [f"{age}, {risk}, {speaker}" for age in AGES for risk in RISKS for speaker in SPEAKERS]
PROTECTED_WEIGHT = 2.0
BORDERLINE_WEIGHT = 3.0
BORDERLINE = (0.6, 0.8)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pick:
    """One recommendation that was drawn. ``probability`` is that of drawing it."""

    day: str
    writer: str
    seq: int
    rank: int
    stratum: str
    protected: bool
    borderline: bool
    probability: float = 1.0

    @property
    def place(self) -> str:
        """Where the decision stands in the log."""
        return f"{self.writer}/{self.seq}"


@dataclass(frozen=True)
class _Candidate:
    key: float
    weight: float
    pick: Pick


class Sampler:
    """Takes days, and keeps the smallest keys of each stratum."""

    def __init__(self, catalog: Catalog, seed: str, quota: int) -> None:
        """``quota``: how many of each stratum."""
        self._seed = seed
        self._quota = quota
        self._risk = np.asarray([_risk_band(product.risk_level) for product in catalog.products])
        self._main = [product.drivers[0].task for product in catalog.products]
        self._kept: list[list[_Candidate]] = [[] for _ in STRATA]
        self.population: list[int] = [0] * len(STRATA)

    def take(self, columns: Columns) -> None:
        """Look at the recommendations of one day."""
        rows, ranks = np.nonzero(columns.products >= 0)
        if not len(rows):
            return
        products = columns.products[rows, ranks].astype(np.int64)
        scores = columns.product_scores[rows, ranks]
        strata = 9 * _age_band(columns)[rows] + 3 * self._risk[products] + self._speakers(columns, rows, products)
        protected = _smallest_groups(columns)[rows]
        borderline = (scores >= BORDERLINE[0]) & (scores <= BORDERLINE[1])
        weight = np.where(protected, PROTECTED_WEIGHT, 1.0) * np.where(borderline, BORDERLINE_WEIGHT, 1.0)
        key = -np.log(self._uniform(columns, rows, ranks)) / weight
        for stratum in np.unique(strata).tolist():
            members = np.flatnonzero(strata == stratum)
            self.population[stratum] += len(members)
            first = members[np.argsort(key[members], kind="stable")[: self._quota + 1]]
            self._kept[stratum] += [
                _Candidate(
                    float(key[i]),
                    float(weight[i]),
                    Pick(
                        day=columns.day,
                        writer=columns.writers[int(columns.writer[rows[i]])],
                        seq=int(columns.seq[rows[i]]),
                        rank=int(ranks[i]) + 1,
                        stratum=STRATA[stratum],
                        protected=bool(protected[i]),
                        borderline=bool(borderline[i]),
                    ),
                )
                for i in first.tolist()
            ]
            self._kept[stratum].sort(key=lambda one: (one.key, one.pick.place, one.pick.rank))
            del self._kept[stratum][self._quota + 1 :]

    def picks(self) -> list[Pick]:
        """What was drawn, stratum by stratum, with its probability."""
        found = []
        for kept in self._kept:
            limit = kept[self._quota].key if len(kept) > self._quota else math.inf
            for one in kept[: self._quota]:
                drawn = -math.expm1(-one.weight * limit)
                found.append(Pick(**{**vars(one.pick), "probability": drawn}))
        return found

    def _speakers(self, columns: Columns, rows: Ints, products: Ints) -> Ints:
        place = {name: index for index, name in enumerate(columns.tasks)}
        task = np.asarray([place.get(name, -1) for name in self._main])[products]
        layer = np.where(task >= 0, columns.layers[rows, task], LAYERS.index("rules"))
        return np.where((layer == 0) | (layer == 1), layer, 2).astype(np.int64)

    def _uniform(self, columns: Columns, rows: Ints, ranks: Ints) -> Floats:
        """Numbers in (0, 1) that the seed, the request and the rank determine."""
        base = hashlib.sha256(f"understudy/audit-sample\n{self._seed}\n".encode())
        hashes = np.empty(len(columns), dtype=np.uint64)
        for index, request_id in enumerate(columns.request_ids):
            one = base.copy()
            one.update(request_id.encode())
            hashes[index] = int.from_bytes(one.digest()[:8], "big")
        mixed = _mixed(hashes[rows] + (ranks.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
        return (mixed.astype(np.float64) + 0.5) / 2.0**64


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _risk_band(level: int | None) -> int:
    return 2 if level is None or level >= 4 else 1 if level == 3 else 0


def _age_band(columns: Columns) -> Ints:
    """``[n]``: first group of the age attribute, those between, last or unknown; all between where there is none."""
    name = next((name for name in sorted(columns.groups) if name.startswith("age")), None)
    if name is None:
        return np.ones(len(columns), dtype=np.int64)
    codes, last = columns.protected[name].astype(np.int64), len(columns.groups[name]) - 1
    return np.where((codes < 0) | (codes == last), 2, np.where(codes == 0, 0, 1))


def _smallest_groups(columns: Columns) -> NDArray[np.bool_]:
    """``[n]``: whether the customer belongs to the smallest group, of those seen that day, of any attribute."""
    found = np.zeros(len(columns), dtype=np.bool_)
    for name, groups in columns.groups.items():
        codes = columns.protected[name]
        counts = np.bincount(codes[codes >= 0], minlength=len(groups))
        seen = np.flatnonzero(counts)
        if len(seen) > 1:
            found |= codes == seen[np.argmin(counts[seen])]
    return found


def weighted_mean(values: Sequence[float], picks: Sequence[Pick]) -> tuple[float, float, float]:
    """The mean over all recommendations, estimated from those drawn (Hajek), with a 95 % interval by linearisation."""
    weights = np.asarray([1 / pick.probability for pick in picks])
    array = np.asarray(values, dtype=np.float64)
    mean = float((weights * array).sum() / weights.sum())
    spread = (1 - 1 / weights) * (weights * (array - mean)) ** 2
    error = 1.959964 * math.sqrt(float(spread.sum())) / float(weights.sum())
    return mean, mean - error, mean + error
