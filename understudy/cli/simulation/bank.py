"""The simulated bank: finsynth's customers, and a bundle that was distilled for them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.simulation.plan import Bank
from understudy.contracts.api import CustomerRecord
from understudy.errors import UserError
from understudy.progress import Progress

if TYPE_CHECKING:
    from teacher.datasets import Dataset

__all__ = ["bank_of", "borrow_run", "make_run"]

# What moves: a source that begins to deliver another unit.
DRIFTING = ["balance_1m", "balance_mean_3m", "balance_mean_12m", "savings_in_mean_3m"]
LOSERS = ("gender", "female")


def make_run(root: Path, customers: int, seed: int, progress: Progress) -> Path:
    """Distil a bundle for that many generated customers, quickly; what is there already is kept."""
    from distill.pipeline import Pipeline, RunConfig

    config = RunConfig(
        dataset="finsynth", seed=seed, folds=2, customers=customers, preset="quick", on_fidelity_failure="fallback"
    )
    return Pipeline(config, root, None, progress).run().root


def borrow_run(run: Path, root: Path) -> Path:
    """Let the bundle of another finished run serve in ``root``, where the agents expect it.

    Raises:
        UserError: the run has no bundle.
    """
    if not (run / "bundle" / "manifest.json").exists():
        raise UserError("no bundle here", where=str(run), fix="Name a finished run of finsynth.")
    shutil.copytree(run / "bundle", root / "bundle", dirs_exist_ok=True)
    return run


def bank_of(run: Path) -> Bank:
    """The bank of a finished run; its customers are those of the training snapshot, whom the students know."""
    from teacher.datasets import open_dataset

    return Bank(
        archive=run / "bundle.zip",
        run=run,
        records=_records(open_dataset(run / "data")),
        drifting=DRIFTING,
        loses=_loses,
    )


def _records(dataset: Dataset) -> list[CustomerRecord]:
    import numpy as np

    positions = np.sort(np.concatenate([dataset.rows("train"), dataset.rows("valid")]))
    return list({record.customer_id: record for record in dataset.records(positions)}.values())


def _loses(record: CustomerRecord) -> bool:
    name, value = LOSERS
    return record.features.get(name) == value
