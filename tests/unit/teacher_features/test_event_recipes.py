"""Every recipe over events, against plain Python written from its definition."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter

import numpy as np
import pytest
from toy_events import CUSTOMERS, CUTOFF, TREE, compute, spec_of

ACTIVITY = {
    "kind": "activity", "source": "buys", "label": "buys", "value": "won", "months": [2, 6],
    "measures": ["count", "days", "sum", "mean", "min", "max", "recency"],
}  # fmt: skip


def month(back: int) -> dt.date:
    year, index = divmod(2024 * 12 + 6 - back, 12)
    return dt.date(year, index + 1, 1)


def bought(bank, customer: int, months: int, skip: int = 0) -> list[dict]:
    return [b for b in bank["buys"] if b["id"] == customer and month(months) <= b["at"] < month(skip)]


def near(got: float | None, wanted: float | None) -> None:
    assert (got is None) == (wanted is None), (got, wanted)
    if got is not None and wanted is not None:
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("months", [2, 6])
def test_activity(bank, sources, tmp_path, months: int) -> None:
    got = compute(spec_of(ACTIVITY), sources, tmp_path)
    for i in range(CUSTOMERS):
        events = bought(bank, i, months)
        known = [b["won"] for b in events if b["won"] is not None]
        assert got[f"buys_{months}m"][i] == len(events)
        assert got[f"buys_days_{months}m"][i] == len({b["at"] for b in events})
        assert got[f"buys_sum_{months}m"][i] == sum(known)
        near(got[f"buys_mean_{months}m"][i], sum(known) / len(events) if known else None)
        near(got[f"buys_min_{months}m"][i], min(known, default=None))
        near(got[f"buys_max_{months}m"][i], max(known, default=None))
        last = max((b["at"] for b in bought(bank, i, 6)), default=None)
        near(got["days_since_buys"][i], (CUTOFF - last).days if last else None)


def test_a_condition_keeps_its_events_only(bank, sources, tmp_path) -> None:
    got = compute(spec_of({**ACTIVITY, "where": "shop = 'games' AND won > 10"}), sources, tmp_path)
    for i in range(CUSTOMERS):
        kept = [b["won"] for b in bought(bank, i, 6) if b["shop"] == "games" and (b["won"] or 0) > 10]
        assert got["buys_6m"][i] == len(kept)
        near(got["buys_max_6m"][i], max(kept, default=None))


def test_counts_sums_and_shares(bank, sources, tmp_path) -> None:
    base = {"kind": "counts", "source": "buys", "column": "shop"}
    branch = {**base, "tree": "shops", "level": "branch", "months": [6]}
    got = compute(
        spec_of(
            {**base, "values": ["bakery", "games"], "months": [3, 12]},
            {**base, "values": ["games"], "months": [9], "skip": 3, "names": {"count": "old_{value}"}},
            {**branch, "measure": "sum", "value": "won"},
            {**branch, "measure": "share"},
        ),
        sources,
        tmp_path,
    )
    for i in range(CUSTOMERS):
        for months in (3, 12):
            assert got[f"bakery_{months}m"][i] == sum(b["shop"] == "bakery" for b in bought(bank, i, months))
        assert got["old_games"][i] == sum(b["shop"] == "games" for b in bought(bank, i, 9, 3))
        events = bought(bank, i, 6)
        food = [b for b in events if TREE["parents"].get(b["shop"]) == "food"]
        assert got["food_sum_6m"][i] == sum(b["won"] or 0 for b in food)
        # The kiosk is in no branch, and counts in the total.
        near(got["food_share_6m"][i], len(food) / len(events) if events else None)


def test_diversity(bank, sources, tmp_path) -> None:
    base = {"kind": "diversity", "source": "buys", "column": "shop", "months": [6]}
    got = compute(
        spec_of(
            {**base, "measures": ["entropy", "simpson", "distinct", "top_share", "top", "last"]},
            {**base, "tree": "shops", "levels": ["branch"], "measures": ["entropy", "tree_distance"]},
        ),
        sources,
        tmp_path,
    )
    for i in range(CUSTOMERS):
        events = bought(bank, i, 6)
        counts, n = Counter(b["shop"] for b in events), len(events)
        if not n:
            assert all(column[i] is None for column in got.values())
            continue
        near(got["entropy_shop_6m"][i], -sum(c / n * math.log(c / n) for c in counts.values()))
        near(got["distinct_shop_6m"][i], len(counts))
        near(got["top_shop_share_6m"][i], max(counts.values()) / n)
        assert got["top_shop_6m"][i] == max(s for s, c in counts.items() if c == max(counts.values()))
        newest = max(b["at"] for b in events)
        assert got["last_shop"][i] == max(b["shop"] for b in events if b["at"] == newest)
        pairs = sum(c * (c - 1) for c in counts.values())
        near(got["simpson_shop_6m"][i], 1 - pairs / (n * (n - 1)) if n > 1 else None)
        inside = [b["shop"] for b in events if b["shop"] in TREE["parents"]]
        if inside:
            levels = [Counter(inside), Counter(TREE["parents"][shop] for shop in inside)]
            apart = [1 - sum((c / len(inside)) ** 2 for c in level.values()) for level in levels]
            near(got["tree_distance_6m"][i], sum(apart))


def test_movement(bank, sources, tmp_path) -> None:
    values = ["bakery", "market", "cinema", "games", "kiosk"]
    recipe = {
        "kind": "movement", "source": "buys", "column": "shop", "values": values, "recent": 3, "before": 6,
        "measures": ["total_variation", "wasserstein", "hellinger", "jensen_shannon"],
        "segments": {"edible": ["bakery", "market"]},
    }  # fmt: skip
    got = compute(spec_of(recipe), sources, tmp_path)
    checked = 0
    for i in range(CUSTOMERS):
        r, b = (
            np.array([sum(e["shop"] == v for e in events) for v in values], dtype=float)
            for events in (bought(bank, i, 3), bought(bank, i, 9, 3))
        )
        if not r.sum() or not b.sum():
            assert all(column[i] is None for column in got.values())
            continue
        p, q = r / r.sum(), b / b.sum()
        middle = (p + q) / 2
        halves = [sum(x * math.log(x / m) for x, m in zip(s, middle, strict=True) if x > 0) for s in (p, q)]
        near(got["shop_total_variation"][i], np.abs(p - q).sum() / 2)
        near(got["shop_wasserstein"][i], np.abs(np.cumsum(p - q)).sum())
        near(got["shop_hellinger"][i], math.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2))
        near(got["shop_jensen_shannon"][i], sum(halves) / 2)
        near(got["edible_share_3m"][i], p[:2].sum())
        near(got["edible_share_change"][i], (p - q)[:2].sum())
        checked += 1
    assert checked > 40


def test_holdings(bank, sources, tmp_path) -> None:
    recipe = {
        "kind": "holdings", "source": "held", "product": "product", "opened": "opened",
        "families": {"credit": ["card", "loan"], "wealth": ["fund"]}, "opened_months": [3], "closed_months": [3],
    }  # fmt: skip
    got = compute(spec_of(recipe), sources, tmp_path)
    for i in range(CUSTOMERS):
        now = [h for h in bank["held"] if h["id"] == i and h["month_end"] == dt.date(2024, 6, 30)]
        then = {h["product"] for h in bank["held"] if h["id"] == i and h["month_end"] == dt.date(2024, 3, 31)}
        products = {h["product"] for h in now}
        for product in ("card", "loan", "fund"):
            assert got[f"has_{product}"][i] == (product in products)
        assert got["n_credit"][i] == len(products - {"fund"})
        assert got["n_products"][i] == len(products)
        assert got["n_families"][i] == bool(products - {"fund"}) + ("fund" in products)
        assert got["opened_3m"][i] == sum(h["opened"] >= dt.date(2024, 4, 1) for h in now)
        ages = [(CUTOFF - h["opened"]).days / 30.4375 for h in now]
        near(got["months_since_last_opening"][i], min(ages, default=None))
        near(got["months_since_first_opening"][i], max(ages, default=None))
        assert got["closed_3m"][i] == len(then - products)


def test_attributes_and_latest(bank, sources, tmp_path) -> None:
    people = {
        "kind": "attributes", "source": "people", "numeric": ["age"], "categorical": ["city"],
        "months_since": {"tenure": "since"},
    }  # fmt: skip
    newest = {"kind": "latest", "source": "months", "numeric": ["spend"], "max_age_days": 40}
    got = compute(spec_of(people, newest), sources, tmp_path)
    june = {m["id"]: m["spend"] for m in bank["months"] if m["month_end"] == dt.date(2024, 6, 30)}
    for i, person in enumerate(bank["people"]):
        near(got["age"][i], person["age"])
        assert got["city"][i] == person["city"]
        assert got["tenure"][i] == 12 * (2024 - person["since"].year) + 7 - person["since"].month
        near(got["spend"][i], june.get(i))


def test_an_event_at_the_cutoff_is_not_read(bank, sources, tmp_path) -> None:
    got = compute(spec_of(ACTIVITY), sources, tmp_path)
    assert sum(b["id"] == 1 for b in bank["buys"]) == 5
    assert got["buys_6m"][1] == 0
    assert (got["buys_2m"][2], got["days_since_buys"][2]) == (1, 1)


def test_months_run_from_the_cutoff_s_day(bank, sources, tmp_path) -> None:
    day = dt.date(2024, 6, 15)
    got = compute(spec_of(ACTIVITY), sources, tmp_path, day)
    for i in range(CUSTOMERS):
        inside = [b for b in bank["buys"] if b["id"] == i and dt.date(2024, 4, 15) <= b["at"] < day]
        assert got["buys_2m"][i] == len(inside)
