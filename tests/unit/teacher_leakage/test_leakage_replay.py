"""Views that aggregate events: one that reads past the cutoff is found however weakly it tells the label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from teacher.datasets import prepare
from understudy.errors import UserError
from understudy.progress import Silent

Planted = Any
CUTOFFS = ("2026-01-01", "2026-04-01")
VIEW = """
SELECT p.*, c.cutoff::DATE AS cutoff,
       (SELECT count(*) FROM visits v WHERE v.id = p.id AND {visits}) AS visits,
       (SELECT avg(v.amount) FROM visits v WHERE v.id = p.id AND v.at < c.cutoff::DATE) AS mean_amount
FROM people p, (VALUES ('2026-01-01'), ('2026-04-01')) c(cutoff)
"""


@pytest.fixture
def bank(plant_in: Callable[[str], Planted]) -> Planted:
    bank = plant_in("bank")
    rng, rows = bank.rng, 6000
    days = np.datetime64("2025-10-01") + rng.integers(0, 240, rows)
    bank.more["visits"] = {
        "id": rng.choice(bank.columns["id"], rows),
        "at": days.astype("datetime64[us]"),
        "amount": rng.gamma(2, 10, rows),
    }
    bank.spec["sources"] = [
        {"name": "people", "kind": "parquet", "path": "./people.parquet"},
        {"name": "visits", "kind": "parquet", "path": "./visits.parquet", "time": "at"},
        {"name": "snapshots", "kind": "sql"},
    ]
    bank.spec["base"] = "snapshots"
    bank.spec["split"] = {"time": {"column": "cutoff", "train": CUTOFFS[0], "test": CUTOFFS[1], "label_gap_days": 7}}
    bank.groups["activity"] = {"numeric": ["visits", "mean_amount"]}
    return bank


def view(bank: Planted, visits: str) -> Planted:
    bank.spec["sources"][2]["sql"] = VIEW.format(visits=visits)
    return bank


def test_events_before_the_cutoff_pass(bank: Planted) -> None:
    assert view(bank, "v.at < c.cutoff::DATE").verdict() == {}


@pytest.mark.parametrize(
    "visits",
    ["true", "v.at < c.cutoff::DATE + 30", "v.at <= c.cutoff::DATE + INTERVAL 1 DAY", "v.at >= c.cutoff::DATE"],
    ids=["all", "a month into the label window", "two days", "the label window itself"],
)
def test_an_event_after_the_cutoff_is_found(bank: Planted, visits: str) -> None:
    failed = view(bank, visits).verdict()
    assert list(failed) == ["replay"]
    assert {tuple(seen["columns"]) for seen in failed["replay"]["failures"]} == {("visits",)}
    assert "dated before the row's cutoff" in failed["replay"]["way_out"]


def test_a_view_that_needs_the_future_to_run_is_refused(bank: Planted) -> None:
    view(bank, "v.at < c.cutoff::DATE")
    last = "(SELECT max(v.at) FROM visits v)"
    bank.spec["sources"][2]["sql"] += f" WHERE CASE WHEN {last} < '2026-02-01' THEN error('no events') ELSE true END"
    bank.write()
    with pytest.raises(UserError, match="do not run without what is dated from the cutoff 2026-01-01 on"):
        prepare(bank.loaded(), bank.folder / "out", data_dir=None, seed=0, customers=None, progress=Silent())
