"""Is any group treated worse than at the start, and worse than allowed?

For one group against all others, with p and q their rates of yes: DI = p / q, SPD = p - q; EOD is SPD among those whose
outcome was yes. The null hypothesis is that the measure lies within its bound **or** within what it was in the first
days of the model, widened by that baseline's 99 % interval and a margin: groups differ, a disparity that was there when
the model was accepted is reported as inherited, and a person decides. Against it stands the e-detector of
`agents.monitors.detector` on the two-rate mixture of `agents.monitors.mixtures`, over all groups at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agents.monitors.config import MonitorConfig
from agents.monitors.detector import Detection, detect
from agents.monitors.mixtures import Prior, log_e_two_rates, two_rate_interval

__all__ = ["Measure", "Rates", "intervals", "rates", "scan"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Measure = Literal["di", "spd", "eod"]
Z99 = 2.575829
LEVEL = 0.05
# What a group's own rate will be after a change is hardly known; that of all others stays near to what it was.
OWN_PRIOR = 10.0
REST_PRIOR = 300.0


@dataclass(frozen=True)
class Rates:
    """Per comparison: the measure and what it rests on.

    Attributes:
        value: DI, SPD or EOD; NaN where there are too few rows.
        rows: In the group.
        enough: Where both sides have enough rows (for DI also enough expected yeses).
    """

    value: Floats
    rows: Floats
    enough: Bools


def rates(counts: Floats, measure: Measure, least: int) -> Rates:
    """The measure of summed ``counts`` (``[comparisons, 4]``). Half a yes in one row keeps a rate of nothing finite."""
    yes, of, rest_yes, rest_of = counts.T
    p, q = (yes + 0.5) / (of + 1), (rest_yes + 0.5) / (rest_of + 1)
    enough = np.minimum(of, rest_of) >= least
    if measure == "di":
        overall = (yes + rest_yes) / np.maximum(of + rest_of, 1)
        enough &= np.minimum(of, rest_of) * overall >= least
    value = p / q if measure == "di" else p - q
    return Rates(np.where(enough, value, np.nan), of, np.asarray(enough))


def scan(
    daily: Floats, baseline: Floats, measure: Measure, config: MonitorConfig
) -> tuple[Detection, Floats, tuple[Floats, Floats]]:
    """Look for a change in every comparison.

    Args:
        daily: ``[days, comparisons, 4]`` of the last days, today last.
        baseline: ``[comparisons, 4]`` sums of the first days; a comparison without enough of them is not tested.
        measure: Which.
        config: Bounds, margin and least rows.

    Returns:
        The detection (ln R is -inf where nothing is tested), the baseline's measure (NaN where there is none), and the
        bounds of the null.
    """
    before = rates(baseline, measure, config.fairness_min_rows)
    low, high = _bounds(baseline, before, measure, config)
    scale: Literal["difference", "ratio"] = "ratio" if measure == "di" else "difference"
    tested = np.flatnonzero(before.enough)
    log_r, start = np.full(daily.shape[1], -np.inf), np.zeros(daily.shape[1], dtype=np.int64)
    if len(tested):
        bounds = (low[tested], high[tested])
        yes, of, rest_yes, rest_of = baseline[tested].T
        priors = (_prior(yes, of, OWN_PRIOR), _prior(rest_yes, rest_of, REST_PRIOR))

        def log_e(since: Floats) -> Floats:
            own, rest = (since[..., 0], since[..., 1]), (since[..., 2], since[..., 3])
            return log_e_two_rates(own, rest, bounds, scale, priors)

        found = detect(daily[:, tested], log_e)
        log_r[tested], start[tested] = found.log_r, found.start
    return Detection(log_r, start), before.value, (low, high)


def _prior(yes: Floats, of: Floats, rows: float) -> Prior:
    """Beta(1/2, 1/2) and the first days, as if they had been at most so many rows."""
    scale = np.minimum(1.0, rows / np.maximum(of, 1))
    return 0.5 + yes * scale, 0.5 + (of - yes) * scale


def _bounds(baseline: Floats, before: Rates, measure: Measure, config: MonitorConfig) -> tuple[Floats, Floats]:
    yes, of, rest_yes, rest_of = baseline.T
    p, q = (yes + 0.5) / (of + 1), (rest_yes + 0.5) / (rest_of + 1)
    value = np.nan_to_num(before.value, nan=1.0 if measure == "di" else 0.0)
    if measure == "di":
        error = np.sqrt((1 - p) / (yes + 0.5) + (1 - q) / (rest_yes + 0.5))
        worse = Z99 * error - np.log1p(-config.fairness_margin)
        low = np.minimum(config.fairness_di, value * np.exp(-worse))
        return low, np.maximum(1 / config.fairness_di, value * np.exp(worse))
    bound = config.fairness_spd if measure == "spd" else config.fairness_eod
    worse = Z99 * np.sqrt(p * (1 - p) / (of + 1) + q * (1 - q) / (rest_of + 1)) + config.fairness_margin
    return np.minimum(-bound, value - worse), np.maximum(bound, value + worse)


def intervals(counts: Floats, measure: Measure, looks: int) -> tuple[Floats, Floats]:
    """Per comparison what the mixture does not refute at 5 % over ``looks`` beginnings (Bonferroni)."""
    scale: Literal["difference", "ratio"] = "ratio" if measure == "di" else "difference"
    return two_rate_interval((counts[:, 0], counts[:, 1]), (counts[:, 2], counts[:, 3]), LEVEL / looks, scale)
