"""Which executor, by config."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field, model_validator

from distill.executor._cluster import Cluster
from distill.executor._processes import Processes
from distill.executor._protocol import Executor
from distill.executor._serial import Serial
from understudy.contracts._model import Contract

__all__ = ["ExecutorConfig", "open_executor"]

# Two workers each import LightGBM and bin the rows: below this, one process is done sooner.
_WORTH_A_POOL = 20_000


class ExecutorConfig(Contract):
    """``auto`` takes processes where there is more than one core and enough rows to keep them busy."""

    kind: Literal["auto", "serial", "processes", "ray"] = "auto"
    workers: int | None = Field(default=None, ge=1, description="default: one for each core that may be used")
    oversized: int | None = Field(
        default=None,
        ge=1,
        description="training rows times outputs from which all workers fit a task together, each on its share of the "
        "rows (Ray only; default: never)",
    )

    @model_validator(mode="after")
    def _together_needs_ray(self) -> ExecutorConfig:
        if self.oversized is not None and self.kind != "ray":
            raise ValueError(f"oversized tasks are fitted through Ray, not by {self.kind}: set kind to ray")
        return self


def open_executor(config: ExecutorConfig, rows: int) -> Executor:
    """The executor of ``config`` for ``rows`` training rows.

    Raises:
        UserError: Ray was asked for and is not installed.
    """
    workers = config.workers or len(os.sched_getaffinity(0))
    if config.kind == "ray":
        return Cluster(workers, config.oversized)
    if config.kind == "processes":
        return Processes(workers)
    if config.kind == "auto" and workers > 1 and rows >= _WORTH_A_POOL:
        return Processes(workers)
    return Serial()
