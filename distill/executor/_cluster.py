"""Ray: past one machine."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from distill.executor._protocol import Columns, Gang, Positions
from distill.executor._ray_data import map_batches
from distill.executor._ray_train import TrainGang
from understudy.errors import UserError

__all__ = ["Cluster"]

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")


class Cluster:
    """Actors of one CPU each on a Ray cluster, ``RAY_ADDRESS`` or one of this machine's own.

    ``prepare`` is put into Ray's object store once, and its arrays are shared by all workers of a node: the nodes
    need no common file system.
    """

    def __init__(self, workers: int, oversized: int | None = None) -> None:
        try:
            ray = importlib.import_module("ray")
        except ImportError:
            fix = "Install the extra `scale`, or choose processes."
            raise UserError("Ray is not installed", where="executor", fix=fix) from None
        self._ray: Any = ray
        self.workers = workers
        self.gang: Gang | None = None if oversized is None else TrainGang(workers, oversized, self._joined)

    def run(self, prepare: Callable[[], S], work: Callable[[S, T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        if not items:
            return
        yield from self._drain(self._joined().put(prepare), work, items)

    def map_rows(
        self, prepare: Callable[[], S], work: Callable[[S, Positions], Columns], rows: Positions, batch: int
    ) -> Columns:
        ray = self._joined()
        with self._told():
            return map_batches(ray.put(prepare), work, rows, batch, self.workers)

    def _joined(self) -> Any:
        """Ray, joined once; its cluster of this machine's own ends with this process."""
        if not self._ray.is_initialized():
            _join(self._ray, self.workers)
        return self._ray

    def _drain(self, prepare: Any, work: Callable[[Any, T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        ray = self._ray
        actor = ray.remote(num_cpus=1)(_Worker)
        idle = [actor.remote(prepare) for _ in range(min(self.workers, len(items)))]
        waiting = list(items)
        running: dict[Any, tuple[Any, T]] = {}
        while waiting or running:
            while waiting and idle:
                worker, item = idle.pop(), waiting.pop(0)
                running[worker.work.remote(work, item)] = (worker, item)
            done, _ = ray.wait(list(running), num_returns=1)
            worker, item = running.pop(done[0])
            yield item, self._result(done[0])
            idle.append(worker)

    def _result(self, reference: Any) -> Any:
        with self._told():
            return self._ray.get(reference)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What a worker raised is raised here; a worker that is lost may be found again."""
        errors = self._ray.exceptions
        try:
            yield
        except errors.RayTaskError as error:
            raise _cause(error) from None
        except errors.RayError as error:
            fix = "Run the job again; finished tasks are kept."
            raise UserError(f"a Ray worker was lost: {error}", where="executor", fix=fix, exit_code=5) from error


def _cause(error: Any) -> Exception:
    """What the worker raised, rather than Ray's account of it."""
    return error.cause if isinstance(error.cause, Exception) else error


class _Worker:
    """Holds what all its pieces share."""

    def __init__(self, prepare: Callable[[], Any]) -> None:
        self._prepare = prepare
        self._state: Any = None
        self._ready = False

    def work(self, work: Callable[[Any, Any], Any], item: Any) -> Any:
        if not self._ready:
            self._state, self._ready = self._prepare(), True
        return work(self._state, item)


def _join(ray: Any, workers: int) -> None:
    """Join the cluster of ``RAY_ADDRESS``, or start one of this machine's own; nobody is told about it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
        return
    # Workers on this machine find the modules that this process finds.
    environment = {"env_vars": {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}}
    ray.init(
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env=environment,
    )
