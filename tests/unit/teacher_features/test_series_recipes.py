"""Every recipe over series, against numpy written from its definition."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from toy_events import CUSTOMERS, compute, spec_of

from teacher.features.groups.persistence import bars_of
from teacher.persistence import persistence_pairs
from understudy.errors import UserError

N = 12


def series(bank, customer: int, column: str, length: int = N) -> np.ndarray:
    """The last whole months before July 2024, oldest first, NaN where there is no row."""
    found = {m["month_end"]: m[column] for m in bank["months"] if m["id"] == customer}
    ends = sorted({m["month_end"] for m in bank["months"] if m["month_end"] < dt.date(2024, 7, 1)})[-length:]
    return np.array([found.get(end, np.nan) for end in ends])


def near(got: float | None, wanted: float) -> None:
    assert (got is None) == bool(np.isnan(wanted)), (got, wanted)
    if got is not None:
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / (x.std() + 1e-9)


def test_rolling(bank, sources, tmp_path) -> None:
    measures = ["last", "mean", "sum", "min", "max", "sd", "slope", "zeros"]
    recipe = {"kind": "rolling", "source": "months", "columns": ["spend"], "steps": [6], "measures": measures}
    got = compute(spec_of(recipe), sources, tmp_path)
    for i in range(1, CUSTOMERS):
        x = series(bank, i, "spend", 6)
        near(got["spend_last"][i], x[-1])
        for name, function in (("mean", np.nanmean), ("sum", np.nansum), ("min", np.nanmin), ("max", np.nanmax)):
            near(got[f"spend_{name}_6"][i], function(x))
        near(got["spend_sd_6"][i], np.nanstd(x))
        near(got["spend_zeros_6"][i], float((x[~np.isnan(x)] == 0).mean()))
        near(got["spend_slope_6"][i], np.polyfit(np.arange(6), x, 1)[0] if not np.isnan(x).any() else np.nan)
    assert all(column[0] is None for column in got.values())


def test_an_absent_step_may_stand_for_zero(bank, sources, tmp_path) -> None:
    base = {"kind": "rolling", "source": "months", "columns": ["spend"], "steps": [6], "measures": ["mean"]}
    got = compute(spec_of({**base, "missing": "zero"}), sources, tmp_path)
    near(got["spend_mean_6"][5], np.nan_to_num(series(bank, 5, "spend", 6)).mean())
    assert got["spend_mean_6"][0] == 0


def test_lags(bank, sources, tmp_path) -> None:
    base = {"kind": "lags", "source": "months", "lags": [1, 4], "length": N}
    plain = {**base, "columns": ["visits"], "relative": False}
    got = compute(spec_of({**base, "columns": ["spend"]}, plain), sources, tmp_path)
    for i in range(1, CUSTOMERS):
        for lag in (1, 4):
            x = series(bank, i, "spend")
            near(got[f"spend_lag_{lag}"][i], x[-lag] / np.nanmean(x))
            near(got[f"visits_lag_{lag}"][i], series(bank, i, "visits")[-lag])


def test_rhythm(bank, sources, tmp_path) -> None:
    measures = ["burstiness", "trend", "memory", "turns", "crossings", "top_phase"]
    recipe = {
        "kind": "rhythm",
        "source": "months",
        "column": "spend",
        "length": N,
        "lags": [1, 3],
        "measures": measures,
    }
    got = compute(spec_of(recipe), sources, tmp_path)
    time = np.arange(N) - (N - 1) / 2
    for i in range(1, CUSTOMERS):
        x = series(bank, i, "spend")
        if np.isnan(x).any():
            assert all(column[i] is None for column in got.values())
            continue
        z, step = standard(x), np.diff(x)
        near(got["spend_burstiness"][i], (x.std() - x.mean()) / (x.std() + x.mean()))
        near(got["spend_trend"][i], z @ time / (time @ time))
        near(got["spend_memory"][i], np.corrcoef(x[:-1], x[1:])[0, 1])
        near(got["spend_turns"][i], float((step[:-1] * step[1:] < 0).mean()))
        near(got["spend_crossings"][i], float(((x - x.mean())[:-1] * (x - x.mean())[1:] < 0).mean()))
        phases = x.reshape(-1, 3).mean(axis=0)
        near(got["spend_top_phase"][i], phases.max() / phases.sum())
        for lag in (1, 3):
            near(got[f"spend_autocorr_{lag}"][i], (z[lag:] * z[:-lag]).mean())


def test_leads(bank, sources, tmp_path) -> None:
    recipe = {"kind": "leads", "source": "months", "pairs": [["spend", "visits"]], "length": N}
    got = compute(spec_of({**recipe, "measures": ["follow", "area"]}), sources, tmp_path)
    for i in range(1, CUSTOMERS):
        x, y = series(bank, i, "spend"), series(bank, i, "visits")
        if np.isnan(x).any():
            assert got["spend_leads_visits"][i] is None
            continue
        a, b = ((s > s.mean()) - (s > s.mean()).mean() for s in (x, y))
        near(got["spend_leads_visits"][i], (a[:-1] * b[1:]).mean())
        near(got["visits_leads_spend"][i], (b[:-1] * a[1:]).mean())
        u, v = standard(x), standard(y)
        near(got["spend_visits_area"][i], (u[:-1] * v[1:] - v[:-1] * u[1:]).mean())


def test_persistence_statistics(bank, sources, tmp_path) -> None:
    measures = ["bars", "total", "max", "mean", "sd", "second", "long", "birth", "death", "entropy"]
    recipe = {"kind": "persistence", "source": "months", "column": "spend", "length": N, "measures": measures}
    got = compute(spec_of(recipe), sources, tmp_path)
    for i in range(1, CUSTOMERS):
        x = np.log1p(series(bank, i, "spend"))
        if np.isnan(x).any():
            assert got["spend_persistence_bars"][i] is None
            continue
        births, deaths = (pairs[0] for pairs in persistence_pairs(standard(x)[None]))
        kept = deaths - births > 0
        length = np.sort((deaths - births)[kept])[::-1]
        near(got["spend_persistence_bars"][i], kept.sum())
        near(got["spend_persistence_total"][i], length.sum())
        near(got["spend_persistence_max"][i], length[0])
        near(got["spend_persistence_long"][i], float((length > 1).sum()))
        near(got["spend_persistence_birth"][i], births[kept].mean())
        near(got["spend_persistence_death"][i], deaths[kept].mean())
        p = length / length.sum()
        near(got["spend_persistence_entropy"][i], -(p * np.log(p)).sum())


def test_gudhi_agrees_with_the_vectorised_persistence() -> None:
    series_ = np.random.default_rng(3).standard_normal((200, 36))
    births, deaths = persistence_pairs(series_)
    for row, x in enumerate(series_):
        known = ~np.isnan(births[row])
        wanted = sorted(zip(births[row][known], deaths[row][known], strict=True))
        np.testing.assert_allclose(sorted(map(tuple, bars_of(x))), wanted)


def test_a_constant_series_has_no_diagram(tmp_path) -> None:
    from toy_events import ENDS, toy_bank, write

    bank = toy_bank()
    bank["months"] = [
        {"id": i, "month_end": end, "spend": 4.0, "visits": 1.0} for i in range(CUSTOMERS) for end in ENDS
    ]
    recipe = {"kind": "persistence", "source": "months", "column": "spend", "length": N, "measures": ["bars"]}
    got = compute(spec_of(recipe), write(bank, tmp_path / "bank"), tmp_path / "out")
    assert set(got["spend_persistence_bars"]) == {None}


def test_two_rows_in_one_step_are_refused(tmp_path) -> None:
    from toy_events import toy_bank, write

    bank = toy_bank()
    bank["months"].append({"id": 7, "month_end": dt.date(2024, 5, 2), "spend": 1.0, "visits": 1.0})
    recipe = {"kind": "rolling", "source": "months", "columns": ["spend"], "steps": [6], "measures": ["mean"]}
    with pytest.raises(UserError, match="the key 7 has two rows in one month"):
        compute(spec_of(recipe), write(bank, tmp_path / "bank"), tmp_path / "out")


def test_derived_and_crosses(bank, sources, tmp_path) -> None:
    people = {"kind": "attributes", "source": "people", "numeric": ["age"], "categorical": ["city"]}
    rolled = {"kind": "rolling", "source": "months", "columns": ["spend"], "steps": [6], "measures": ["mean"]}
    derived = {
        "kind": "derived", "reads": ["age", "spend_mean_6"],
        "numeric": {"ratio": "spend_mean_6 / (age - 20)"},
        "categorical": {"grown": "CASE WHEN age >= 40 THEN 'old' WHEN age < 40 THEN 'young' END"},
    }  # fmt: skip
    crosses = {"kind": "crosses", "pairs": [["city", "grown"]], "cohorts": {"city": {"A": ["north", "south"]}}}
    got = compute(spec_of(people, rolled, derived, crosses), sources, tmp_path)
    for i, person in enumerate(bank["people"]):
        age, spend = person["age"], got["spend_mean_6"][i]
        near(got["ratio"][i], spend / (age - 20) if age not in (None, 20.0) and spend is not None else np.nan)
        grown = None if age is None else "old" if age >= 40 else "young"
        assert got["grown"][i] == grown
        assert got["city_x_grown"][i] == ("A" + grown if person["city"] in ("north", "south") and grown else None)
