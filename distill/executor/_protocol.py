"""What the stages ask of whatever runs their work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["Executor"]

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """Runs pieces of work that do not depend on each other.

    Which executor is used never changes a result: each piece sees the state that its worker made from ``prepare``,
    its item, and nothing else, and runs on one thread.
    """

    workers: int

    def run(self, prepare: Callable[[], S], work: Callable[[S, T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        """Yield each item with its result, as they finish.

        Args:
            prepare: Makes what all items share, once per worker; picklable.
            work: The piece; picklable.
            items: Started in this order: put the longest first.

        Raises:
            Whatever ``prepare`` or ``work`` raises. Pieces that had finished before were yielded.
        """
