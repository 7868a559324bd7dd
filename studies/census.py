"""Census-Income: shared-bottom, MMoE, PLE and the full teacher against tuned LightGBM on hard labels.

    UNDERSTUDY_DATA=folder python -m studies.census [--seeds 201 ... 210] [--models ple lightgbm ...] [--minutes 60]

The official test file, 60/20/20 by person (copies of a row stay together), the inputs of the spec. All see the same
rows and features; a seed changes the split, the models and the boosters. Networks share embedding, optimiser,
weighting and stopping; the full teacher has the named experts and the weight-sharing ensemble besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studies._boosted import boosted
from studies._intervals import interval, paired
from studies._jobs import Job, arguments, run_missing
from studies._ladder import RUNGS
from studies._page import markdown, publish
from studies._results import scores_by_seed
from studies._scores import scores_on_test
from studies._teacher import BOOSTERS, measured_teacher
from studies._train import ladder, train
from teacher import TeacherConfig
from teacher.datasets.dataset import Dataset

STUDY, DATASET = "census", "census-income"
MODELS = ("lightgbm", "shared_bottom", "mmoe", "ple", "teacher", "teacher_boosters")
TITLES = {
    "lightgbm": "LightGBM, tuned, hard labels",
    "shared_bottom": "shared-bottom",
    "mmoe": "MMoE",
    "ple": "PLE",
    "teacher": "teacher",
    "teacher_boosters": "teacher + out-of-fold leaf values",
}
TASKS = ("income_over_50k", "never_married", "bachelors_degree", "mean")
BARS = (
    ("mmoe", "shared_bottom", "mean"),
    ("ple", "mmoe", "mean"),
    ("teacher", "lightgbm", "mean"),
    ("teacher", "lightgbm", "income_over_50k"),
    ("teacher_boosters", "lightgbm", "income_over_50k"),
    ("teacher_boosters", "teacher", "mean"),
)
SEEDS = range(201, 211)


def main(given: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the table of what there is."""
    asked = arguments(__doc__, seeds=SEEDS).parse_args(given)
    jobs = [Job(DATASET, model, seed) for seed in asked.seeds for model in MODELS]
    run_missing(STUDY, jobs, measure, asked)
    table(len(SEEDS) * len(MODELS))


def measure(job: Job, dataset: Dataset, out: Path) -> dict[str, Any]:
    """Test scores of one model."""
    if job.model == "lightgbm":
        return {"scores": scores_on_test(dataset, boosted(dataset, ("plain", "structural"), job.seed))}
    if job.model in RUNGS:
        single = TeacherConfig.for_rows(len(dataset.rows("train")), seed=job.seed).changed({"members": 1})
        said, trainer = train(dataset, single, ladder(job.model))
        size = sum(parameter.numel() for parameter in trainer.network.parameters())
        found = {"validation": trainer.best_score, "epochs": trainer.epoch, "parameters": size}
        return {"scores": scores_on_test(dataset, said)} | found
    changes = {"boosters": BOOSTERS} if job.model == "teacher_boosters" else {}
    return measured_teacher(dataset, job.seed, out, **changes)[1]


def table(wanted: int) -> None:
    """Mean AUC per task and model, then the bars as paired differences."""
    scores = {model: scores_by_seed(STUDY, DATASET, model, "auc") for model in MODELS}
    rows = [
        [TITLES[model], str(len(found)), *(_mean(found, task) for task in TASKS)] for model, found in scores.items()
    ]
    lines = markdown(["AUC on test rows", "seeds", *(task.replace("_", " ") for task in TASKS)], rows)
    bars = []
    for one, other, task in BARS:
        difference = paired(scores[one], scores[other], task)
        bars.append([f"{TITLES[one]} - {TITLES[other]}", task.replace("_", " "), str(difference.n)])
        bars[-1] += [difference.said(5), difference.verdict]
    lines += ["", *markdown(["difference in AUC, paired", "task", "seeds", "mean", "verdict"], bars)]
    publish(STUDY, "Census-Income: the ladder and the trees", lines, sum(map(len, scores.values())), wanted)


def _mean(found: dict[int, dict[str, float]], task: str) -> str:
    return interval([values[task] for values in found.values() if task in values]).said()


if __name__ == "__main__":
    main()
