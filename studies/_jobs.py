"""What every study does: run the jobs that are missing, within a time, and keep one small file of each."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._machine import machine
from studies._results import keep, kept
from teacher.datasets import load_spec, open_dataset, prepare
from teacher.datasets.dataset import Dataset
from understudy.errors import UserError
from understudy.progress import LogProgress

__all__ = ["ROOT", "Job", "arguments", "dataset_of", "run_missing"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Job:
    """One model on one split of one dataset. ``customers`` is None for all of a real file."""

    dataset: str
    model: str
    seed: int
    customers: int | None = None

    @property
    def place(self) -> str:
        """Dataset and size, as a folder's name."""
        return self.dataset if self.customers is None else f"{self.dataset}-{self.customers}"


def arguments(text: str | None, *, seeds: Sequence[int], customers: int | None = None) -> argparse.ArgumentParser:
    """The arguments that all studies share."""
    parser = argparse.ArgumentParser(description=(text or "").partition("\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(seeds))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no job after so many minutes")
    parser.add_argument("--models", nargs="+", default=[], help="only these")
    parser.add_argument(
        "--runs", type=Path, default=ROOT / "runs" / "studies", help="prepared datasets and checkpoints"
    )
    if customers is not None:
        parser.add_argument("--customers", type=int, default=customers)
    return parser


def run_missing(
    study: str, jobs: Sequence[Job], measure: Callable[[Job, Dataset, Path], dict[str, Any]], asked: argparse.Namespace
) -> None:
    """Measure every job that has no file under ``studies/results`` yet, in order, and keep each at once."""
    started = time.monotonic()
    for job in jobs:
        if kept(study, job.place, job.model, job.seed) is not None or (asked.models and job.model not in asked.models):
            continue
        if time.monotonic() - started > 60 * asked.minutes:
            return
        dataset = dataset_of(job, asked.runs)
        begun, worked = time.monotonic(), time.process_time()
        found = measure(job, dataset, asked.runs / study / f"{job.place}-{job.model}-{job.seed}")
        facts = {"study": study, "dataset": job.place, "model": job.model, "seed": job.seed}
        facts |= {"fingerprint": dataset.fingerprint, "seconds": round(time.monotonic() - begun, 1)}
        facts["cpu_seconds"] = round(time.process_time() - worked, 1)
        facts["rows"] = {split: len(dataset.rows(split)) for split in ("train", "valid", "test")}
        keep(study, job.place, job.model, job.seed, facts | {"machine": machine()} | found)
        print(f"{study}: {job.place} {job.model} {job.seed}: {facts['seconds']:.0f} s", flush=True)


def dataset_of(job: Job, runs: Path) -> Dataset:
    """The dataset of the job; a seed has its own split, which all models of that seed share."""
    loaded = load_spec(job.dataset)
    folder = runs / "data" / f"{job.place}-{job.seed}"
    data = os.environ.get("UNDERSTUDY_DATA")
    if not (folder / "dataset.json").exists():
        if data is None and job.customers is None:
            raise UserError("UNDERSTUDY_DATA is not set", fix="Name the folder that holds the public data files.")
        prepare(
            loaded,
            folder,
            data_dir=Path(data) if data else None,
            seed=job.seed,
            customers=job.customers,
            progress=LogProgress(every=60),
        )
    return open_dataset(folder)
