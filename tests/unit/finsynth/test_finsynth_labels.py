"""Every label, read again off the event tables in SQL."""

import duckdb
import numpy as np
import pytest

# the snapshot's cutoff, the first day of the label window proper (dekad 2), the day after its end
WINDOWS = [("2026-02-01", "2026-02-11", "2026-05-01"), ("2026-05-01", "2026-05-11", "2026-08-01")]


@pytest.fixture(params=WINDOWS, ids=["first", "second"])
def window(request: pytest.FixtureRequest) -> dict[str, str]:
    cutoff, begin, end = request.param
    return {"cutoff": cutoff, "begin": begin, "end": end}


def labels(sql: duckdb.DuckDBPyConnection, window: dict[str, str], column: str) -> np.ndarray:
    query = f"SELECT {column} AS y FROM base WHERE cutoff = DATE '{window['cutoff']}' ORDER BY customer_id"
    return np.array([np.nan if value is None else value for (value,) in sql.execute(query).fetchall()])


def found(sql: duckdb.DuckDBPyConnection, window: dict[str, str], query: str) -> np.ndarray:
    """``query`` gives customer_id and value; customers without a row get NULL."""
    text = f"SELECT value FROM customers LEFT JOIN ({query.format(**window)}) USING (customer_id) ORDER BY customer_id"
    return np.array([row[0] for row in sql.execute(text).fetchall()], dtype=object)


def test_churn_is_a_payroll_move(sql, window) -> None:
    query = """SELECT customer_id, count(*) > 0 AS value FROM payroll_moves
        WHERE date >= '{begin}' AND date < '{end}' GROUP BY 1"""
    assert (found(sql, window, query).astype(bool) == labels(sql, window, "y_churn_signal").astype(bool)).all()


def test_nothing_happens_in_the_gap(sql, window) -> None:
    for table, column in (("payroll_moves", "date"), ("holdings", "opened_at")):
        query = (
            f"SELECT count(*) FROM {table} WHERE {column} >= '{window['cutoff']}' AND {column} < '{window['begin']}'"
        )
        assert sql.execute(query).fetchone() == (0,)


FAMILY = """CASE WHEN product IN ('time_deposit','instalment_savings','green_deposit','flex_savings') THEN 'deposits'
    WHEN product IN ('bond_fund','equity_fund','index_fund','els_note') THEN 'investments'
    WHEN product IN ('everyday_account','payroll_account','fx_account','household_account') THEN 'accounts'
    WHEN product IN ('credit_loan','mortgage','jeonse_loan','overdraft_line') THEN 'lending'
    WHEN product IN ('check_card','credit_card','travel_card','mileage_card') THEN 'payments' ELSE 'insurance' END"""
OPENED = f"""SELECT DISTINCT customer_id, opened_at, {FAMILY} AS family FROM holdings
    WHERE opened_at >= '{{begin}}' AND opened_at < '{{end}}' AND month_end >= '{{begin}}'"""


@pytest.mark.parametrize("family", ["deposits", "investments", "accounts", "lending", "payments", "insurance"])
def test_acquisitions_are_openings(sql, window, family) -> None:
    query = f"SELECT customer_id, count(*) > 0 AS value FROM ({OPENED}) WHERE family = '{family}' GROUP BY 1"
    opened = found(sql, window, query).astype(bool)
    assert (opened == labels(sql, window, f"y_will_acquire_{family}").astype(bool)).all()


def test_the_next_best_action_is_the_first_opening(sql, window) -> None:
    query = f"SELECT customer_id, arg_min(family, opened_at) AS value FROM ({OPENED}) GROUP BY 1"
    first = np.where(found(sql, window, query) == None, "none", found(sql, window, query))  # noqa: E711
    assert (first.astype(str) == labels(sql, window, "y_nba_primary::VARCHAR").astype(str)).all()


def test_cross_selling_counts_families(sql, window) -> None:
    query = f"SELECT customer_id, count(DISTINCT family) AS value FROM ({OPENED}) GROUP BY 1"
    counted = np.array([value or 0 for value in found(sql, window, query)])
    assert (counted == labels(sql, window, "y_cross_sell_count")).all()


def test_stability_is_the_share_of_products_kept(sql, window) -> None:
    query = """SELECT customer_id, avg((later.product IS NOT NULL)::INT) AS value
        FROM (SELECT * FROM holdings WHERE month_end = DATE '{cutoff}' - 1) AS before
        LEFT JOIN (SELECT * FROM holdings WHERE month_end = DATE '{end}' - 1) AS later
        USING (customer_id, product, opened_at) GROUP BY 1"""
    kept = np.array([np.nan if value is None else value for value in found(sql, window, query)], dtype=float)
    np.testing.assert_allclose(kept, labels(sql, window, "y_product_stability").astype(float), atol=1e-6)


def test_the_next_category_is_the_first_purchase_after_the_gap(sql, window) -> None:
    query = """SELECT customer_id, first(category::VARCHAR ORDER BY row) AS value
        FROM (SELECT *, row_number() OVER () AS row FROM transactions)
        WHERE date >= DATE '{cutoff}' + 7 GROUP BY 1"""
    assert (found(sql, window, query).astype(str) == labels(sql, window, "y_next_mcc::VARCHAR").astype(str)).all()


BRANCH = """SELECT customer_id, arg_max(branch, spend) AS branch FROM (
    SELECT t.customer_id, m.parent AS branch, sum(t.amount_krw) AS spend FROM transactions t
    JOIN tree l ON l.node = t.category AND l.level = 3 JOIN tree m ON m.node = l.parent
    WHERE t.date >= DATE '{0}' AND t.date < DATE '{1}' GROUP BY ALL) GROUP BY 1"""


def test_a_shift_is_another_top_branch(sql, window) -> None:
    start = f"{window['cutoff']}' - INTERVAL 3 MONTH - INTERVAL '0 day"
    before, after = BRANCH.format(start, window["cutoff"]), BRANCH.format(window["begin"], window["end"])
    query = f"""SELECT customer_id, b.branch <> a.branch AS value
        FROM ({before}) b JOIN ({after}) a USING (customer_id)"""
    assert (found(sql, window, query).astype(bool) == labels(sql, window, "y_top_mcc_shift").astype(bool)).all()


SIMPSON = """SELECT customer_id, 1 - sum(n * (n - 1)) / (sum(n) * (sum(n) - 1)) AS d FROM (
    SELECT customer_id, category, count(*) AS n FROM transactions WHERE date >= {0} AND date < {1} GROUP BY ALL)
    GROUP BY 1"""


def test_the_diversity_trend_is_a_difference_of_simpson_indices(sql, window) -> None:
    cutoff = f"DATE '{window['cutoff']}'"
    before = SIMPSON.format(f"{cutoff} - INTERVAL 3 MONTH", cutoff)
    after = SIMPSON.format(f"DATE '{window['begin']}'", f"DATE '{window['end']}'")
    query = f"SELECT customer_id, a.d - b.d AS value FROM ({before}) b JOIN ({after}) a USING (customer_id)"
    np.testing.assert_allclose(
        found(sql, window, query).astype(float), labels(sql, window, "y_mcc_diversity_trend"), atol=1e-6
    )


def test_spend_is_the_log_of_the_window_s_purchases(sql, window) -> None:
    query = """SELECT customer_id, ln(sum(amount_krw)) AS value FROM transactions
        WHERE date >= DATE '{begin}' AND date < DATE '{end}' GROUP BY 1"""
    np.testing.assert_allclose(
        found(sql, window, query).astype(float), labels(sql, window, "y_spend_next_quarter"), atol=1e-5
    )
