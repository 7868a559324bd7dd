"""Do recommendations herd on few products?

With s the shares of the recommendations that each of the P products of the catalog got:

- *HHI* (Herfindahl and Hirschman) = sum of s^2, between 1/P and 1;
- *top share* = what the ceil(P / 10) most recommended products got;
- *entropy of the next best action* = -sum r ln r / ln P, with r the shares of the first rank; 1: all alike, 0: always
  the same product.

Intervals are percentiles of 400 multinomial draws with the observed shares (seeded), 95 %.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
from numpy.typing import NDArray

from agents.monitors.day import Breach, Found, MonitorDay, measured, unknown
from understudy.contracts.watch import Measurement

__all__ = ["entropy", "hhi", "top_share", "watch_concentration"]

Floats = NDArray[np.float64]
NAMES = ("herding_hhi", "concentration_top10", "nba_entropy")
DRAWS = 400


def hhi(shares: Floats) -> Floats:
    """Over the last axis."""
    return np.asarray((shares**2).sum(-1))


def top_share(shares: Floats) -> Floats:
    """Over the last axis."""
    most = ceil(shares.shape[-1] / 10)
    return np.asarray(np.sort(shares, axis=-1)[..., -most:].sum(-1))


def entropy(shares: Floats) -> Floats:
    """Over the last axis; 0 where there is one product only."""
    if shares.shape[-1] == 1:
        return np.zeros(shares.shape[:-1])
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return np.asarray(-(shares * logs).sum(-1) / np.log(shares.shape[-1]))


def watch_concentration(day: MonitorDay) -> Found:
    """HHI, top share and entropy of the day's recommendations, withheld ones included."""
    found = day.decisions(day.config.fewest_decisions)
    if isinstance(found, str):
        return Found([unknown(day, name, found) for name in NAMES])
    products = len(found.catalog)
    every = found.products[found.products >= 0]
    first = found.products[:, 0] if found.products.shape[1] else every
    counts = np.bincount(every, minlength=products), np.bincount(first[first >= 0], minlength=products)
    if not counts[0].sum():
        return Found([unknown(day, name, "nothing was recommended") for name in NAMES])
    names = {found.catalog[i]: int(counts[0][i]) for i in np.argsort(-counts[0], kind="stable")[:5]}
    results = [
        _measured(day, name, statistic, counts[which], names)
        for name, statistic, which in zip(NAMES, (hhi, top_share, entropy), (0, 0, 1), strict=True)
    ]
    config = day.config
    limits = (config.hhi_critical, config.top_share_critical, config.entropy_critical)
    breaches = []
    for result, limit in zip(results, limits, strict=True):
        beyond = result.high if result.name == "nba_entropy" else result.low
        if beyond is not None and (beyond <= limit if result.name == "nba_entropy" else beyond >= limit):
            breaches.append(_breach(day, result, next(iter(names))))
    return Found(results, breaches)


def _measured(
    day: MonitorDay,
    name: str,
    statistic: Callable[[Floats], Floats],
    counts: NDArray[np.int64],
    most: dict[str, int],
) -> Measurement:
    total = int(counts.sum())
    draws = np.random.default_rng(17).multinomial(total, counts / total, size=DRAWS) / total
    low, high = np.percentile(statistic(draws), (2.5, 97.5))
    value = float(statistic(counts / total))
    return measured(day, name, value, low=float(low), high=float(high), n=total, detail={"most": most})


def _breach(day: MonitorDay, result: Measurement, product: str) -> Breach:
    return Breach(
        rule="concentration",
        measurement=result.name,
        severity="major",
        title=f"recommendations herd on few products, {product} above all ({result.name} {result.value:.2f})",
        cause="a score that ranks many products has collapsed, or the catalog's weights have changed",
        since=day.day,
        evidence=result.evidence,
        target=f"product:{product}",
    )
