"""What a customer buys, how and at which price tier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.diversity import ANYTHING, BRANCH_SHARE, FIRST_OF_PAIR, drift_of
from teacher.datasets.finsynth.merchants import LEAVES
from teacher.datasets.finsynth.population import Latent
from teacher.datasets.finsynth.purchases import TIERS, Layout
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.timeline import QUARTERS

__all__ = ["Habits", "form_habits"]

I8 = NDArray[np.int8]
_KEPT: Final = 0.8  # probability that a branch's two favourites stay the same from one quarter to the next
_PROFILES: Final = 16


@dataclass(frozen=True)
class Habits:
    """Latent shopping habits of ``n`` customers.

    ``main [n, 3]`` and ``drift [n]``: main branches and drift of the first quarter; later ones follow what was bought.
    ``pair [6, n, 10, 2]``: the two favourite categories of every branch, per quarter.
    ``profile [n]``: of payment channels. ``spread [n, 6]``: half the distance between the two price tiers a customer
    shops at, per quarter, around ``centre [n]``.
    """

    main: I8
    pair: I8
    drift: NDArray[np.float32]
    profile: I8
    spread: NDArray[np.float32]
    centre: NDArray[np.float32]

    def categories(
        self, quarter: int, layout: Layout, main: I8, drift: NDArray[np.floating], rng: np.random.Generator
    ) -> I8:
        """Draw a category per purchase.

        One of the ``main [n, 3]`` branches, but with probability ``|drift|`` any of the ten (``drift > 0``) or the
        first of the main ones (``drift < 0``); in the branch one of the two favourites; now and then anything at all.
        """
        who, size = layout.customer, len(layout.cell)
        branch = main[who, _lookup(BRANCH_SHARE)[rng.integers(0, 256, size, dtype=np.uint8)]]
        away = drift.astype(np.float32)[who]
        leaves_habit = rng.random(size, dtype=np.float32) < np.abs(away)
        elsewhere = np.where(away > 0, rng.integers(0, 10, size, dtype=np.int8), main[who, 0])
        branch = np.where(leaves_habit, elsewhere, branch)
        second = (rng.random(size, dtype=np.float32) > FIRST_OF_PAIR).astype(np.int8)
        category = branch * np.int8(5) + self.pair[quarter][who, branch, second]
        anything = rng.random(size, dtype=np.float32) < ANYTHING
        return np.asarray(np.where(anything, rng.integers(0, LEAVES, size, dtype=np.int8), category), dtype=np.int8)

    def channels(self, layout: Layout, rng: np.random.Generator) -> I8:
        """Draw a payment channel per purchase from the customer's profile."""
        draw = rng.integers(0, 256, len(layout.cell), dtype=np.uint8)
        return np.asarray(_channel_tables()[self.profile[layout.customer], draw])

    def tiers(self, quarter: int, layout: Layout, rng: np.random.Generator) -> I8:
        """Draw the merchant's price tier per purchase: centre plus or minus the quarter's spread, blurred."""
        side = rng.integers(0, 2, len(layout.cell), dtype=np.int8).astype(np.float32) * 2 - 1
        blur = 0.6 * rng.standard_normal(len(layout.cell), dtype=np.float32)
        place = self.centre[layout.customer] + side * self.spread[layout.customer, quarter] + blur
        return np.asarray(np.clip(np.rint(place), 0, TIERS - 1), dtype=np.int8)


def form_habits(latent: Latent, streams: Streams) -> Habits:
    """Draw every customer's habits.

    In each branch a customer has two favourite categories: in one sub-branch (with probability ``focus``) or one in
    each. Either way every category is as likely as its siblings, so category, branch and diversity counts do not
    tell the two apart; only the tree does.
    """
    rng = streams("habits")
    n = len(latent.focus)
    return Habits(
        main=np.argsort(rng.random((n, 10), dtype=np.float32), axis=1)[:, :3].astype(np.int8),
        pair=_pairs(latent.focus, rng),
        drift=drift_of(rng.standard_normal(n)).astype(np.float32),
        profile=rng.integers(0, _PROFILES, n, dtype=np.int8),
        spread=np.clip(2.0 + 1.1 * rng.standard_normal((n, QUARTERS), dtype=np.float32), 0.0, 4.5),
        centre=latent.price_centre,
    )


def _pairs(focus: NDArray[np.float32], rng: np.random.Generator) -> I8:
    """Two of the five categories of each branch, drawn anew now and then: ``[quarters, n, 10, 2]``."""
    shape = (QUARTERS, len(focus), 10)
    same = rng.random(shape, dtype=np.float32) < focus[:, None]
    small, flip = rng.integers(0, 2, (2, *shape), dtype=np.int8).astype(np.bool_)
    one_of_two = rng.integers(0, 2, shape, dtype=np.int8)
    first, step = rng.integers(0, 3, shape, dtype=np.int8), rng.integers(1, 3, shape, dtype=np.int8)
    of_two = np.stack([one_of_two, 1 - one_of_two], -1)
    of_three = 2 + np.stack([first, (first + step) % 3], -1)
    together = np.where(small[..., None], of_two, of_three)
    apart = np.stack([of_two[..., 0], of_three[..., 0]], -1)
    pair = np.where(same[..., None], together, np.where(flip[..., None], apart, apart[..., ::-1])).astype(np.int8)
    kept = rng.random(shape, dtype=np.float32) < _KEPT
    for quarter in range(1, len(pair)):
        pair[quarter] = np.where(kept[quarter][..., None], pair[quarter - 1], pair[quarter])
    return np.asarray(pair)


def _lookup(share: NDArray[np.float64]) -> I8:
    edges = np.rint(np.cumsum(share / share.sum()) * 256).astype(int)
    return np.searchsorted(edges, np.arange(256), side="right").astype(np.int8)


@cache
def _channel_tables() -> I8:
    shares = np.random.default_rng(20_250_201).dirichlet((6.0, 4.0, 3.0, 0.6, 2.0), _PROFILES)
    return np.stack([_lookup(share) for share in shares])
