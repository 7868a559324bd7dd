"""Group counts equal the loops that define them, in the sample and in replicates."""

from __future__ import annotations

import numpy as np

from distill.gates._disparity import count_groups
from distill.metrics import Resampler

RNG = np.random.default_rng(0)
N = 120
GROUPS = RNG.choice(["a", "b", "c", ""], N)
SAID = RNG.random((N, 2)) < 0.4
TRUE = RNG.random((N, 2)) < 0.3
KNOWN = RNG.random(N) < 0.8
DIVERGENCE = RNG.random(N)
RESAMPLER = Resampler(np.arange(N), np.zeros(N), 20, 0)


def test_counts_rates_and_ratios() -> None:
    outcome = TRUE & KNOWN[:, None]
    counts = count_groups(RESAMPLER, GROUPS, {"student": SAID}, outcome, KNOWN, DIVERGENCE)
    assert counts.names == ["a", "b", "c"]
    weights = np.concatenate([np.ones((1, N)), *RESAMPLER.chunks()])
    for s in (0, 3, 20):
        w = weights[s]
        for g, name in enumerate(counts.names):
            own, rest = name == GROUPS, (name != GROUPS) & (GROUPS != "")
            rates = counts.selection_rates("student", g)
            hits = counts.true_positive_rates("student", g)
            for side, rate, hit in zip((own, rest), rates, hits, strict=True):
                yes = (w[side, None] * SAID[side]).sum(axis=0)
                np.testing.assert_allclose(rate[s], (yes + 0.5) / (w[side].sum() + 1))
                positives = (w[side, None] * outcome[side]).sum(axis=0)
                found = (w[side, None] * (outcome & SAID)[side]).sum(axis=0)
                np.testing.assert_allclose(hit[s], (found + 0.5) / (positives + 1))
            overall = np.average(DIVERGENCE[GROUPS != ""], weights=w[GROUPS != ""])
            expected = np.average(DIVERGENCE[own], weights=w[own]) / overall
            np.testing.assert_allclose(counts.divergence_ratio(g)[s], expected)


def test_no_known_group_counts_nothing() -> None:
    counts = count_groups(RESAMPLER, np.full(N, ""), {"student": SAID}, TRUE, KNOWN, DIVERGENCE)
    assert counts.names == []
