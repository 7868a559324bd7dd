"""One of the processes that train a teacher: ``torchrun -m teacher.training.worker FOLDER``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch

from teacher.config import TeacherConfig
from teacher.datasets import open_dataset
from teacher.training.fit import fit_here
from teacher.training.processes import FAILED, JOB, ROWS
from teacher.training.teacher import pick_device
from teacher.training.workers import Workers
from understudy.progress import LogProgress, Silent

__all__ = ["main"]


def main(folder: Path) -> None:
    """Train with the others; the first process writes the files."""
    job = json.loads((folder / JOB).read_bytes())
    rows = np.load(folder / ROWS, allow_pickle=False)
    config = TeacherConfig.model_validate(job["config"])
    device = pick_device(config.device)
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    else:
        torch.set_num_threads(max(1, torch.get_num_threads() // config.processes))
    workers = Workers.join(device)
    progress = LogProgress() if workers.first else Silent()
    try:
        dataset = open_dataset(Path(job["dataset"]))
        fit_here(dataset, rows["train"], rows["valid"], config, folder, progress, workers=workers)
    except Exception as error:
        # torchrun tells the process that waits no more than that something failed.
        (folder / f"{FAILED}{workers.rank}").write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        raise
    finally:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
