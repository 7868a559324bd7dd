"""Plain features of the person, the products held and the ten indices."""

from __future__ import annotations

import numpy as np

from teacher.datasets.finsynth.features.columns import Columns, named, numbers, text
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.indicators import INDICATORS
from teacher.datasets.finsynth.population import FIELDS, GENDERS, LIFE_STAGES, REGIONS, field_names
from teacher.datasets.finsynth.products import FAMILIES, PRODUCTS, per_family
from teacher.datasets.finsynth.timeline import MONTH_START

__all__ = ["demographics", "holding_changes", "holdings", "indices"]

_DAYS_PER_MONTH = 30.4375


def demographics(history: History) -> Columns:
    people = history.people
    tolerance = people.risk_tolerance.astype(np.float32)
    return numbers(
        {
            "age": people.age,
            "income_krw": people.income_krw,
            "tenure_months": people.tenure_months + (history.month - 12),
            "risk_tolerance": np.where(tolerance == 0, np.nan, tolerance),
        }
    ) | {
        "gender": text(people.gender, GENDERS),
        "region_type": text(people.region, REGIONS),
        "life_stage": text(people.life_stage, LIFE_STAGES),
        **{name: text(getattr(people, name), field_names(name)) for name in FIELDS},
    }


def holdings(history: History) -> Columns:
    return numbers(
        named("has_", PRODUCTS, history.held)
        | named("n_", FAMILIES, per_family(history.held))
        | {"n_products": history.held.sum(axis=1)}
    )


def holding_changes(history: History) -> Columns:
    """How long products have been held and what changed; NaN where nothing is held."""
    age = np.where(np.isnan(history.opened), np.nan, (history.cutoff_day - history.opened) / _DAYS_PER_MONTH)
    some = np.asarray(history.held.any(axis=1))
    newest = np.where(some, np.nanmin(np.where(some[:, None], age, 0), axis=1), np.nan)
    oldest = np.where(some, np.nanmax(np.where(some[:, None], age, 0), axis=1), np.nan)
    quarter_ago = MONTH_START[history.month - 3]
    return numbers(
        {
            "months_since_last_opening": newest,
            "months_since_first_opening": oldest,
            "opened_3m": (history.opened >= quarter_ago).sum(axis=1),
            "opened_12m": (history.opened >= MONTH_START[history.month - 12]).sum(axis=1),
            "closed_3m": (history.held_before & ~history.held).sum(axis=1),
            "payroll_moves_12m": history.payroll_moves,
        }
    )


def indices(history: History) -> Columns:
    return numbers(named("", INDICATORS, history.indicators))
