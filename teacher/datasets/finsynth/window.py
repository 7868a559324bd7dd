"""Draw the events of one label window so that the 13 labels, read off the events, follow the truth exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.diversity import main_branches, simpson
from teacher.datasets.finsynth.habits import Habits
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.merchants import LEAVES, TOP_OF
from teacher.datasets.finsynth.ownership import affinity, choose
from teacher.datasets.finsynth.population import Latent
from teacher.datasets.finsynth.purchases import Layout, Quarter, lay_out, split_amounts
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.timeline import GAP_DAYS, MONTH_START
from teacher.datasets.finsynth.truth import GROWTH_NOISE, Truth, next_mix

__all__ = ["ProductEvents", "Window", "draw_products", "draw_purchases", "window_days"]

I8 = NDArray[np.int8]


def window_days(month: int) -> tuple[int, int]:
    """First day and day after the last of the label window: from 10 days after the cutoff to the quarter's end.

    The next category alone is read from day 8 on; the gap is 7 days.
    """
    return int(MONTH_START[month]) + 10, int(MONTH_START[month + 3])


@dataclass(frozen=True)
class ProductEvents:
    """Days of opening and closing per product (inf: never) ``[n, 24]``, and the payroll move's day (inf: never)."""

    acquired: NDArray[np.float64]
    dropped: NDArray[np.float64]
    payroll_moved: NDArray[np.float64]


def draw_products(truth: Truth, history: History, latent: Latent, streams: Streams) -> ProductEvents:
    """Openings by competing exponential clocks, one per family; closings and the payroll move by coins."""
    begin, end = window_days(history.month)
    span = end - begin
    rng = streams(f"products-{history.month}")
    n = len(truth.churn)
    wait = rng.standard_exponential((n, 6)) / np.maximum(truth.rates, 1e-300)
    choice = choose(np.where(history.held, 0.0, affinity(latent)).reshape(-1, 6, 4), rng)
    # a hair inside the window, so that an opening never falls on its end by rounding to whole seconds
    day = np.where(wait < 1, begin + wait * (span - 0.01), np.inf)
    acquired = np.full((n, 6, 4), np.inf)
    np.put_along_axis(acquired, choice[:, :, None], day[:, :, None], axis=2)
    closing = rng.random((n, 24))
    close_day = begin + rng.random((n, 24)) * (span - 0.01)
    dropped = np.where(history.held & (closing < truth.drop[:, None]), close_day, np.inf)
    moved = np.where(rng.random(n) < truth.churn, begin + rng.random(n) * (span - 0.01), np.inf)
    return ProductEvents(acquired=acquired.reshape(n, 24), dropped=dropped, payroll_moved=moved)


@dataclass(frozen=True)
class Window:
    """The purchases of the label quarter and the labels that they carry."""

    quarter: Quarter
    spend: NDArray[np.int64]
    next_category: I8
    shifted: NDArray[np.bool_]
    diversity_change: NDArray[np.float64]
    log_spend: NDArray[np.float64]


def draw_purchases(
    index: int,
    truth: Truth,
    history: History,
    habits: Habits,
    plan: NDArray[np.float64],
    counts: NDArray[np.int64],
    strength: float,
    streams: Streams,
) -> Window:
    """Draw the quarter ``index`` that begins at the cutoff. ``plan``, ``counts``: ``[n, 9]`` spend and purchases."""
    rng = streams(f"window-{index}")
    layout = lay_out(index, counts, rng)
    spend = _scale_spend(plan, truth.log_spend, rng)
    amount = split_amounts(spend, layout, rng)
    category = habits.categories(index, layout, main_branches(history.categories_12m()), truth.drift, rng)
    first = _first_after_gap(layout, history.cutoff_day)
    category[first] = _diffuse(_past_category(history.recent, np.arange(len(first)), rng), strength, rng)
    quarter = Quarter(
        index, layout.start, layout.customer, layout.day, amount, category,
        habits.tiers(index, layout, rng), habits.channels(layout, rng),
    )  # fmt: skip
    after = layout.start[:, 1]
    wanted = rng.random(len(first)) < truth.shift
    _swap_branches(quarter, first, history.recent.spend_by_branch.argmax(axis=1), wanted, rng)
    later = np.arange(len(category)) >= after[layout.customer]
    seen = np.bincount(
        layout.customer[later].astype(np.int64) * LEAVES + quarter.category[later], minlength=len(first) * LEAVES
    )
    return Window(
        quarter=quarter,
        spend=spend,
        next_category=quarter.category[first],
        shifted=wanted,
        diversity_change=simpson(seen.reshape(-1, LEAVES)) - simpson(history.recent.by_category),
        log_spend=np.log(spend[:, 1:].sum(axis=1)),
    )


def _scale_spend(
    plan: NDArray[np.float64], mean_log: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    total = np.exp(mean_log + GROWTH_NOISE * rng.standard_normal(len(plan)))
    factor = total / plan[:, 1:].sum(axis=1)
    return np.asarray(np.maximum(np.rint(plan * factor[:, None]), 1_000), dtype=np.int64)


def _first_after_gap(layout: Layout, cutoff_day: int) -> NDArray[np.int64]:
    """Position of each customer's first purchase on or after day 8 of the window's first month."""
    late = np.flatnonzero(layout.day >= cutoff_day + GAP_DAYS)
    return np.asarray(late[np.diff(layout.customer[late], prepend=-1) != 0])


def _past_category(recent: Quarter, customer: NDArray[np.int64], rng: np.random.Generator) -> I8:
    """The category of one of the customer's purchases in the recent quarter, drawn evenly."""
    offset = (rng.random(len(customer)) * recent.size[customer]).astype(np.int64)
    return np.asarray(recent.category[recent.start[customer, 0] + offset])


def _diffuse(category: I8, strength: float, rng: np.random.Generator) -> I8:
    """One step of the tree kernel: itself, a sibling, a cousin, or anything."""
    mix = next_mix(strength)
    edges = np.cumsum([mix["own"], mix["sibling"], mix["cousin"]])
    kind = np.searchsorted(edges, rng.random(len(category)), side="right")
    branch, within = TOP_OF[category] * 5, category % 5
    u = rng.random(len(category))
    small = within < 2
    sibling = np.where(small, 1 - within, 2 + (within - 2 + 1 + (u * 2).astype(np.int8)) % 3)
    cousin = np.where(small, 2 + (u * 3).astype(np.int8), (u * 2).astype(np.int8))
    anything = (u * LEAVES).astype(np.int8)
    return np.choose(kind, [category, branch + sibling, branch + cousin, anything]).astype(np.int8)


def _swap_branches(
    quarter: Quarter,
    kept: NDArray[np.int64],
    old: NDArray[np.int64],
    shifted: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    """Exchange two branches, category by category, where the realised top branch contradicts the drawn label.

    The exchange is a bijection of categories, so the diversity of the window does not change. The purchases ``kept``
    carry the next category and stay as they are.
    """
    realised = quarter.branch_spend(quarter.start[:, 1]).argmax(axis=1)
    other = (old + rng.integers(1, 10, len(old))) % 10
    partner = np.where(shifted, np.where(realised == old, other, old), realised)
    customer = quarter.customer
    branch = TOP_OF[quarter.category]
    a, b = old[customer], partner[customer]
    new = np.where(branch == a, b, np.where(branch == b, a, branch))
    category = (new * 5 + quarter.category % 5).astype(np.int8)
    category[kept] = quarter.category[kept]
    quarter.category = category
