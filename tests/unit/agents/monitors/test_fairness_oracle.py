"""Rates by group against fairlearn's definitions, and counts against a brute-force count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.monitors import MonitorConfig
from agents.monitors.day import MonitorDay
from agents.monitors.disparity import rates
from agents.monitors.fairness import watch_offers
from agents.monitors.group_counts import attributes, count, flattened
from studies._production import Production

QUICK = settings(max_examples=10, deadline=None)
metrics = pytest.importorskip("fairlearn.metrics", reason="fairlearn is the oracle of DI, SPD and EOD")


def _counts(yes: np.ndarray, own: np.ndarray, counted: np.ndarray) -> np.ndarray:
    cells = [(yes & own & counted).sum(), (own & counted).sum(), (yes & ~own & counted).sum(), (~own & counted).sum()]
    return np.asarray([cells], dtype=float)


@QUICK
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_impact_and_parity_are_fairlearns(seed: int, one: float, other: float) -> None:
    rng = np.random.default_rng(seed)
    own = rng.random(20_000) < 0.3
    yes = rng.random(20_000) < np.where(own, one, other)
    counts = _counts(yes, own, np.ones_like(own))
    difference = metrics.demographic_parity_difference(yes, yes, sensitive_features=own)
    ratio = metrics.demographic_parity_ratio(yes, yes, sensitive_features=own)
    spd, di = (float(rates(counts, measure, 30).value[0]) for measure in ("spd", "di"))
    # Half a yes in one row is added on both sides, which moves a rate by less than 1 / n.
    assert abs(spd) == pytest.approx(difference, abs=5e-4)
    assert min(di, 1 / di) == pytest.approx(ratio, abs=5e-3)


@QUICK
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_opportunity_is_fairlearns(seed: int, one: float, other: float) -> None:
    rng = np.random.default_rng(seed)
    own, happened = rng.random(20_000) < 0.3, rng.random(20_000) < 0.5
    yes = rng.random(20_000) < np.where(own, one, other)
    difference = metrics.equal_opportunity_difference(happened, yes, sensitive_features=own)
    eod = float(rates(_counts(yes, own, happened), "eod", 30).value[0])
    assert abs(eod) == pytest.approx(difference, abs=1e-3)


def test_groups_of_too_few_rows_are_not_compared() -> None:
    counts = np.asarray([[10.0, 29.0, 500.0, 1000.0], [10.0, 30.0, 500.0, 1000.0], [1.0, 100.0, 5.0, 1000.0]])
    assert rates(counts, "spd", 30).enough.tolist() == [False, True, True]
    assert rates(counts, "di", 30).enough.tolist() == [False, False, False]  # too few yeses to expect


def test_counts_are_those_of_a_loop() -> None:
    columns = Production(31, rows=400).columns(1)
    columns.protected["gender"][:20] = -1
    rng = np.random.default_rng(1)
    yes, counted = rng.random((2, 400, 3)) < 0.5
    keys, found = flattened([count(columns, yes, counted)], columns.groups, ["x", "y", "z"])
    assert len(keys) == 3 * sum(len(names) for names in attributes(columns.groups).values())
    for key, cells in list(zip(keys, found[0], strict=True))[::7]:
        names = key.attribute.split(" x ")
        wanted = key.group.split(" x ")
        known = np.all([columns.protected[name] >= 0 for name in names], axis=0)
        own = np.all(
            [
                columns.protected[name] == columns.groups[name].index(group)
                for name, group in zip(names, wanted, strict=True)
            ],
            axis=0,
        )
        decision = "xyz".index(key.decision)
        mask = counted[:, decision] & known
        expected = [
            (yes[:, decision] & own & mask).sum(),
            (own & mask).sum(),
            (yes[:, decision] & ~own & mask).sum(),
            (~own & mask).sum(),
        ]
        assert cells.tolist() == expected, key


def test_a_person_counts_once_a_day() -> None:
    production = Production(32, rows=300)
    once = production.columns(0)
    twice = replace(once, first=np.arange(300) < 150)
    sizes = []
    for columns in (once, twice):
        day = MonitorDay(once.day, columns, production.requests(0), production.frame, MonitorConfig())
        state = watch_offers(day).state
        assert state is not None
        sizes.append(sum(map(sum, state["days"][0]["cells"]["gender"]["of"])))
    assert sizes == [300 * 4, 150 * 4]
