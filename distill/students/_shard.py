"""One worker's share of the training rows of an oversized task: LightGBM's data-parallel mode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from distill.executor import Member
from distill.students._targets import Targets

__all__ = ["Shard", "joined"]

_LEAVES = re.compile(r"^leaf_count=(.*)$", re.MULTILINE)
_MINUTES = 10


@dataclass(frozen=True)
class Shard:
    """A random share of the training rows, and what LightGBM must be told so that all shares make one model.

    Attributes:
        rows: Positions within the training rows, increasing.
        parameters: ``tree_learner`` (histograms are summed over the workers before a split is chosen) and
            ``pre_partition`` (the rows at hand are this worker's, not everybody's).
    """

    rows: NDArray[np.int64]
    parameters: dict[str, Any]

    @classmethod
    def of_rows(cls, rows: int, member: Member, seed: int) -> Shard:
        """The member's share of ``rows`` rows. Each worker finds the bins of some features in its own rows alone,
        which must therefore be a sample of all rows, in whatever order the rows lie."""
        order = np.random.default_rng(seed).permutation(rows)
        machines = int(member.network.get("num_machines", 1))
        parameters = {"tree_learner": "data", "pre_partition": True, "num_machines": machines}
        return cls(np.sort(order[member.rank :: member.of]).astype(np.int64), parameters if machines > 1 else {})

    def part(self, targets: Targets) -> Targets:
        """The targets of this worker's rows; ``rows`` then count within the shard."""
        place = np.searchsorted(self.rows, targets.rows)
        kept = (place < len(self.rows)) & (self.rows[np.minimum(place, len(self.rows) - 1)] == targets.rows)
        weights = None if targets.weights is None else targets.weights[kept]
        return Targets(place[kept].astype(np.int64), targets.values[kept], weights)

    def require_all(self, text: str, rows: int) -> None:
        """LightGBM does not complain about workers that do not hear of each other: each learns from its own rows.

        Raises:
            RuntimeError: the first tree was not grown from ``rows`` rows.
        """
        counted = _LEAVES.search(text)
        seen = sum(map(int, counted.group(1).split())) if counted else rows
        if seen not in (0, rows):  # a tree without a split counts nothing
            raise RuntimeError(f"a worker learned from {seen} of {rows} rows: the workers' network was not set up")


@contextmanager
def joined(member: Member) -> Iterator[None]:
    """Connect LightGBM of this process with that of the other members while bins are found and models are fitted.

    Raises:
        lightgbm.basic.LightGBMError: they did not meet in time.
    """
    if not member.network or member.of == 1:
        yield
        return
    # The network is one of the process; a booster is only needed to ask for it.
    asking = lgb.Booster({"verbose": -1}, lgb.Dataset(np.zeros((2, 1)), np.zeros(2), params={"verbose": -1}))
    asking.set_network(
        member.network["machines"], member.network["local_listen_port"], _MINUTES, member.network["num_machines"]
    )
    try:
        yield
    finally:
        asking.free_network()
