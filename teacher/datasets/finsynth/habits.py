"""What a customer buys, how and at which price tier, in the quarters before the first snapshot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.merchants import LEAVES
from teacher.datasets.finsynth.population import Latent
from teacher.datasets.finsynth.purchases import TIERS, Layout
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.timeline import CUTOFF_QUARTERS, QUARTERS

__all__ = ["Habits", "form_habits"]

I8 = NDArray[np.int8]
_SLOT_SHARE = np.array([0.30, 0.20, 0.17, 0.11, 0.09, 0.06, 0.07])  # three branches, two categories each; the rest
_PROFILES = 16
_KEPT = 0.8  # probability that a branch's two favourites stay the same from one quarter to the next


@dataclass(frozen=True)
class Habits:
    """``favourite [quarters, n, 6]`` categories (two in each of three branches), ``profile [n]`` of payment channels,
    ``spread [n, 6]``: half the distance between the two price tiers a customer shops at, per quarter, around ``centre``;
    ``drift [n]``: share of the purchases that leave habit, for anything (> 0) or the favourite (< 0).
    """

    favourite: I8
    profile: I8
    drift: NDArray[np.float32]
    spread: NDArray[np.float32]
    centre: NDArray[np.float32]

    def categories(self, quarter: int, layout: Layout, rng: np.random.Generator) -> I8:
        """Draw a category per purchase: a favourite or (7 %) any of the 50, after the customer's drift."""
        slot = _lookup(_SLOT_SHARE)[rng.integers(0, 256, len(layout.cell), dtype=np.uint8)]
        anything = rng.integers(0, LEAVES, len(slot), dtype=np.int8)
        away = self.drift[layout.customer]
        leaves_habit = rng.random(len(slot), dtype=np.float32) < np.abs(away)
        slot = np.where(leaves_habit & (away < 0), 0, slot)
        favourite = self.favourite[quarter]
        known = np.append(favourite, np.zeros((len(favourite), 1), np.int8), axis=1)
        return np.where((slot == 6) | (leaves_habit & (away > 0)), anything, known[layout.customer, slot])

    def channels(self, layout: Layout, rng: np.random.Generator) -> I8:
        """Draw a payment channel per purchase from the customer's profile."""
        draw = rng.integers(0, 256, len(layout.cell), dtype=np.uint8)
        return _channel_tables()[self.profile[layout.customer], draw]

    def tiers(self, quarter: int, layout: Layout, rng: np.random.Generator) -> I8:
        """Draw the merchant's price tier per purchase: centre plus or minus the quarter's spread, blurred."""
        side = rng.integers(0, 2, len(layout.cell), dtype=np.int8).astype(np.float32) * 2 - 1
        blur = 0.6 * rng.standard_normal(len(layout.cell), dtype=np.float32)
        place = self.centre[layout.customer] + side * self.spread[layout.customer, quarter] + blur
        return np.clip(np.rint(place), 0, TIERS - 1).astype(np.int8)


def form_habits(latent: Latent, streams: Streams) -> Habits:
    """Draw every customer's habits.

    In each favourite branch a customer has two categories: in one sub-branch (with probability ``focus``) or one in
    each. Either way every category is as likely as its siblings, so category, branch and diversity counts do not
    tell the two apart; only the tree does.
    """
    rng = streams("habits")
    n = len(latent.focus)
    move = rng.standard_normal((n, QUARTERS), dtype=np.float32)
    return Habits(
        favourite=_favourites(latent.focus, rng),
        profile=rng.integers(0, _PROFILES, n, dtype=np.int8),
        drift=(0.4 * np.tanh(rng.standard_normal(n, dtype=np.float32))).astype(np.float32),
        spread=np.clip(2.0 + 1.1 * move, 0.0, 4.5).astype(np.float32),
        centre=latent.price_centre,
    )


def _favourites(focus: NDArray[np.float32], rng: np.random.Generator) -> I8:
    """The branches stay; the two categories favoured in each are now and then drawn anew."""
    n, quarters = len(focus), CUTOFF_QUARTERS[0]
    branch = np.argsort(rng.random((n, 10), dtype=np.float32), axis=1)[:, :3]
    shape = (quarters, n, 3)
    same = rng.random(shape, dtype=np.float32) < focus[:, None]
    small = rng.integers(0, 2, shape) == 0
    one_of_two = rng.integers(0, 2, shape)
    first, step = rng.integers(0, 3, shape), rng.integers(1, 3, shape)
    of_two = np.stack([one_of_two, 1 - one_of_two], -1)
    of_three = 2 + np.stack([first, (first + step) % 3], -1)
    together = np.where(small[..., None], of_two, of_three)
    apart = np.stack([of_two[..., 0], of_three[..., 0]], -1)
    flip = rng.integers(0, 2, shape) == 0
    pair = np.where(same[..., None], together, np.where(flip[..., None], apart, apart[..., ::-1]))
    kept = rng.random(shape, dtype=np.float32) < _KEPT
    for quarter in range(1, quarters):
        pair[quarter] = np.where(kept[quarter][..., None], pair[quarter - 1], pair[quarter])
    return (branch[..., None] * 5 + pair).reshape(quarters, n, 6).astype(np.int8)


def _lookup(share: NDArray[np.float64]) -> NDArray[np.int8]:
    edges = np.rint(np.cumsum(share / share.sum()) * 256).astype(int)
    return np.searchsorted(edges, np.arange(256), side="right").astype(np.int8)


def _channel_tables() -> NDArray[np.int8]:
    shares = np.random.default_rng(20_250_201).dirichlet((6.0, 4.0, 3.0, 0.6, 2.0), _PROFILES)
    return np.stack([_lookup(share) for share in shares])
