"""A pool of processes on this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from distill.executor._protocol import Columns, Gang, Positions
from distill.executor._serial import in_batches
from understudy.errors import UserError

__all__ = ["Processes"]

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
_state: Any = None


class Processes:
    """Processes are spawned, not forked: a fork of a process whose OpenMP threads have run may hang."""

    gang: Gang | None = None

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, prepare: Callable[[], S], work: Callable[[S, T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        if not items:
            return
        pool = ProcessPoolExecutor(
            min(self.workers, len(items)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(prepare,),
        )
        with pool:
            pending = {pool.submit(_work, work, item): item for item in items}
            try:
                for done in as_completed(pending):
                    yield pending[done], done.result()
            except BrokenProcessPool:
                fix = "Most often the memory did not suffice: use fewer workers, or a larger machine."
                raise UserError("a worker process died", where="executor", fix=fix, exit_code=5) from None
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def map_rows(
        self, prepare: Callable[[], S], work: Callable[[S, Positions], Columns], rows: Positions, batch: int
    ) -> Columns:
        # torch is threaded itself: a second process would load it again to use the cores that it uses already.
        return in_batches(prepare(), work, rows, batch)


def _start(prepare: Callable[[], Any]) -> None:
    global _state
    _state = prepare


def _work(work: Callable[[Any, Any], R], item: Any) -> R:
    # Prepared with the first piece and not in the initializer, whose errors a pool reports as a broken pool.
    global _state
    if callable(_state):
        _state = _Ready(_state())
    return work(_state.value, item)


class _Ready:
    def __init__(self, value: Any) -> None:
        self.value = value
