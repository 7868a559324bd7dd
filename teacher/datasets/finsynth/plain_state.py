"""The plain part of a history as the label equations read it: sums, counts and attributes, roughly standardised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.products import per_family
from teacher.datasets.finsynth.purchases import Quarter
from teacher.datasets.finsynth.signals.scale import unit

__all__ = ["PlainState", "overseas_trips", "plain_state", "purchase_count", "unfavoured"]

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class PlainState:
    """Each field ``[n]``, centred and scaled by constants and clipped to [-2.5, 2.5]."""

    age: F64
    income: F64
    tenure: F64
    products: F64
    purchases: F64
    spend_to_income: F64
    balance: F64
    savings: F64
    contacts: F64
    overseas: F64
    payroll_moves: F64


def plain_state(history: History) -> PlainState:
    """Summarise ``history`` for the label equations."""
    people, flows, month = history.people, history.flows, history.month
    income = people.income_krw.astype(np.float64)
    contacts = flows.last("support_calls", month, 3).sum(axis=1) + flows.last("branch_visits", month, 3).sum(axis=1)
    values = {
        "age": (people.age - 45) / 14.0,
        "income": (np.log(income) - 17.5) / 0.55,
        "tenure": (np.log1p(people.tenure_months) - 4.0) / 0.8,
        "products": (per_family(history.held).sum(axis=1) - 5.0) / 2.0,
        "purchases": purchase_count(history.recent),
        "spend_to_income": (np.log(history.spend_recent / income) + 2.1) / 0.55,
        "balance": (np.log1p(flows.last("balance", month, 1)[:, 0]) - 15.2) / 1.0,
        "savings": (np.log1p(flows.last("savings_in", month, 3).sum(axis=1) / income) - 0.035) / 0.025,
        "contacts": (np.log1p(contacts) - 1.2) / 0.55,
        "overseas": overseas_trips(history.recent),
        "payroll_moves": history.payroll_moves.astype(np.float64),
    }
    return PlainState(**{name: np.clip(value.astype(np.float64), -2.5, 2.5) for name, value in values.items()})


def purchase_count(recent: Quarter) -> F64:
    """Standardised log number of purchases in a quarter ``[n]``."""
    return unit(np.log(recent.size.astype(np.float64)), 3.8, 0.35)


def overseas_trips(recent: Quarter) -> F64:
    """Standardised log number of purchases abroad in a quarter ``[n]``."""
    return unit(np.log1p(recent.by_channel[:, 3].astype(np.float64)), 0.9, 0.75)


def unfavoured(history: History) -> F64:
    """Of the five protected attributes, how many put the customer in the unfavoured group: ``[n]``, 0 to 5.

    Unfavoured: age 60+, female, rural, low income, and single or student. The tunable disparity multiplies it.
    """
    people = history.people
    return np.asarray(
        (people.age_group == 3).astype(np.float64)
        + (people.gender == 0)
        + (people.region == 2)
        + (people.income_tier == 0)
        + (people.life_stage <= 1)
    )
