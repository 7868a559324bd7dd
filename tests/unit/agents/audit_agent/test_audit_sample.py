"""Which recommendations are drawn: all strata, more of some, and estimates that are right for the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny_bundle
import watched

from agents.audit_agent.strata import STRATA, Sampler, weighted_mean
from agents.evidence import Columns, Frame
from agents.evidence.decoding import Rows
from understudy.contracts.catalog import Catalog


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return tiny_bundle.catalog()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    from understudy.bundle import load_bundle

    frame = Frame.of(load_bundle(watched.bundle(tmp_path_factory.mktemp("sample") / "bundle")))
    return replace(Rows(frame, "2026-11-16", keep=0, tell=0).chunk(), writers=["w"])


def columns(empty: Columns, catalog: Catalog, n: int, seed: int = 0) -> Columns:
    """``n`` decisions with one recommendation each, spread over ages, products and layers."""
    rng = np.random.default_rng(seed)
    groups = len(empty.groups["age"])
    return replace(
        empty,
        request_ids=[f"{seed}-{i}" for i in range(n)],
        at=np.zeros(n),
        writer=np.zeros(n, dtype=np.int32),
        seq=np.arange(1, n + 1, dtype=np.int64) + 1_000_000 * seed,
        layers=rng.integers(0, 3, (n, len(empty.tasks))).astype(np.int8),
        products=rng.integers(0, len(catalog.products), (n, 1)).astype(np.int16),
        product_scores=rng.random((n, 1)).astype(np.float32),
        protected={
            "age": rng.choice(groups, n, p=[0.1, 0.3, 0.4, 0.2]).astype(np.int8),
            "region": np.zeros(n, dtype=np.int8),
        },
    )


def test_there_are_27_strata_and_each_gets_its_quota(empty: Columns, catalog: Catalog) -> None:
    assert len(set(STRATA)) == 27
    sampler = Sampler(catalog, "seed", 15)
    sampler.take(columns(empty, catalog, 4000))
    drawn = Counter(pick.stratum for pick in sampler.picks())
    full = {STRATA[index] for index, size in enumerate(sampler.population) if size >= 15}
    assert sum(sampler.population) == 4000
    assert full
    assert all(drawn[stratum] == 15 for stratum in full)


def test_a_stratum_that_is_smaller_than_its_quota_is_drawn_whole(empty: Columns, catalog: Catalog) -> None:
    sampler = Sampler(catalog, "seed", 15)
    sampler.take(columns(empty, catalog, 40))
    picks = sampler.picks()
    assert len(picks) == sum(min(size, 15) for size in sampler.population)
    small = {STRATA[index] for index, size in enumerate(sampler.population) if size <= 15}
    assert {pick.probability for pick in picks if pick.stratum in small} == {1.0}


def test_the_vulnerable_and_the_uncertain_are_drawn_more_often(empty: Columns, catalog: Catalog) -> None:
    drawn: Counter[tuple[bool, bool]] = Counter()
    known: Counter[tuple[bool, bool]] = Counter()
    for seed in range(12):
        everything, sampler = Sampler(catalog, f"{seed}", 10**6), Sampler(catalog, f"{seed}", 8)
        regions = np.random.default_rng(seed).choice(2, 3000, p=[0.2, 0.8]).astype(np.int8)
        one_age = np.ones(3000, dtype=np.int8)  # or the youngest would be strata of their own
        part = replace(columns(empty, catalog, 3000, seed), protected={"age": one_age, "region": regions})
        for taker in (everything, sampler):
            taker.take(part)
        drawn.update((pick.protected, pick.borderline) for pick in sampler.picks())
        known.update((pick.protected, pick.borderline) for pick in everything.picks())
    rate = {key: drawn[key] / known[key] for key in known}
    assert 1.5 < rate[True, False] / rate[False, False] < 2.6
    assert 2.0 < rate[False, True] / rate[False, False] < 3.9
    assert rate[True, True] > rate[False, True]


def test_days_one_by_one_draw_the_same_as_all_at_once(empty: Columns, catalog: Catalog) -> None:
    parts = [columns(empty, catalog, 300, seed) for seed in range(3)]
    forwards, backwards = Sampler(catalog, "seed", 5), Sampler(catalog, "seed", 5)
    for part in parts:
        forwards.take(part)
    for part in reversed(parts):
        backwards.take(part)
    assert forwards.picks() == backwards.picks()
    other = Sampler(catalog, "another root", 5)
    for part in parts:
        other.take(part)
    assert {pick.place for pick in other.picks()} != {pick.place for pick in forwards.picks()}


def test_estimates_are_of_the_whole_and_not_of_the_sample(empty: Columns, catalog: Catalog) -> None:
    """A quality that is low for the borderline, who are drawn three times as often: the plain mean is wrong."""
    found, plain, covered, truth = [], [], 0, 0.0
    for seed in range(40):
        everything, sampler = Sampler(catalog, f"{seed}", 10**6), Sampler(catalog, f"{seed}", 15)
        part = columns(empty, catalog, 1500, seed)
        for taker in (everything, sampler):
            taker.take(part)
        truth = float(np.mean([not pick.borderline for pick in everything.picks()]))
        values = [float(not pick.borderline) for pick in sampler.picks()]
        mean, low, high = weighted_mean(values, sampler.picks())
        found.append(mean - truth)
        plain.append(float(np.mean(values)) - truth)
        covered += low <= truth <= high
    assert abs(np.mean(found)) < 0.01
    assert np.mean(plain) < -0.05
    assert covered >= 34


def test_unknown_ages_and_risks_count_as_the_strictest(empty: Columns, catalog: Catalog) -> None:
    part = columns(empty, catalog, 200)
    nobody = replace(part, protected={**part.protected, "age": np.full(200, -1, dtype=np.int8)})
    sampler = Sampler(catalog, "seed", 3)
    sampler.take(nobody)
    assert all(pick.stratum.startswith("oldest or unknown") for pick in sampler.picks())
    unknown = [product.model_copy(update={"risk_level": None}) for product in catalog.products]
    sampler = Sampler(catalog.model_copy(update={"products": unknown}), "seed", 3)
    sampler.take(part)
    assert all("risk 4-5 or unknown" in pick.stratum for pick in sampler.picks())


def test_nothing_recommended_is_nothing_drawn(empty: Columns, catalog: Catalog) -> None:
    sampler = Sampler(catalog, "seed", 3)
    nothing: Any = replace(columns(empty, catalog, 5), products=np.full((5, 1), -1, dtype=np.int16))
    sampler.take(nothing)
    assert sampler.picks() == []
