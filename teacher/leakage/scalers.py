"""Columns that arrive scaled must not have been scaled by all rows: the test rows would have had a say in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.tables import columns_of
from understudy.contracts.features import FeatureSchema

__all__ = ["check_scalers"]

_FEWEST = 200
_LOOK = 20_000
# In units of the statistic's own standard error: an honest column scaled elsewhere comes so close to both once in 10^4.
# Where many columns are nearly scaled, each must come closer, so that one honest table in a thousand is refused.
_EXACT, _EXACT_OF_MANY = 0.01, 0.015

Numbers = NDArray[np.float64]


def check_scalers(
    schema: FeatureSchema, features: Numbers, split: NDArray[np.int8], population: Mapping[str, Numbers]
) -> Check:
    """Find columns that are scaled exactly by a set of rows that holds more than the training rows.

    Exactly: mean 0 and spread 1 (standard scaling), median 0 and interquartile range 1 (robust), 0 and 1 each taken by
    one row (min-max), or evenly spaced ranks, also as normal scores (quantile transform). Sets: all rows of the file,
    the rows of the three splits, training with validation, training with test. A column that is scaled exactly by the
    training rows passes, and so does one scaled by other people's rows, which is exact on none of these.

    Args:
        population: numeric column -> all rows of the file, before sampling and splitting.
    """
    evidence = []
    numeric = [index for index, feature in enumerate(schema.features) if feature.kind == "numeric"]
    look = features[:: max(1, len(features) // _LOOK)]
    likely = [_nearly(_known(values)) for values in columns_of(look, numeric)]
    bounds = {name: min(_EXACT, _EXACT_OF_MANY / np.sqrt(max(1, sum(name in n for n in likely)))) for name in _SCALINGS}
    for index, near, values in zip(numeric, likely, columns_of(features, numeric), strict=True):
        name = schema.features[index].name
        for scaling, (_, exact) in _SCALINGS.items():
            found = ""
            if scaling in near:
                holds = partial(exact, bound=bounds[scaling])
                found = _scaled_by(holds, values, split, population.get(name, values))
            evidence.append(Evidence("scaled by other rows", float(bool(found)), 1.0, [name], detail=scaling + found))
    return check_of(
        "scalers",
        "Was a column scaled by rows outside the training split?",
        "Hand over the column as it was measured (it is scaled on training rows here), or fit the scaler on them.",
        evidence,
    )


def _nearly(look: Numbers) -> set[str]:
    """The scalings that a look at some rows does not rule out."""
    return {name for name, (near, _) in _SCALINGS.items() if len(look) >= _FEWEST and near(look)}


def _scaled_by(exact: Callable[[Numbers], bool], values: Numbers, split: NDArray[np.int8], everybody: Numbers) -> str:
    """ " by <rows>" for the first set of rows that scales exactly, if the training rows do not; else ""."""
    sets: dict[str, Callable[[], Numbers]] = {
        "all rows of the file": lambda: everybody,
        "the rows of the three splits": lambda: values,
        "train and valid": lambda: values[split < 2],
        "train and test": lambda: values[split != 1],
    }
    for name, rows in sets.items():
        if _holds(exact, rows()):
            return "" if _holds(exact, values[split == 0]) else f" by {name}"
    return ""


def _holds(exact: Callable[[Numbers], bool], values: Numbers) -> bool:
    known = _known(values)
    return len(known) >= _FEWEST and exact(known)


def _known(values: Numbers) -> Numbers:
    return values[~np.isnan(values)]


def _standard(values: Numbers, *, bound: float) -> bool:
    root = np.sqrt(len(values))
    return bool(abs(values.mean()) * root < bound and abs(values.std() - 1) * root < bound)


def _nearly_standard(values: Numbers) -> bool:
    return bool(abs(values.mean()) < 0.2 and abs(values.std() - 1) < 0.3)


def _robust(values: Numbers, *, bound: float) -> bool:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    root = np.sqrt(len(values))
    whole = (values == np.round(values)).mean() > 0.5  # counts have round quartiles by nature
    return bool(not whole and abs(middle) * root < bound and abs(high - low - 1) * root < bound)


def _nearly_robust(values: Numbers) -> bool:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return bool(abs(middle) < 0.1 and abs(high - low - 1) < 0.2)


def _min_max(values: Numbers, *, bound: float) -> bool:
    del bound  # one row each at 0 and at 1 is as exact as it can be
    return bool(values.min() == 0 and values.max() == 1 and (values == 0).sum() == 1 and (values == 1).sum() == 1)


def _nearly_min_max(values: Numbers) -> bool:
    inside = values.min() >= 0 and values.max() <= 1
    return bool(inside and len(np.unique(values)) > 0.5 * len(values))


def _ranked(values: Numbers, *, bound: float) -> bool:
    """The ordered values lie within two ranks of an even grid, where chance leaves them some ``0.9 sqrt(n)`` away."""
    del bound  # ties of the grid are counted in whole ranks
    shares = values if values.min() >= 0 else ndtr(values)
    if abs(shares.mean() - 0.5) * len(values) > 2.0:  # so much cheaper than to sort, and most columns end here
        return False
    places = np.sort(shares) * len(values)
    return bool(np.abs(places - np.arange(0.5, len(values))).max() < 2.0)


def _nearly_ranked(values: Numbers) -> bool:
    places = np.sort(values if values.min() >= 0 else ndtr(values))
    return bool(places[-1] <= 1 and np.abs(places - np.linspace(0, 1, len(places))).max() < 0.1)


class _Exact(Protocol):
    def __call__(self, values: Numbers, /, *, bound: float) -> bool: ...


_SCALINGS: dict[str, tuple[Callable[[Numbers], bool], _Exact]] = {
    "mean 0 and spread 1": (_nearly_standard, _standard),
    "median 0 and interquartile range 1": (_nearly_robust, _robust),
    "from 0 to 1": (_nearly_min_max, _min_max),
    "evenly spaced ranks": (_nearly_ranked, _ranked),
}
