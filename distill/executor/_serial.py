"""One piece after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["Serial"]

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")


class Serial:
    """For small data, where starting processes costs more than it gives, and for one core."""

    workers = 1

    def run(self, prepare: Callable[[], S], work: Callable[[S, T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        if not items:
            return
        state = prepare()
        for item in items:
            yield item, work(state, item)
