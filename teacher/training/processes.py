"""Train one teacher in several processes: torchrun starts them, and this process waits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from teacher.config import TeacherConfig
from teacher.health import HealthReport, TrainingHealthError
from understudy.atomic import write_json
from understudy.contracts._model import read_json
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["FAILED", "JOB", "ROWS", "train_in_processes"]

JOB, ROWS, FAILED = "processes.json", "processes.npz", "processes.failed"


def train_in_processes(
    dataset: Dataset, train: NDArray[np.int64], valid: NDArray[np.int64], config: TeacherConfig, out: Path
) -> None:
    """Run ``teacher.training.worker`` ``config.processes`` times side by side; it leaves what ``fit_teacher`` leaves.

    Raises:
        UserError: there are fewer GPUs than processes, or a process ended with an error; its last lines are told.
        TrainingHealthError: a health check failed.
    """
    gpus = torch.cuda.device_count()
    if config.device != "cpu" and 0 < gpus < config.processes:
        fix = f"Set processes to at most {gpus}."
        raise UserError(f"{config.processes} processes and {gpus} GPUs", where="teacher config", fix=fix)
    out.mkdir(parents=True, exist_ok=True)
    (out / "health.json").unlink(missing_ok=True)  # a failure is told by this run's, not by an earlier one's
    np.savez(out / ROWS, train=train, valid=valid)
    write_json(out / JOB, {"dataset": str(dataset.folder.resolve()), "config": config.model_dump(mode="json")})
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(config.processes)]
    ran = subprocess.run([*command, "-m", "teacher.training.worker", str(out)], capture_output=True, check=False)
    said = [path.read_text(encoding="utf-8") for path in sorted(out.glob(f"{FAILED}*"))]
    for path in (out / JOB, out / ROWS, *out.glob(f"{FAILED}*")):
        path.unlink()
    if ran.returncode:
        _explain(out, said[0] if said else ran.stderr.decode(errors="replace").strip().splitlines()[-1])


def _explain(out: Path, said: str) -> None:
    path = out / "health.json"
    report = read_json(HealthReport, path) if path.exists() else None
    if report is not None and report.status == "fail":
        raise TrainingHealthError(report, str(path))
    fix = "Correct what it says; a second run goes on from the last finished epoch."
    raise UserError(f"a training process failed: {said}", where=str(out), fix=fix)
