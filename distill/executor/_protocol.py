"""What the stages ask of whatever runs their work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "Executor", "Gang", "Member", "Positions"]

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Columns = dict[str, NDArray[np.float64]]
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Member:
    """One of ``of`` workers that do the same work at the same time; ``network`` is how LightGBM's sockets meet.

    ``network`` holds ``machines`` ("host:port,..."), ``local_listen_port`` and ``num_machines``.
    """

    rank: int
    of: int
    network: dict[str, Any]


class Gang(Protocol):
    """Several workers on one piece of work that is too large for one of them."""

    workers: int

    def takes(self, size: int) -> bool:
        """Whether work of ``size`` (training rows times outputs) is for all workers together."""

    def run(self, work: Callable[[Member], R]) -> R:
        """Do ``work`` in every worker at the same time; returns what the worker of rank 0 returned."""


class Executor(Protocol):
    """Runs pieces of work that do not depend on each other.

    Which executor is used never changes a result: each piece sees the state that its worker made from ``prepare``,
    its item, and nothing else, and runs on one thread. The exception is what a ``gang`` does: sums over shards are
    other floats than sums over all rows.
    """

    workers: int
    gang: Gang | None

    def run(self, prepare: Callable[[], S], work: Callable[[S, T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        """Yield each item with its result, as they finish.

        Args:
            prepare: Makes what all items share, once per worker; picklable.
            work: The piece; picklable.
            items: Started in this order: put the longest first.

        Raises:
            Whatever ``prepare`` or ``work`` raises. Pieces that had finished before were yielded.
        """

    def map_rows(
        self, prepare: Callable[[], S], work: Callable[[S, Positions], Columns], rows: Positions, batch: int
    ) -> Columns:
        """``work`` on ``rows``, in batches of at most ``batch`` where there are several workers.

        Args:
            prepare: Makes what all batches share, once per worker; picklable.
            work: Positions ``[m]`` -> columns whose first axis is ``m``; picklable.
            rows: ``[n]`` distinct positions.

        Returns:
            Columns aligned with ``rows``.
        """
