"""The fairness gate's figures against fairlearn's."""

from __future__ import annotations

import numpy as np
import pytest

from distill.gates._disparity import count_groups
from distill.metrics import Resampler

fairlearn = pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed: its oracle was not asked")


def test_selection_and_true_positive_rates_are_fairlearns() -> None:
    """Up to the half yes in one row that keeps rates off zero: below 1e-3 with groups of a thousand."""
    rng = np.random.default_rng(3)
    n = 6000
    groups = rng.choice(["a", "b", "c"], n)
    label = rng.random(n) < 0.4
    said = rng.random(n) < np.where(groups == "a", 0.3, 0.5) + 0.2 * label
    resampler = Resampler(np.arange(n), label.astype(float), 100, 0)
    known = np.ones(n, dtype=bool)
    counts = count_groups(resampler, groups, {"student": said[:, None]}, label[:, None], known, np.zeros(n))
    frame = fairlearn.MetricFrame(
        metrics={"rate": fairlearn.selection_rate, "tpr": fairlearn.true_positive_rate},
        y_true=label,
        y_pred=said,
        sensitive_features=groups,
    )
    for index, name in enumerate(counts.names):
        own, rest = (float(rate[0, 0]) for rate in counts.selection_rates("student", index))
        assert own == pytest.approx(frame.by_group.loc[name, "rate"], abs=1e-3)
        assert rest == pytest.approx(fairlearn.selection_rate(label[groups != name], said[groups != name]), abs=1e-3)
        hit, _ = (float(rate[0, 0]) for rate in counts.true_positive_rates("student", index))
        assert hit == pytest.approx(frame.by_group.loc[name, "tpr"], abs=1e-3)
    binary = np.where(groups == "a", "a", "other")
    gap = fairlearn.demographic_parity_difference(label, said, sensitive_features=binary)
    ratio = fairlearn.demographic_parity_ratio(label, said, sensitive_features=binary)
    own, rest = (float(rate[0, 0]) for rate in counts.selection_rates("student", counts.names.index("a")))
    assert abs(own - rest) == pytest.approx(gap, abs=1e-3)
    assert min(own / rest, rest / own) == pytest.approx(ratio, abs=2e-3)
