"""Time several contenders by turns, so that a busy moment of the machine strikes all of them."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

__all__ = ["interleaved", "percentile", "ratios"]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least ``share`` of them do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def interleaved(
    contenders: Mapping[str, Callable[[int], Any]],
    *,
    rounds: int,
    calls: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, dict[str, float]]:
    """Milliseconds per call of each contender, by ``clock`` (`time.process_time`: of the processor).

    In each round every contender makes ``calls`` calls (with 0, 1, 2, ... as argument), in an order that rotates; the
    round's figure is the median of its calls. Returned are the median over rounds, and the lowest and highest round.
    """
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for contender in contenders.values():
        contender(0)
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            gc.collect()
            figures[name].append(_round(contenders[name], calls, clock))
    return {name: {"ms": median(f), "low": min(f), "high": max(f)} for name, f in figures.items()}


def _round(call: Callable[[int], Any], calls: int, clock: Callable[[], float]) -> float:
    times = []
    for number in range(calls):
        start = clock()
        call(number)
        times.append((clock() - start) * 1e3)
    return median(times)


def ratios(figures: Mapping[str, Mapping[str, float]], to: str) -> dict[str, float]:
    """Each contender's time as a multiple of that of ``to``."""
    return {name: figure["ms"] / figures[to]["ms"] for name, figure in figures.items()}
