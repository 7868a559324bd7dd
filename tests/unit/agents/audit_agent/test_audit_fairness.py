"""Fairness of what was offered over a period: found where it is, inherited where it was accepted, silent on noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny_bundle
import watched

from agents.audit_agent.bounds import load_bounds, status_within
from agents.audit_agent.population import Population
from agents.checklist import load_items
from agents.evidence import Columns, Frame
from agents.evidence.decoding import Rows
from understudy.bundle import load_bundle

ITEMS = {item.id: item for item in load_items()}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    frame = Frame.of(load_bundle(watched.bundle(tmp_path_factory.mktemp("fair") / "bundle")))
    return replace(Rows(frame, "2026-11-16", keep=0, tell=0).chunk(), writers=["w"])


def columns(empty: Columns, n: int, worse: float, seed: int = 0) -> Columns:
    """``n`` persons, of whom region 0 is offered a loan at 0.4 times ``worse``, all others at 0.4; else a deposit."""
    rng = np.random.default_rng(seed)
    families = [product.family for product in tiny_bundle.catalog().products]
    loan, other = families.index("lending"), next(i for i, name in enumerate(families) if name != "lending")
    region = rng.integers(0, len(empty.groups["region"]), n).astype(np.int8)
    offered = rng.random(n) < 0.4 * np.where(region == 0, worse, 1.0)
    flags: dict[str, Any] = {name: np.zeros(n, dtype=np.bool_) for name in ("opted_out", "read_error")}
    return replace(
        empty,
        request_ids=[f"r{i}" for i in range(n)],
        at=np.zeros(n),
        first=np.ones(n, dtype=np.bool_),
        writer=np.zeros(n, dtype=np.int32),
        seq=np.arange(1, n + 1, dtype=np.int64),
        model_version=np.zeros(n, dtype=np.int16),
        layers=np.zeros((n, len(empty.tasks)), dtype=np.int8),
        products=np.where(offered, loan, other).astype(np.int16)[:, None],
        protected={"age": np.zeros(n, dtype=np.int8), "region": region},
        decisions=n,
        **flags,
    )


def status(population: Population, accepted: Any = ()) -> str:
    found = next(one for one in population.measurements(accepted) if one.name == "fairness_ratio_min")
    return status_within(load_bounds()["fairness_ratio_min"], found, ITEMS)


def taken(*parts: Columns) -> Population:
    population = Population("week")
    for part in parts:
        population.take(part)
    return population


def test_a_group_that_is_offered_less_is_found_and_named(empty: Columns) -> None:
    population = taken(columns(empty, 3000, 0.6))
    found = next(one for one in population.measurements() if one.name == "fairness_ratio_min")
    worst = found.detail["groups"][0]
    assert (worst["attribute"], worst["group"], worst["family"]) == ("region", empty.groups["region"][0], "lending")
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.6 < found.high < 0.8
    assert status(population) == "FAIL"


def test_what_was_there_when_the_model_was_accepted_warns(empty: Columns) -> None:
    before = taken(columns(empty, 3000, 0.6, seed=1)).cells["2026-11-16"]
    assert status(taken(columns(empty, 3000, 0.6)), [before]) == "WARN"
    fair = taken(columns(empty, 3000, 1.0, seed=1)).cells["2026-11-16"]
    assert status(taken(columns(empty, 3000, 0.6)), [fair]) == "FAIL"


def test_equal_treatment_and_few_persons_do_not_fail(empty: Columns) -> None:
    assert status(taken(columns(empty, 3000, 1.0))) == "PASS"
    assert status(taken(columns(empty, 150, 1.0))) in ("PASS", "WARN")
    assert status(taken(columns(empty, 60, 0.6))) in ("UNKNOWN", "PASS", "WARN")


def test_herding_and_objections(empty: Columns) -> None:
    part = columns(empty, 400, 1.0)
    one_product = replace(part, products=np.zeros((400, 1), dtype=np.int16))
    by_name = {one.name: one for one in taken(one_product).measurements()}
    assert by_name["herding"].value == pytest.approx(1.0)
    ignored = replace(part, opted_out=np.arange(400) < 3)
    by_name = {one.name: one for one in taken(ignored).measurements()}
    assert by_name["data_protection_violations"].value == 3
    assert [one.ref for one in by_name["data_protection_violations"].evidence] == ["w/1", "w/2", "w/3"]
    heeded = replace(ignored, layers=np.full((400, len(empty.tasks)), 2, dtype=np.int8))
    assert taken(heeded).measurements()[2].value == 0


def test_a_period_without_decisions_is_unknown(empty: Columns) -> None:
    assert {one.value for one in taken(empty).measurements()} == {None}
