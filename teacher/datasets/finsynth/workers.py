"""Worker processes for independent jobs: as many as the machine bears, and none that outlives its parent."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any

from understudy.errors import UserError

__all__ = ["default_workers", "run_jobs"]


def default_workers(megabytes_per_job: float) -> int:
    """Usable cores, or fewer where half of the machine's memory does not hold so many jobs of ``megabytes_per_job``."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    return max(1, min(cores, int(memory / 2 / megabytes_per_job)))


def run_jobs(work: Callable[[Any], None], jobs: Sequence[Any], workers: int) -> Iterator[None]:
    """Run ``work(job)`` for every job, yielding once per finished job; in this process if ``workers`` is 1.

    Raises:
        UserError: a worker was killed, most likely for memory.
    """
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            work(job)
            yield
        return
    # spawn: a fork of a process with threads (DuckDB, torch) may hang
    with ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=get_context("spawn"), initializer=_die_with_parent
    ) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                future.result()
                yield
        except BrokenProcessPool:
            fix = "Run it again with fewer workers: what is finished is kept."
            raise UserError("a worker process was killed (out of memory?)", fix=fix) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _die_with_parent() -> None:
    """End this worker when its parent ends, however that happens: a killed parent says nothing to its workers."""
    threading.Thread(target=_outlive_nobody, daemon=True).start()


def _outlive_nobody() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
