"""The study of the monitors as tables: how soon they see a change, how often one that is not there.

The figures are those of ``python -m studies.monitors``, which gathers them.
"""

from __future__ import annotations

import math
import statistics
from typing import Any

__all__ = ["published", "published_alarms"]

RULES = (
    "drift",
    "fairness",
    "calibration",
    "concept",
    "fidelity",
    "sample_ratio",
    "concentration",
    "staleness",
    "slo",
    "retrain",
)


def published(figures: dict[str, Any]) -> list[str]:
    """Nights until a change is confirmed, by kind and size."""
    lines = ["| change | size | seen | nights, median | least | most |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for found in sorted(figures["delays"].values(), key=lambda one: (one["title"], one["size"])):
        nights = [night for night in found["nights"].values() if night is not None]
        seen = f"{len(nights)} of {len(found['nights'])}"
        spread = [f"{statistics.median(nights):g}", str(min(nights)), str(max(nights))] if nights else ["-"] * 3
        lines.append(f"| {found['title']} | {found['size']:g} | {seen} | {' | '.join(spread)} |")
    early = sum(found["early"] for found in figures["delays"].values())
    note = (
        f"{figures['rows']} persons a day; night 1 is that of the day on which the change began; missed after "
        f"{figures['patience']} nights. Alarms in the ten days before a change: {early}."
    )
    return [*lines, "", note]


def published_alarms(figures: dict[str, Any]) -> list[str]:
    """Confirmed breaches in years without a change, by rule."""
    years = list(figures["years"].values())
    if not years:
        return ["No year has been run."]
    lines = ["| rule | false alarms | a year | 95 % interval |", "| --- | ---: | ---: | ---: |"]
    length = sum(year["days"] for year in years) / 365
    for rule in RULES:
        count = sum(n for name, n in _alarms(years) if name.startswith(rule))
        low, high = _poisson(count)
        lines.append(f"| {rule} | {count} | {count / length:.2f} | {low / length:.2f}-{high / length:.2f} |")
    total = sum(n for _, n in _alarms(years))
    low, high = _poisson(total)
    lines.append(f"| all | {total} | {total / length:.2f} | {low / length:.2f}-{high / length:.2f} |")
    return [*lines, "", f"{len(years)} years of {figures['rows']} persons a day (seeds {', '.join(figures['years'])})."]


def _alarms(years: list[Any]) -> list[tuple[str, int]]:
    return [(name, n) for year in years for name, n in year["alarms"].items()]


def _poisson(count: int) -> tuple[float, float]:
    """Exact 95 % interval of a Poisson mean (Garwood 1936), by bisection."""

    def cumulative(mean: float, most: int) -> float:
        return sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(most + 1))

    def solved(most: int, share: float) -> float:
        low, high = 1e-9, 10.0 * (count + 5)
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if cumulative(middle, most) > share else (low, middle)
        return low

    return (0.0 if count == 0 else solved(count - 1, 0.975)), solved(count, 0.025)
