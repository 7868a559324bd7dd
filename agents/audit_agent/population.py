"""What all decisions of a period show, day by day: who was offered what, what came first, who objected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.evidence import LAYERS, Columns, History
from agents.monitors.concentration import hhi
from agents.monitors.disparity import rates
from agents.monitors.group_counts import Cells, count, flattened
from understudy.atomic import canonical_json
from understudy.contracts.watch import Evidence, Measurement
from understudy.wilson import wilson

__all__ = ["Population", "accepted_cells", "recounted"]

NAMED = 20
LEAST = 30
ALLOWED = 0.8
MOST = 999.0  # a ratio that has no upper bound
MODELS = [LAYERS.index("distilled"), LAYERS.index("direct")]
Bools = NDArray[np.bool_]


class Population:
    """Sums over days; no customer is kept."""

    def __init__(self, period: str) -> None:
        self._period = period
        self._told: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._catalog: list[str] = []
        self._families: list[str] = []
        self._groups: Mapping[str, Sequence[str]] = {}
        self.cells: dict[str, Cells] = {}
        self.incomplete: set[str] = set()
        self._ignored: list[str] = []
        self._objected = 0
        self.days: dict[str, int] = {}
        self.decisions = self.opened = self.erased = self.unread = self.altered = 0
        self.versions: dict[str, int] = {}
        self.share = 1.0

    def take(self, columns: Columns) -> None:
        """Count one day."""
        self.days[columns.day] = columns.decisions
        self.share = min(self.share, columns.sample)
        self.decisions += columns.decisions
        self.opened += len(columns)
        self.erased += columns.erased
        self.unread += columns.unread
        self.altered += columns.altered
        if not len(columns):
            return
        for code, name in enumerate(columns.model_versions):
            seen = int((columns.model_version == code).sum())
            if seen:
                self.versions[name] = self.versions.get(name, 0) + seen
        self._catalog, self._groups = columns.catalog, columns.groups
        self._families = sorted(set(columns.families))
        told = columns.products[columns.products >= 0]
        self._told = self._told + np.bincount(told, minlength=len(columns.catalog))
        self._objections(columns)
        once = np.repeat(columns.first[:, None], len(self._families), axis=1)
        self.cells[columns.day] = count(columns, _offered(columns, self._families), once)
        if columns.erased or columns.unread or columns.sample < 1:
            self.incomplete.add(columns.day)

    def _objections(self, columns: Columns) -> None:
        objected = columns.opted_out | columns.read_error
        self._objected += int(objected.sum())
        asked = np.isin(columns.layers, MODELS).any(axis=1)
        for row in np.flatnonzero(objected & asked).tolist():
            self._ignored.append(f"{columns.writers[int(columns.writer[row])]}/{int(columns.seq[row])}")

    def measurements(self, accepted: Sequence[Cells] = ()) -> list[Measurement]:
        """``herding``, ``fairness_ratio_min`` and ``data_protection_violations`` of the period.

        ``accepted``: the counts of the model's first days. A disparity that was there then is marked as inherited.
        """
        if not self.opened:
            names = ("herding", "fairness_ratio_min", "data_protection_violations")
            why = "no decision of the period could be opened"
            return [Measurement(name=name, period=self._period, value=None, why=why) for name in names]
        return [self._herding(), self._fairness(accepted), self._objecting()]

    def _herding(self) -> Measurement:
        """The Herfindahl index of the products recommended, H, on the scale on which an even spread is 0:
        (H - 1/P) / (1 - 1/P) with P products. As it stands, H says of a small catalog that it always herds."""
        total = int(self._told.sum())
        if not total:
            why = "nothing was recommended"
            return Measurement(name="herding", period=self._period, value=None, why=why)
        shares = self._told / total
        order = np.argsort(-self._told, kind="stable")[:5]
        return Measurement(
            name="herding",
            period=self._period,
            value=_normalised(float(hhi(shares)), len(shares)),
            n=total,
            detail={"most": {self._catalog[i]: round(float(shares[i]), 4) for i in order.tolist()}},
            evidence=self._evidence(),
        )

    def _fairness(self, accepted: Sequence[Cells]) -> Measurement:
        """The group whose chance of being offered a family is the smallest part of the others', over the period."""
        name = "fairness_ratio_min"
        if not self._groups:
            why = "the bundle names no protected attribute"
            return Measurement(name=name, period=self._period, value=None, why=why)
        comparisons, daily = flattened(list(self.cells.values()), self._groups, self._families)
        _, first = flattened(list(accepted), self._groups, self._families)
        before = rates(first.sum(axis=0), "di", LEAST).value
        counts = daily.sum(axis=0)
        found = rates(counts, "di", LEAST)
        known = np.flatnonzero(found.enough & np.asarray([not one.crossed for one in comparisons]))
        if not len(known):
            why = f"no two groups of at least {LEAST} persons"
            return Measurement(name=name, period=self._period, value=None, why=why)
        order = known[np.argsort(found.value[known], kind="stable")]
        rows = []
        for i in order[:NAMED].tolist():
            low, high = _ratio_interval(counts[i])
            one = comparisons[i]
            rows.append(
                {
                    "attribute": one.attribute,
                    "group": one.group,
                    "family": one.decision,
                    "value": round(float(found.value[i]), 4),
                    "low": round(low, 4),
                    "high": round(high, 4),
                    "n": int(counts[i][1]),
                    "inherited": bool(before[i] < ALLOWED),
                }
            )
        off = [row for row in rows if row["high"] < ALLOWED]
        worst = next((row for row in off if not row["inherited"]), rows[0])
        rows.sort(key=lambda row: row is not worst)
        return Measurement(
            name=name,
            period=self._period,
            value=worst["value"],
            low=worst["low"],
            high=worst["high"],
            n=worst["n"],
            interval="95 %, from Wilson intervals of both rates",
            detail={
                "groups": rows,
                "compared": len(known),
                "inherited": bool(off) and all(row["inherited"] for row in off),
            },
            evidence=self._evidence(),
        )

    def _objecting(self) -> Measurement:
        evidence = [Evidence(kind="audit", ref=place) for place in self._ignored[:NAMED]]
        return Measurement(
            name="data_protection_violations",
            period=self._period,
            value=float(len(self._ignored)),
            n=self.opened,
            unit="decisions",
            detail={
                "objected": self._objected,
                "entries": self._ignored[:NAMED],
                "erased": self.erased,
                "share of decisions looked at": self.share,
            },
            evidence=evidence or self._evidence(),
        )

    def _evidence(self) -> list[Evidence]:
        days = sorted(day for day, found in self.days.items() if found)
        return [Evidence(kind="audit", ref=f"model_inference entries of {days[0]} to {days[-1]}")]


def _offered(columns: Columns, families: Sequence[str]) -> Bools:
    """``[n, families]`` whether a product of the family is among the recommendations."""
    code = np.asarray([*(families.index(name) for name in columns.families), -1])
    offered = code[columns.products]  # -1 is the last entry: no product
    return np.stack([(offered == index).any(axis=1) for index in range(len(families))], axis=1)


def _normalised(index: float, products: int) -> float:
    return (index - 1 / products) / (1 - 1 / products) if products > 1 else 0.0


def _ratio_interval(counts: NDArray[np.float64]) -> tuple[float, float]:
    """From the rates' Wilson intervals by the method of variance estimates recovery (Donner and Zou, 2012)."""
    yes, of, rest_yes, rest_of = (float(value) for value in counts)
    p, q = yes / of, rest_yes / rest_of
    (p_low, p_high), (q_low, q_high) = wilson(p, int(of)), wilson(q, int(rest_of))
    if q == 0:
        return 0.0, MOST
    return _recovered(p, q, p_low, q_high, -1), _recovered(p, q, p_high, q_low, 1)


def _recovered(p: float, q: float, p_bound: float, q_bound: float, side: int) -> float:
    spread = (p * q) ** 2 - p_bound * q_bound * (2 * p - p_bound) * (2 * q - q_bound)
    return (p * q + side * max(0.0, spread) ** 0.5) / (q_bound * (2 * q - q_bound)) if q_bound > 0 else MOST


def recounted(period: str, population: Population, history: History) -> Measurement:
    """``recounted_alike``: the share of the days on which the monitors' stored counts are those of the log.

    Days on which a customer's key was destroyed since are left out (fewer decisions can be counted now, rightly), and
    days of which only a share was read.
    """
    compared, other = 0, []
    for day, cells in sorted(population.cells.items()):
        state = history.state("offers", day) or {}
        kept = next((one["cells"] for one in state.get("days", []) if one["day"] == day), None)
        if kept is None or day in population.incomplete:
            continue
        compared += 1
        if canonical_json(kept) != canonical_json(cells):
            other.append(day)
    if not compared:
        why = "no night of the period kept counts that can be taken again"
        return Measurement(name="recounted_alike", period=period, value=None, why=why)
    return Measurement(
        name="recounted_alike",
        period=period,
        value=1 - len(other) / compared,
        n=compared,
        unit="share of days",
        detail={"other": other},
        evidence=[
            Evidence(kind="store", ref=f"state/offers/{day}.json") for day in (other or sorted(population.cells))
        ],
    )


def accepted_cells(history: History, days: Sequence[str], model_version: str) -> list[Cells]:
    """Counts of the model's first days, as the monitors kept them on the latest of ``days`` that has any."""
    for day in reversed(days):
        state = history.state("offers", day)
        if state is not None and state.get("model_version") == model_version:
            return [one["cells"] for one in state.get("first", [])]
    return []
