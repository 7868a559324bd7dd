"""What passes today and will not next week."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import median

from agents.ops_agent.causes import load_causes
from agents.ops_agent.found import Found
from agents.ops_agent.wording import number
from understudy.contracts.watch import Evidence, ItemResult

__all__ = ["DAYS", "slope_and_tau", "trends"]

DAYS = 14
FEWEST = 7
STEADY = 0.8
AHEAD = 7.0

Series = Callable[[str], Sequence[tuple[str, float]]]


def trends(results: Sequence[ItemResult], series: Series) -> list[Found]:
    """Items that pass, and will reach their failing bound within a week at the pace of the last fortnight.

    The pace is the median slope over all pairs of days (Theil 1950, Sen 1968); it counts only where it is steady:
    Kendall's tau of at least .8 over at least seven days.
    """
    found = []
    for result in results:
        item, value = result.item, result.measurement.value
        if result.status != "PASS" or item.fail is None or item.direction not in ("above", "below") or value is None:
            continue
        points = [*series(item.measurement), (result.measurement.period, value)]
        slope, tau = slope_and_tau([point for _, point in points])
        sign = 1 if item.direction == "above" else -1
        if len(points) < FEWEST or sign * tau < STEADY or sign * slope <= 0:
            continue
        days = (item.fail - value) / slope
        if days <= AHEAD:
            found.append(_found(result, points, days))
    return found


def slope_and_tau(values: Sequence[float]) -> tuple[float, float]:
    """Median slope a day, and Kendall's tau with time, of values one a day."""
    pairs = [(j - i, values[j] - values[i]) for i, j in combinations(range(len(values)), 2)]
    if not pairs:
        return 0.0, 0.0
    rises = sum((rise > 0) - (rise < 0) for _, rise in pairs)
    return median(rise / days for days, rise in pairs), rises / len(pairs)


def _found(result: ItemResult, points: Sequence[tuple[str, float]], days: float) -> Found:
    item, cause = result.item, load_causes()[result.item.measurement]
    return Found(
        id=f"trend:{item.measurement}",
        severity="minor",
        title=f"{item.title}: from {number(points[0][1])} to {number(points[-1][1])} since {points[0][0]}; "
        f"at this pace it fails in {max(days, 1):.0f} days",
        cause=cause.cause,
        action=cause.action,
        checkpoint=cause.checkpoint,
        failed=False,
        evidence=[Evidence(kind="metric", ref=f"{item.measurement} of {day}") for day, _ in points],
        items=(item.id,),
    )
