"""One piece after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from distill.executor._protocol import Columns, Gang, Positions

__all__ = ["Serial", "in_batches"]

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")


class Serial:
    """For small data, where starting processes costs more than it gives, and for one core."""

    workers = 1
    gang: Gang | None = None

    def run(self, prepare: Callable[[], S], work: Callable[[S, T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        if not items:
            return
        state = prepare()
        for item in items:
            yield item, work(state, item)

    def map_rows(
        self, prepare: Callable[[], S], work: Callable[[S, Positions], Columns], rows: Positions, batch: int
    ) -> Columns:
        return in_batches(prepare(), work, rows, batch)


def in_batches(state: S, work: Callable[[S, Positions], Columns], rows: Positions, batch: int) -> Columns:
    """``work`` on ``rows``, ``batch`` of them at a time."""
    parts = [work(state, rows[start : start + batch]) for start in range(0, len(rows), batch)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
