"""Rows through Ray Data."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from distill.executor._protocol import Columns, Positions

__all__ = ["map_batches"]


def map_batches(
    prepare: Any, work: Callable[[Any, Positions], Columns], rows: Positions, batch: int, workers: int
) -> Columns:
    """``work`` on ``rows`` in an actor pool of one CPU a worker; Ray must be joined.

    Each block is one batch and is never cut: what a teacher says of a row may depend, in its last bits, on the rows
    that it is scored with.

    Args:
        prepare: Object reference of what makes the workers' state.
        work: Positions ``[m]`` -> columns of ``m`` rows.
        rows: ``[n]`` distinct positions.
        batch: Rows of a block.
        workers: Actors.
    """
    import pyarrow as pa
    import ray.data

    _settle(ray.data.DataContext.get_current())
    blocks = [pa.table({_PLACE: np.arange(s, min(s + batch, len(rows)))}) for s in range(0, len(rows), batch)]
    scored = ray.data.from_blocks(blocks).map_batches(
        _Mapper,
        fn_constructor_args=(prepare, work, rows),
        batch_size=None,
        batch_format="numpy",
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(blocks))),
        num_cpus=1,
    )
    return _in_order(list(scored.iter_batches(batch_size=None, batch_format="numpy")))


_PLACE = "place"


class _Mapper:
    """One worker of the pool."""

    def __init__(self, prepare: Any, work: Callable[[Any, Positions], Columns], rows: Positions) -> None:
        import ray

        self._state = ray.get(prepare)()
        self._work = work
        self._rows = rows

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        places = np.asarray(block[_PLACE], dtype=np.int64)
        return {_PLACE: places, **self._work(self._state, self._rows[places])}


def _settle(context: Any) -> None:
    """Errors come back as they were raised. A job's log is one JSON object a line; what Ray Data tells goes to the
    files of its session."""
    context.raise_original_map_exception = True
    context.enable_progress_bars = False
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.ERROR)


def _in_order(parts: list[dict[str, Any]]) -> Columns:
    """Blocks come back as they finish."""
    names = [name for name in parts[0] if name != _PLACE]
    order = np.argsort(np.concatenate([part[_PLACE] for part in parts]), kind="stable")
    return {name: np.concatenate([np.asarray(part[name]) for part in parts])[order] for name in names}
