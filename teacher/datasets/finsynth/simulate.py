"""Simulate one partition: twelve months of habits, then twice a snapshot and its label window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.config import FinsynthConfig
from teacher.datasets.finsynth.diversity import drift_after, main_branches
from teacher.datasets.finsynth.equations import EQUATIONS
from teacher.datasets.finsynth.flows import Flows, month_flows
from teacher.datasets.finsynth.habits import Habits, form_habits
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.indicators import indicators_at
from teacher.datasets.finsynth.labels import Labels, label_values
from teacher.datasets.finsynth.ownership import Ownership, start_ownership
from teacher.datasets.finsynth.population import People, populate
from teacher.datasets.finsynth.purchases import Quarter, lay_out, split_amounts
from teacher.datasets.finsynth.spending import counts_per_dekad, planned_spend
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.timeline import CUTOFF_QUARTERS, MONTH_START, QUARTER
from teacher.datasets.finsynth.truth import Truth, label_truth
from teacher.datasets.finsynth.window import draw_products, draw_purchases

__all__ = ["Partition", "Snapshot", "simulate"]

_MONTHLY_PAYROLL_MOVE = 0.055
_USUAL_DRIFT = EQUATIONS["drift"]
"""The earlier quarters follow the same law as the label windows, whatever is switched off there."""


@dataclass(frozen=True)
class Snapshot:
    """What is known at a cutoff, what a perfect model would say, and what then happened."""

    history: History
    truth: Truth
    labels: Labels


@dataclass(frozen=True)
class Partition:
    """All events of the customers ``first_customer`` ... ``first_customer + n - 1``."""

    first_customer: int
    people: People
    flows: Flows
    ownership: Ownership
    spend: NDArray[np.int64]
    quarters: list[Quarter]
    payroll_moves: list[tuple[NDArray[np.int64], NDArray[np.int64]]]
    """(customer, day) of each move, in arrays per period."""
    snapshots: list[Snapshot]


def simulate(first_customer: int, n: int, streams: Streams, config: FinsynthConfig) -> Partition:
    """Simulate ``n`` customers; nothing depends on other partitions."""
    people, latent = populate(n, streams)
    habits, flows = form_habits(latent, streams), month_flows(people, latent, streams)
    plan, counts = planned_spend(latent, streams), counts_per_dekad(latent, streams)
    ownership = start_ownership(latent, 3 * CUTOFF_QUARTERS[0], streams)
    spend = np.maximum(np.rint(plan), 1_000).astype(np.int64)
    quarters: list[Quarter] = []
    for q in range(CUTOFF_QUARTERS[0]):
        quarters.append(_quarter(q, habits, spend, counts, quarters, streams))
    moves = [_early_moves(n, streams)]
    snapshots = []
    for position, q in enumerate(CUTOFF_QUARTERS):
        history = _history(
            q, people, flows, ownership, spend, quarters, moves, indicators_at(people, streams)[position]
        )
        truth = label_truth(history, config)
        products = draw_products(truth, history, latent, streams)
        dekads = slice(q * QUARTER, (q + 1) * QUARTER)
        window = draw_purchases(
            q, truth, history, habits, plan[:, dekads], counts[:, dekads], config.strength("hgcn"), streams
        )
        spend[:, dekads] = window.spend
        quarters.append(window.quarter)
        ownership.follow(3 * q, 3, products.acquired, products.dropped)
        moved = np.flatnonzero(np.isfinite(products.payroll_moved))
        moves.append((moved, products.payroll_moved[moved].astype(np.int64)))
        snapshots.append(Snapshot(history, truth, label_values(history, products, window)))
    return Partition(first_customer, people, flows, ownership, spend, quarters, moves, snapshots)


def _quarter(
    index: int,
    habits: Habits,
    spend: NDArray[np.int64],
    counts: NDArray[np.int64],
    before: list[Quarter],
    streams: Streams,
) -> Quarter:
    rng = streams(f"quarter-{index}")
    main, drift = _direction(habits, before)
    dekads = slice(index * QUARTER, (index + 1) * QUARTER)
    layout = lay_out(index, counts[:, dekads], rng)
    return Quarter(
        index=index,
        start=layout.start,
        customer=layout.customer,
        day=layout.day,
        amount=split_amounts(spend[:, dekads], layout, rng),
        category=habits.categories(index, layout, main, drift, rng),
        tier=habits.tiers(index, layout, rng),
        channel=habits.channels(layout, rng),
    )


def _direction(habits: Habits, before: list[Quarter]) -> tuple[NDArray[np.int8], NDArray[np.floating]]:
    """Main branches and drift of the quarter that follows ``before`` (at most four quarters)."""
    if not before:
        return habits.main, habits.drift
    year = np.sum([quarter.by_category for quarter in before], axis=0)
    return main_branches(year), drift_after(before[-1], year, _USUAL_DRIFT)


def _early_moves(n: int, streams: Streams) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Payroll moves before the first cutoff: a coin a month, on a day of the month's first four weeks."""
    rng = streams("payroll")
    customer, month = np.nonzero(rng.random((n, 3 * CUTOFF_QUARTERS[0])) < _MONTHLY_PAYROLL_MOVE)
    return customer, MONTH_START[month] + rng.integers(0, 28, len(month))


def _history(
    quarter: int,
    people: People,
    flows: Flows,
    ownership: Ownership,
    spend: NDArray[np.int64],
    quarters: list[Quarter],
    moves: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    indicators: NDArray[np.float64],
) -> History:
    month = 3 * quarter
    return History(
        month=month,
        people=people,
        flows=flows,
        spend=spend[:, (quarter - 4) * QUARTER : quarter * QUARTER].copy(),
        quarters=tuple(quarters[quarter - 4 : quarter]),
        held=ownership.at(month).copy(),
        indicators=indicators,
        payroll_moves=_recent_moves(moves, month, len(people.age)),
    )


def _recent_moves(moves: list[tuple[NDArray[np.int64], NDArray[np.int64]]], month: int, n: int) -> NDArray[np.int64]:
    customer = np.concatenate([who for who, _ in moves])
    day = np.concatenate([when for _, when in moves])
    recent = (day >= MONTH_START[month - 12]) & (day < MONTH_START[month])
    return np.bincount(customer[recent], minlength=n)
