"""What is fitted on a population reads training rows and nothing else, says so, and means the same online."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from toy_events import spec_of

from teacher.features import apply_fits, fit_recipes
from understudy.contracts.fitted_recipes import FeatureFits
from understudy.errors import UserError

ROWS = 400
TRAIN = np.arange(0, ROWS, 2)
IDS = np.arange(ROWS, dtype=np.int64) + 1000
SPEC = spec_of(
    {"kind": "co_holding", "families": {"credit": ["card", "loan"], "wealth": ["fund"]}},
    {"kind": "cohort", "by": ["city"], "columns": ["age"], "min_rows": 20},
    {"kind": "rank", "columns": ["age"], "bins": 10},
    {"kind": "innovations", "effects": {"debt": ["age"], "use": ["age", "debt"]}, "products": [["debt", "use"]]},
)


@pytest.fixture
def raw() -> dict[str, Any]:
    rng = np.random.default_rng(8)
    columns: dict[str, Any] = {f"has_{p}": (rng.random(ROWS) < 0.4).astype(float) for p in ("card", "loan", "fund")}
    columns["age"] = np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(40, 10, ROWS))
    columns["debt"] = 3 + 2 * np.nan_to_num(columns["age"], nan=40) + rng.normal(0, 5, ROWS)
    columns["use"] = columns["debt"] + rng.normal(0, 1, ROWS)
    columns["city"] = pa.array([["north", "south", "east", None][i % 4] if i != 7 else "atlantis" for i in range(ROWS)])
    return columns


def test_only_training_rows_are_read(raw: dict[str, Any]) -> None:
    made, fits = fit_recipes(SPEC, raw, TRAIN, IDS)
    other = np.setdiff1d(np.arange(ROWS), TRAIN)
    changed = {name: values.copy() if isinstance(values, np.ndarray) else values for name, values in raw.items()}
    for values in changed.values():
        if isinstance(values, np.ndarray):
            values[other] = 1.0
    again, refitted = fit_recipes(SPEC, changed, TRAIN, IDS)
    assert refitted == fits
    for name in ("kin_credit", "age_in_cohort", "age_rank", "debt_and_use_surprise"):
        np.testing.assert_array_equal(made[name][TRAIN], again[name][TRAIN])
    _, all_rows = fit_recipes(SPEC, raw, np.arange(ROWS), IDS)
    assert all(a.state != b.state for a, b in zip(fits.fits, all_rows.fits, strict=True))


def test_a_fit_says_which_rows_it_saw(raw: dict[str, Any]) -> None:
    _, fits = fit_recipes(SPEC, raw, TRAIN, IDS)
    digest = hashlib.sha256(np.sort(IDS[TRAIN]).astype("<i8").tobytes()).hexdigest()
    assert [fit.kind for fit in fits.fits] == ["co_holding", "cohort", "rank", "innovations"]
    assert {(fit.rows, fit.row_ids_sha256) for fit in fits.fits} == {(len(TRAIN), digest)}


def test_the_same_after_json_and_row_by_row(raw: dict[str, Any]) -> None:
    made, fits = fit_recipes(SPEC, raw, TRAIN, IDS)
    read = FeatureFits.model_validate_json(fits.model_dump_json())
    whole = apply_fits(SPEC, raw, read)
    columns = SPEC.fitted_columns()
    assert columns == {
        "kin_credit", "kin_wealth", "kin_max", "age_in_cohort", "age_rank", "debt_out_of_line", "use_out_of_line",
        "debt_and_use_surprise",
    }  # fmt: skip
    for row in (0, 7, 33):
        one = {n: v[[row]] if isinstance(v, np.ndarray) else v.take(pa.array([row])) for n, v in raw.items()}
        alone = apply_fits(SPEC, one, read)
        for name in columns:
            np.testing.assert_array_equal(whole[name], made[name])
            np.testing.assert_array_equal(alone[name], made[name][[row]])


def test_co_holding_by_hand(raw: dict[str, Any]) -> None:
    made, _ = fit_recipes(SPEC, raw, TRAIN, IDS)
    held = np.stack([raw[f"has_{p}"] for p in ("card", "loan", "fund")], axis=1)
    mine = held[TRAIN]
    for row in range(20):
        products = np.flatnonzero(held[row])
        votes = np.zeros(3)
        for p in products:
            for q in range(3):
                votes[q] += 0 if p == q else mine[mine[:, p] == 1][:, q].mean() / len(products)
        assert made["kin_credit"][row] == pytest.approx(votes[0] + votes[1])
        assert made["kin_max"][row] == pytest.approx(votes.max())


def test_cohorts_ranks_and_residuals_by_hand(raw: dict[str, Any]) -> None:
    made, _ = fit_recipes(SPEC, raw, TRAIN, IDS)
    age, city = raw["age"], np.array(raw["city"].to_pylist())
    mine = TRAIN[(city[TRAIN] == "north") & ~np.isnan(age[TRAIN])]
    north = np.flatnonzero(city == "north")
    np.testing.assert_allclose(made["age_in_cohort"][north], (age[north] - age[mine].mean()) / age[mine].std())
    known = age[TRAIN][~np.isnan(age[TRAIN])]
    # a city that no training row has: compared with all
    assert made["age_in_cohort"][7] == pytest.approx((age[7] - known.mean()) / known.std())
    assert np.isnan(made["age_rank"][np.isnan(age)]).all()
    assert made["age_rank"][np.nanargmax(age)] == 0.9
    slope, intercept = np.polyfit(known, raw["debt"][TRAIN][~np.isnan(age[TRAIN])], 1)
    residual = raw["debt"] - intercept - slope * age
    scale = np.nanstd(residual[TRAIN])
    np.testing.assert_allclose(made["debt_out_of_line"], residual / scale)


def test_fits_of_other_recipes_are_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="nothing was fitted for co_holding"):
        apply_fits(SPEC, raw, FeatureFits())
