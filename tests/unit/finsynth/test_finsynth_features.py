"""Features, read again off the raw events before the cutoff."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from teacher.datasets.finsynth.features import feature_groups
from teacher.datasets.finsynth.simulate import Partition

CUTOFFS = ["2026-02-01", "2026-05-01"]
BEFORE = "t.date < DATE '{c}'"
QUARTER = "t.date >= DATE '{c}' - INTERVAL 3 MONTH AND t.date < DATE '{c}'"
YEAR = "t.date >= DATE '{c}' - INTERVAL 12 MONTH AND t.date < DATE '{c}'"

PURCHASES = {
    "spend_3m": f"sum(amount_krw) FILTER ({QUARTER})",
    "spend_12m": f"sum(amount_krw) FILTER ({YEAR})",
    "purchases_3m": f"count(*) FILTER ({QUARTER})",
    "ticket_12m": f"avg(amount_krw) FILTER ({YEAR})",
    "days_since_purchase": f"DATE '{{c}}' - max(date) FILTER ({BEFORE})",
    "cat3_cafe": f"count(*) FILTER ({QUARTER} AND category = 'cafe')",
    "ch12_overseas": f"count(*) FILTER ({YEAR} AND channel = 'overseas')",
    "tier_mean_3m": f"avg(price_tier) FILTER ({QUARTER})",
    "premium_share_3m": f"avg((price_tier >= 8)::INT) FILTER ({QUARTER})",
    "n12_travel": f"count(*) FILTER ({YEAR} AND category IN ('hotel','resort','airline','travel_agency','duty_free'))",
    "last_category": f"last(category::VARCHAR ORDER BY row) FILTER ({BEFORE})",
}
MONTHS = {
    "app_sessions_mean_12m": "avg(app_sessions)",
    "balance_1m": "last(balance ORDER BY month_end)",
    "savings_in_mean_3m": "avg(savings_in) FILTER (month_end >= DATE '{c}' - INTERVAL 3 MONTH)",
    "spend_lag_2": "first(spend) FILTER (month_end < DATE '{c}' - INTERVAL 1 MONTH AND month_end >= DATE '{c}' "
    "- INTERVAL 2 MONTH) / avg(spend)",
}
HOLDINGS = {
    "has_mortgage": "count(*) FILTER (product = 'mortgage')",
    "n_products": "count(*)",
    "opened_3m": "count(*) FILTER (opened_at >= DATE '{c}' - INTERVAL 3 MONTH)",
    "months_since_last_opening": "(epoch(DATE '{c}'::TIMESTAMP) - epoch(max(opened_at))) / 86400 / 30.4375",
}


def same(got: list[object], wanted: list[object]) -> None:
    if isinstance(wanted[0], str):
        assert got == wanted
        return
    both = [np.array([np.nan if v is None else v for v in values], dtype=float) for values in (got, wanted)]
    np.testing.assert_allclose(both[0], both[1], rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("cutoff", CUTOFFS)
@pytest.mark.parametrize(
    ("source", "features"),
    [
        ("(SELECT *, row_number() OVER () AS row FROM transactions) t", PURCHASES),
        ("(SELECT * FROM monthly WHERE month_end < '{c}' AND month_end >= DATE '{c}' - INTERVAL 12 MONTH) t", MONTHS),
        ("(SELECT * FROM holdings WHERE month_end = DATE '{c}' - 1) t", HOLDINGS),
    ],
    ids=["purchases", "months", "holdings"],
)
def test_features_equal_what_sql_finds_before_the_cutoff(sql, cutoff: str, source: str, features: dict) -> None:
    listed = ", ".join(f"{query} AS {name}" for name, query in features.items())
    text = f"SELECT customer_id, {listed} FROM {source} GROUP BY 1".replace("{c}", cutoff)
    names = list(features)
    told = ", ".join(f"b.{name}::{'VARCHAR' if name == 'last_category' else 'DOUBLE'}" for name in names)
    found = ", ".join(f"f.{name}" for name in names)
    rows = sql.execute(
        f"SELECT {told}, {found} FROM base b JOIN ({text}) f USING (customer_id) "
        f"WHERE b.cutoff = DATE '{cutoff}' ORDER BY customer_id"
    ).fetchall()
    assert len(rows) > 2_900
    columns = list(zip(*rows, strict=True))
    for place in range(len(names)):
        same(list(columns[place]), list(columns[place + len(names)]))


def test_events_at_or_after_the_cutoff_change_nothing(partition: Partition) -> None:
    """The first snapshot's features from a history whose later months are wiped out."""
    history = partition.snapshots[0].history
    wiped = {name: values.copy() for name, values in history.flows.values.items()}
    for values in wiped.values():
        values[:, history.month :] = np.nan
    blind = dataclasses.replace(history, flows=type(history.flows)(wiped))
    for name, columns in feature_groups(history).items():
        for column, values in feature_groups(blind)[name].items():
            assert values.equals(columns[column]), column
    assert max(int(quarter.day.max()) for quarter in history.quarters) < history.cutoff_day


def test_unknown_is_null_not_a_number(base: pa.Table) -> None:
    tolerance = base["risk_tolerance"].to_numpy()
    assert 0.1 < np.isnan(tolerance).mean() < 0.2
    assert set(np.unique(tolerance[~np.isnan(tolerance)])) == {1, 2, 3, 4, 5}


def test_structural_features_hold_their_meaning_at_a_later_cutoff(base: pa.Table) -> None:
    """No feature drifts so far between the snapshots that a model of the first would be lost at the second."""
    cutoff = base["cutoff"].to_numpy()
    later = cutoff == cutoff.max()
    for name in ("kin_deposits", "kin_max", "entropy_branch_3m", "persistence_total", "tier_total_variation"):
        values = base[name].to_numpy()
        shift = values[later].mean() - values[~later].mean()
        assert abs(shift) < 0.3 * values[~later].std(), name
