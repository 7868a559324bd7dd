"""Softmax against sigmoid gates, with sound training and with the historical sign bug planted.

    python -m studies.gates_softmax_sigmoid [--customers 4000] [--seeds 201 ... 210] [--minutes 60]

The planted bug subtracts log sigma instead of adding it: sigma grows without bound and the tasks' losses fade. A
conclusion about gates that was drawn under it is compared with the one drawn without. The health checks that would
have stopped each run are kept beside its scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studies._intervals import interval, paired
from studies._jobs import Job, arguments, run_missing
from studies._page import markdown, publish
from studies._results import scores_by_seed
from studies._scores import scores_on_test
from studies._train import standard, train
from teacher import TeacherConfig
from teacher.datasets import load_spec
from teacher.datasets.dataset import Dataset
from teacher.health.weighting import sigma_in_range, sigma_settles
from teacher.weighting import Uncertainty

STUDY = "gates_softmax_sigmoid"
GATES, FAULTS = ("softmax", "sigmoid"), ("sound", "flipped")
CUSTOMERS = 4_000
SEEDS = range(201, 211)
MODELS = tuple(f"{gate}_{fault}" for gate in GATES for fault in FAULTS)


class Flipped(Uncertainty):
    """The historical bug: the logarithm is subtracted."""

    def terms(self, losses: Tensor) -> Tensor:
        return self.factors() * losses - self.log_sigma


def main(given: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the table of what there is."""
    asked = arguments(__doc__, seeds=SEEDS, customers=CUSTOMERS).parse_args(given)
    jobs = [Job("finsynth", model, seed, asked.customers) for seed in asked.seeds for model in MODELS]
    run_missing(STUDY, jobs, measure, asked)
    table(
        f"finsynth-{asked.customers}",
        len(SEEDS) * len(MODELS),
        None if asked.customers == CUSTOMERS else asked.runs / "tried.md",
    )


def measure(job: Job, dataset: Dataset, out: Path) -> dict[str, Any]:
    """Test scores of one gate under one condition, and what the health checks say of the run."""
    del out
    gate, fault = job.model.split("_")
    config = TeacherConfig.for_rows(len(dataset.rows("train")), seed=job.seed)
    config = config.model_copy(update={"gate": gate, "weighting": "uncertainty"})
    said, trainer = train(dataset, config, standard, Flipped if fault == "flipped" else Uncertainty)
    losses = torch.tensor(list(trainer.history[-1]["train_loss"].values()), device=trainer.device)
    checks = [sigma_in_range(trainer.weighting, trainer.tasks), sigma_settles(trainer.weighting, trainer.tasks, losses)]
    health = {check.name: check.status for check in checks}
    return {"scores": scores_on_test(dataset, said), "health": health, "epochs": trainer.epoch}


def table(place: str, wanted: int, page: Path | None) -> None:
    """Effect of the gate per task, sound and planted, and how the planted bug moves the conclusion."""
    scores = {model: scores_by_seed(STUDY, place, model, "skill") for model in MODELS}
    rows = []
    for task in ["mean", *(task.name for task in load_spec("finsynth").spec.tasks)]:
        row = [task]
        for fault in FAULTS:
            effect = paired(scores[f"sigmoid_{fault}"], scores[f"softmax_{fault}"], task)
            row += [f"{effect.said()} (n = {effect.n})", effect.verdict]
        rows.append(row)
    lines = markdown(["sigmoid - softmax, skill", "sound", "verdict", "sign bug planted", "verdict"], rows)
    means = [
        [model.replace("_", ", "), interval([v["mean"] for v in found.values()]).said()]
        for model, found in scores.items()
    ]
    lines += ["", *markdown(["gate, training", "mean skill over tasks"], means)]
    heading = "Softmax against sigmoid gates, with and without the sign bug"
    publish(STUDY, heading, lines, sum(map(len, scores.values())), wanted, page)


if __name__ == "__main__":
    main()
