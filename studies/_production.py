"""Simulated production: decisions of a small bank as `Columns`, with changes of known size from a known day on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from agents.evidence import Columns, Frame, Grouping, Labelled, Reference, RequestDay
from agents.monitors import ShadowScores
from understudy.contracts.features import FeatureSchema
from understudy.contracts.watch import Evidence

__all__ = ["Change", "Production", "day_name"]

FIRST = date(2026, 1, 1)
FEATURES = 40
BINS = 10
MISSING = 0.02
FAMILIES = ("deposits", "investments", "lending", "payments")
PRODUCTS = 24
TASKS = ("buys", "next", "spend")
# What the families' products are offered with, before anybody is treated differently.
OFFERED = (0.5, 0.3, 0.4, 0.6)
GROUPS: dict[str, tuple[float, ...]] = {
    "age_group": (0.25, 0.3, 0.3, 0.15),
    "gender": (0.5, 0.5),
    "region_type": (0.5, 0.3, 0.2),
    "income_tier": (0.3, 0.4, 0.3),
    "life_stage": (0.2, 0.3, 0.3, 0.2),
}
Floats = NDArray[np.float64]


def day_name(number: int) -> str:
    """The date of day ``number``, from 0."""
    return (FIRST + timedelta(days=number)).isoformat()


@dataclass(frozen=True)
class Change:
    """What is different from some day on; the defaults are no change.

    Attributes:
        shift: Standard deviations by which three features move.
        missing: Further share of two features that goes missing.
        group_rate: Factor on the rate at which the first group of ``gender`` is offered investments.
        herd: Share of first ranks that one product takes over.
        calibration: Added to the scores of the binary task, outcomes staying what they were.
        concept: Share of outcomes that are drawn without regard to the score.
        disagreement: Share of rows on which the teacher's score is that of somebody else.
        ratio: Factor on the share that the review sample picks.
        errors: Share of requests that fail, beyond one in a thousand.
        slow: Share of requests that are slow, beyond one in five hundred.
        stale_hours: Added to the age of the features.
    """

    shift: float = 0.0
    missing: float = 0.0
    group_rate: float = 1.0
    herd: float = 0.0
    calibration: float = 0.0
    concept: float = 0.0
    disagreement: float = 0.0
    ratio: float = 1.0
    errors: float = 0.0
    slow: float = 0.0
    stale_hours: float = 0.0


@dataclass(frozen=True)
class Production:
    """A bank with ``rows`` decisions a day, each of another customer.

    Attributes:
        seed: Of everything.
        rows: Decisions a day.
        train_rows: Rows behind the reference bins, themselves a sample.
        labels: Share of decisions whose outcome becomes known, the day after.
        review_share: Designed share of the review sample.
    """

    seed: int
    rows: int = 2000
    train_rows: int = 12_000
    labels: float = 0.5
    review_share: float = 0.05
    version: str = "toy-000000000000"
    change: Mapping[int, Change] = field(default_factory=dict)
    _made: dict[int, Columns] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def frame(self) -> Frame:
        """Of a bundle with forty numeric features, five protected attributes and three tasks."""
        edges = np.asarray([NormalDist().inv_cdf(i / BINS) for i in range(1, BINS)])
        train = self._features(np.random.default_rng([self.seed, 1]), self.train_rows, Change())
        numeric = [{"name": f"f{i:02}", "kind": "numeric", "group": "plain", "tier": "plain"} for i in range(FEATURES)]
        empty = Reference(
            names=[one["name"] for one in numeric],
            rows=self.train_rows,
            shares=np.zeros((FEATURES, BINS + 1)),
            width=np.full(FEATURES, BINS + 1, dtype=np.int64),
            edges=[edges] * FEATURES,
        )
        return Frame(
            model_version=self.version,
            tasks=list(TASKS),
            types=["binary", "multiclass", "regression"],
            classes=[None, ["none", *FAMILIES], None],
            schema=FeatureSchema.model_validate({"version": "toy", "features": numeric}),
            reference=replace(empty, shares=empty.count(train) / self.train_rows),
            products=[f"product-{i}" for i in range(PRODUCTS)],
            families=[FAMILIES[i % len(FAMILIES)] for i in range(PRODUCTS)],
            family_tasks=dict.fromkeys(FAMILIES, "next"),
            groupings=[
                Grouping(attribute=name, field=name, names=[f"{name}-{i}" for i in range(len(shares))])
                for name, shares in GROUPS.items()
            ],
            utc_offset_hours=9.0,
            review_share=self.review_share,
            psi_sha256=hashlib.sha256(b"toy").hexdigest(),
        )

    def changed(self, number: int) -> Change:
        """The change in force on day ``number``."""
        begun = [start for start in self.change if start <= number]
        return self.change[max(begun)] if begun else Change()

    def columns(self, number: int) -> Columns:
        """The decisions of day ``number``; those of the last two days are remembered."""
        if number not in self._made:
            self._made[number] = self._columns(number)
            for old in [one for one in self._made if one < number - 1]:
                del self._made[old]
        return self._made[number]

    def _columns(self, number: int) -> Columns:
        change, n, frame = self.changed(number), self.rows, self.frame
        rng = np.random.default_rng([self.seed, 2, number])
        matrix = self._features(rng, n, change)
        protected = {name: rng.choice(len(shares), size=n, p=shares).astype(np.int8) for name, shares in GROUPS.items()}
        begin = datetime.combine(FIRST + timedelta(days=number), datetime.min.time(), UTC).timestamp()
        products, tiers = _offers(rng, n, protected["gender"], change)
        drawn = (tiers == 1).sum(axis=1).astype(np.int8)
        chance, classes = _chance(matrix), rng.integers(0, 1 + len(FAMILIES), n).astype(np.int16)
        shown = np.clip(chance + change.calibration, 0.001, 0.999)
        scores = np.column_stack([shown, np.full(n, 0.6), matrix[:, 0]])
        return Columns(
            day=day_name(number),
            request_ids=[f"{number}-{i}" for i in range(n)],
            at=begin + np.sort(rng.random(n)) * 86_400,
            writers=["function-1"],
            writer=np.zeros(n, dtype=np.int32),
            seq=np.arange(n, dtype=np.int64) + number * n + 1,
            model_versions=[self.version],
            model_version=np.zeros(n, dtype=np.int16),
            person=np.arange(n, dtype=np.uint64),
            first=np.ones(n, dtype=bool),
            tasks=frame.tasks,
            classes=frame.classes,
            layers=np.zeros((n, len(TASKS)), dtype=np.int8),
            scores=np.nan_to_num(scores).astype(np.float32),
            top_class=np.column_stack([np.full(n, -1), classes, np.full(n, -1)]).astype(np.int16),
            catalog=frame.products,
            families=frame.families,
            products=products,
            product_scores=np.where(products >= 0, 0.5, np.nan).astype(np.float32),
            tiers=tiers,
            drawn=drawn,
            picked=rng.binomial(drawn, min(1.0, self.review_share * change.ratio)).astype(np.int8),
            groups={grouping.attribute: grouping.names for grouping in frame.groupings},
            protected=protected,
            opted_out=np.zeros(n, dtype=bool),
            read_error=np.zeros(n, dtype=bool),
            as_of_age_hours=(rng.uniform(2, 18, n) + change.stale_hours).astype(np.float32),
            missing=np.isnan(matrix).sum(axis=1).astype(np.int16),
            has_features=np.ones(n, dtype=bool),
            feature_names=frame.schema.names,
            bins=frame.reference.count(matrix),
            bin_rows=n,
            kept=np.arange(n, dtype=np.int64),
            features=matrix.astype(np.float32),
            told=[],
            decisions=n,
        )

    def labelled(self, number: int) -> Labelled:
        """Outcomes of the decisions of the day before that become known on day ``number``."""
        columns, change = self.columns(number - 1), self.changed(number)
        rng = np.random.default_rng([self.seed, 3, number])
        known = rng.random(len(columns)) < self.labels
        chance = _chance(columns.features.astype(np.float64))
        chance = np.where(rng.random(len(columns)) < change.concept, rng.permutation(chance), chance)
        top = columns.top_class[:, 1]
        right = rng.random(len(columns)) < 0.6 * (1 - change.concept)
        value = np.nan_to_num(columns.features[:, 0]) + rng.normal(size=len(columns)) * (1 + 3 * change.concept)
        labels = np.column_stack([rng.random(len(columns)) < chance, np.where(right, top, (top + 1) % 5), value])
        labels = labels.astype(np.float64)
        labels[~known] = np.nan
        return Labelled(columns, labels, 0)

    def shadow(self, number: int, rows: int = 300) -> ShadowScores:
        """What the teacher says of the first ``rows`` decisions of day ``number``."""
        columns, change, rows = self.columns(number), self.changed(number), min(rows, self.rows)
        rng = np.random.default_rng([self.seed, 4, number])
        scores = columns.scores[:rows, 0].astype(np.float64)
        logit = np.log(scores / (1 - scores)) + rng.normal(0, 0.15, rows)
        teacher = 1 / (1 + np.exp(-logit))
        teacher = np.where(rng.random(rows) < change.disagreement, rng.permutation(teacher), teacher)
        evidence = [Evidence(kind="artefact", ref="shadow/fold0/teacher.onnx")]
        return ShadowScores(np.arange(rows), {"buys": teacher}, rows, evidence)

    def requests(self, number: int, a_day: int = 20_000) -> RequestDay:
        """The requests of day ``number``."""
        change, rng = self.changed(number), np.random.default_rng([self.seed, 5, number])
        hours = rng.multinomial(a_day, np.full(24, 1 / 24))
        faults, slow = (rng.binomial(hours, rate).tolist() for rate in (0.001 + change.errors, 0.002 + change.slow))
        return RequestDay(
            day_name(number),
            requests=a_day,
            latency_ms={"p50": 4.0, "p95": 9.0, "p99": 20.0},
            faults=sum(faults),
            refusals=0,
            read_failures=0,
            store_failures=0,
            audit_failures=0,
            gate_rejections=0,
            step_downs={},
            hours={"requests": hours.tolist(), "faults": faults, "slow": slow},
            source="simulated",
        )

    @staticmethod
    def _features(rng: np.random.Generator, n: int, change: Change) -> Floats:
        matrix = rng.normal(size=(n, FEATURES))
        matrix[:, :3] += change.shift
        gone = np.full(FEATURES, MISSING)
        gone[3:5] += change.missing
        matrix[rng.random(matrix.shape) < gone] = np.nan
        return matrix


def _chance(matrix: Floats) -> Floats:
    """The probability that a customer buys, which the score knows."""
    return np.asarray(1 / (1 + np.exp(1.2 - np.nan_to_num(matrix[:, 5]))))


def _offers(
    rng: np.random.Generator, n: int, gender: NDArray[np.int8], change: Change
) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """One product of each family that is offered, in random order; and review tiers."""
    rates = np.tile(np.asarray(OFFERED), (n, 1))
    rates[gender == 0, 1] *= change.group_rate
    offered = rng.random(rates.shape) < rates
    picks = rng.integers(0, PRODUCTS // len(FAMILIES), rates.shape) * len(FAMILIES) + np.arange(len(FAMILIES))
    order = np.argsort(np.where(offered, rng.random(rates.shape), 2.0), axis=1)
    products = np.take_along_axis(np.where(offered, picks, -1), order, axis=1)
    products[(rng.random(n) < change.herd) & (products[:, 0] >= 0), 0] = 0
    tiers = np.where(products >= 0, 1, 0)
    return products.astype(np.int16), tiers.astype(np.int8)
