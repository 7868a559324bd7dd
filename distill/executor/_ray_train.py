"""All workers on one task, through Ray Train."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any, TypeVar

from distill.executor._protocol import Member
from understudy.errors import UserError

__all__ = ["TrainGang"]

R = TypeVar("R")


class TrainGang:
    """A worker group of Ray Train's LightGBM trainer: it places the workers and tells each where the others listen.

    Without these addresses LightGBM says nothing and each worker learns from its own shard alone; whoever trains must
    check that the rows of all shards were seen.
    """

    def __init__(self, workers: int, oversized: int, joined: Callable[[], Any]) -> None:
        self.workers = workers
        self._oversized = oversized
        self._joined = joined

    def takes(self, size: int) -> bool:
        return size >= self._oversized

    def run(self, work: Callable[[Member], R]) -> R:
        ray = self._joined()
        from ray.train import RunConfig, ScalingConfig, TrainingFailedError
        from ray.train.lightgbm import LightGBMTrainer

        mailbox = ray.remote(num_cpus=0)(_Mailbox).remote()
        with tempfile.TemporaryDirectory() as folder:
            trainer = LightGBMTrainer(
                _member,
                train_loop_config={"work": ray.put(work), "mailbox": mailbox},
                scaling_config=ScalingConfig(num_workers=self.workers, resources_per_worker={"CPU": 1}),
                run_config=RunConfig(name="oversized", storage_path=folder),
            )
            try:
                trainer.fit()
            except TrainingFailedError as error:
                raise _cause(error) from error
        found: R = ray.get(mailbox.take.remote())
        return found


class _Mailbox:
    """Where rank 0 leaves what it made: a training function's own reports are for metrics and checkpoints."""

    def __init__(self) -> None:
        self._found: Any = None

    def put(self, found: Any) -> None:
        self._found = found

    def take(self) -> Any:
        return self._found


def _member(config: dict[str, Any]) -> None:
    """What each worker runs."""
    import ray
    from ray.train import get_context
    from ray.train.lightgbm import get_network_params

    context = get_context()
    member = Member(context.get_world_rank(), context.get_world_size(), get_network_params())
    found = ray.get(config["work"])(member)
    if member.rank == 0:
        ray.get(config["mailbox"].put.remote(found))


def _cause(error: Exception) -> Exception:
    """What a worker raised itself; else that a worker was lost, which may pass."""
    for found in getattr(error, "worker_failures", {}).values():
        cause = getattr(found, "cause", None) or found
        if type(cause).__module__.partition(".")[0] != "ray" and isinstance(cause, Exception):
            return cause
    fix = "Run the job again; finished tasks are kept."
    return UserError(f"the workers of an oversized task were lost: {error}", where="executor", fix=fix, exit_code=5)
