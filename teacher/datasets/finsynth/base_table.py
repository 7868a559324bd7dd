"""The base table of a snapshot: one row per (customer, cutoff) with labels, truth and two protected attributes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from teacher.datasets.finsynth.columns import Columns, named, numbers, text
from teacher.datasets.finsynth.merchants import CATEGORIES
from teacher.datasets.finsynth.population import AGE_GROUPS, INCOME_TIERS
from teacher.datasets.finsynth.products import FAMILIES
from teacher.datasets.finsynth.simulate import Partition, Snapshot
from teacher.datasets.finsynth.timeline import day_to_date

__all__ = ["NBA_CLASSES", "base_rows"]

NBA_CLASSES: Final = ["none", *FAMILIES]


def base_rows(partition: Partition, order: NDArray[np.int64]) -> pa.Table:
    """Rows of both snapshots, in ``order`` (so that a row's place in the file says nothing about its cutoff)."""
    parts = [_rows(partition.first_customer, snapshot) for snapshot in partition.snapshots]
    return pa.concat_tables(parts).take(pa.array(order)).combine_chunks()


def _rows(first_customer: int, snapshot: Snapshot) -> pa.Table:
    history = snapshot.history
    n = len(history.people.age)
    columns: dict[str, Any] = {
        "customer_id": pa.array(np.arange(first_customer, first_customer + n, dtype=np.int32)),
        "cutoff": pa.array([day_to_date(history.cutoff_day)] * n, pa.date32()),
    }
    columns["age_group"] = text(history.people.age_group, AGE_GROUPS)
    columns["income_tier"] = text(history.people.income_tier, INCOME_TIERS)
    columns |= _labels(snapshot)
    columns |= _truths(snapshot)
    return pa.table(columns)


def _labels(snapshot: Snapshot) -> Columns:
    labels = snapshot.labels
    stability = pa.array(labels.stability.astype(np.float32), from_pandas=True)
    values = {
        "y_churn_signal": labels.churn,
        "y_cross_sell_count": labels.cross_sell,
        "y_top_mcc_shift": labels.shifted,
        "y_mcc_diversity_trend": labels.diversity_change,
        "y_spend_next_quarter": labels.log_spend,
        **{f"y_will_acquire_{family}": labels.acquired[:, i] for i, family in enumerate(FAMILIES)},
    }
    return numbers(values) | {
        "y_product_stability": stability,
        "y_nba_primary": text(labels.nba, NBA_CLASSES),
        "y_next_mcc": text(labels.next_category, CATEGORIES),
    }


def _truths(snapshot: Snapshot) -> Columns:
    truth = snapshot.truth
    values = {
        "p_churn_signal": truth.churn,
        "p_product_stability": truth.stability,
        "p_cross_sell_count": truth.cross_sell,
        "p_top_mcc_shift": truth.shift,
        "p_mcc_diversity_trend": truth.diversity,
        "p_spend_next_quarter": truth.log_spend,
        **{f"p_will_acquire_{family}": truth.acquire[:, i] for i, family in enumerate(FAMILIES)},
        **named("p_nba_primary_", NBA_CLASSES, truth.nba),
        **named("p_next_mcc_", CATEGORIES, truth.next_category),
    }
    return {name: pa.array(np.ascontiguousarray(value, dtype=np.float64)) for name, value in values.items()}
