"""scf2019, bank-marketing and credit-default: the teacher against tuned LightGBM on hard labels, mean over tasks.

    UNDERSTUDY_DATA=folder python -m studies.public_sets [--seeds 201 ... 205] [--minutes 60]

Skill is 2 AUC - 1 (binary), 1 - log loss / log loss of the class shares (multiclass) or R2 (regression). A seed changes
the split, the teacher and the boosters.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studies._boosted import boosted
from studies._intervals import interval, paired
from studies._jobs import Job, arguments, run_missing
from studies._page import markdown, publish
from studies._results import scores_by_seed
from studies._scores import scores_on_test
from studies._teacher import BOOSTERS, measured_teacher
from teacher.datasets.dataset import Dataset

STUDY = "public_sets"
DATASETS = ("scf2019", "bank-marketing", "credit-default")
MODELS = ("lightgbm", "teacher", "teacher_boosters")
SEEDS = range(201, 206)


def main(given: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the table of what there is."""
    asked = arguments(__doc__, seeds=SEEDS).parse_args(given)
    jobs = [Job(dataset, model, seed) for seed in asked.seeds for dataset in DATASETS for model in MODELS]
    run_missing(STUDY, jobs, measure, asked)
    table(len(SEEDS) * len(DATASETS) * len(MODELS))


def measure(job: Job, dataset: Dataset, out: Path) -> dict[str, Any]:
    """Test scores of one model."""
    if job.model == "lightgbm":
        return {"scores": scores_on_test(dataset, boosted(dataset, ("plain", "structural"), job.seed))}
    changes = {"boosters": BOOSTERS} if job.model == "teacher_boosters" else {}
    return measured_teacher(dataset, job.seed, out, **changes)[1]


def table(wanted: int) -> None:
    """Mean skill over tasks per dataset and model, and the teachers' leads over LightGBM."""
    rows, done = [], 0
    for dataset in DATASETS:
        scores = {model: scores_by_seed(STUDY, dataset, model, "skill") for model in MODELS}
        done += sum(map(len, scores.values()))
        means = [interval([values["mean"] for values in scores[model].values()]).said() for model in MODELS]
        leads = [paired(scores[model], scores["lightgbm"], "mean") for model in MODELS[1:]]
        rows.append([dataset, *means, *(f"{lead.said()} ({lead.verdict})" for lead in leads)])
    head = ["mean skill over tasks", "LightGBM, tuned", "teacher", "teacher + leaf values"]
    head += ["teacher - LightGBM", "with leaf values - LightGBM"]
    publish(STUDY, "Public sets: teacher and trees", markdown(head, rows), done, wanted)


if __name__ == "__main__":
    main()
