"""finsynth: how much of the distance from plain LightGBM to the ceiling the teacher closes; what each expert carries.

    python -m studies.finsynth_teacher [--customers 20000] [--seeds 201 ... 205] [--models teacher ...] [--minutes 60]

The ceiling is the score of the true probability or mean of every label. Each ``without_<expert>`` is a teacher that was
trained without that expert; its loss of skill is paired by seed with the whole teacher, on the same split.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from studies._boosted import boosted
from studies._intervals import interval, paired
from studies._jobs import Job, arguments, run_missing
from studies._page import markdown, publish
from studies._results import scores_by_seed
from studies._scores import scores_on_test
from studies._teacher import BOOSTERS, measured_teacher
from teacher.datasets import load_spec
from teacher.datasets.dataset import Dataset
from teacher.datasets.finsynth import SIGNALS
from teacher.datasets.finsynth.equations import carriers
from understudy.contracts.spec import ExpertName

STUDY = "finsynth_teacher"
EXPERTS = get_args(ExpertName)
COMPARED = ("ceiling", "lightgbm_plain", "lightgbm", "teacher", "teacher_boosters")
MODELS = (*COMPARED, *(f"without_{expert}" for expert in EXPERTS))
CUSTOMERS = 20_000
SEEDS = range(201, 206)


def main(given: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the tables of what there is."""
    asked = arguments(__doc__, seeds=SEEDS, customers=CUSTOMERS).parse_args(given)
    jobs = [Job("finsynth", model, seed, asked.customers) for seed in asked.seeds for model in MODELS]
    run_missing(STUDY, jobs, measure, asked)
    tables(
        f"finsynth-{asked.customers}",
        len(SEEDS) * len(MODELS),
        None if asked.customers == CUSTOMERS else asked.runs / "tried.md",
    )


def measure(job: Job, dataset: Dataset, out: Path) -> dict[str, Any]:
    """Test scores of one model."""
    test = dataset.rows("test")
    if job.model == "ceiling":
        return {"scores": scores_on_test(dataset, {name: truth[test] for name, truth in dataset.truth.items()})}
    if job.model.startswith("lightgbm"):
        tiers = ("plain",) if job.model == "lightgbm_plain" else ("plain", "structural")
        return {"scores": scores_on_test(dataset, boosted(dataset, tiers, job.seed))}
    changes: dict[str, Any] = {"boosters": BOOSTERS} if job.model == "teacher_boosters" else {}
    if job.model.startswith("without_"):
        changes["experts"] = [expert for expert in EXPERTS if expert != job.model.removeprefix("without_")]
    teacher, found = measured_teacher(dataset, job.seed, out, **changes)
    weights = {task: rows.mean(axis=0).tolist() for task, rows in teacher.gate_weights(dataset, test).items()}
    gates = {task: dict(zip(teacher.experts, mean, strict=True)) for task, mean in weights.items()}
    return found | {"gates": gates}


def tables(place: str, wanted: int, page: Path | None) -> None:
    """Share of the distance closed per task; then what leaving an expert out costs the tasks that carry its signal."""
    scores = {model: scores_by_seed(STUDY, place, model, "skill") for model in MODELS}
    tasks = [task.name for task in load_spec("finsynth").spec.tasks]
    rows = [_closed_row(scores, task) for task in [*tasks, "mean"]]
    head = ["skill on test rows", "plain LightGBM", "+ structural", "teacher", "+ leaf values", "ceiling"]
    lines = markdown([*head, "closed by the teacher", "with leaf values"], rows)
    lines += ["", *markdown(["expert left out", "task", "seeds", "skill lost", "verdict"], list(_left_out(scores)))]
    lines += ["", "A task is listed with an expert if the generator plants the expert's signal in its label."]
    heading = "finsynth: distance to the ceiling, and what each expert carries"
    publish(STUDY, heading, lines, sum(map(len, scores.values())), wanted, page)


def _closed_row(scores: dict[str, dict[int, dict[str, float]]], task: str) -> list[str]:
    order = ("lightgbm_plain", "lightgbm", "teacher", "teacher_boosters", "ceiling")
    means = [interval([v[task] for v in scores[model].values() if task in v]).said() for model in order]
    return [task, *means, *(_closed(scores, model, task) for model in ("teacher", "teacher_boosters"))]


def _closed(scores: dict[str, dict[int, dict[str, float]]], model: str, task: str) -> str:
    """The mean lead over plain LightGBM, in shares of the mean distance: a ratio of means, not a mean of ratios."""
    plain, ceiling = scores["lightgbm_plain"], scores["ceiling"]
    seeds = [seed for seed in scores[model].keys() & plain.keys() & ceiling.keys() if task in ceiling[seed]]
    distance = sum(ceiling[seed][task] - plain[seed][task] for seed in seeds)
    if not seeds or distance <= 0:
        return "not run" if not seeds else "no distance"
    lead = paired({s: scores[model][s] for s in seeds}, {s: plain[s] for s in seeds}, task)
    return lead.said(0, 100 * len(seeds) / distance, " %")


def _left_out(scores: dict[str, dict[int, dict[str, float]]]) -> Any:
    for expert in EXPERTS:
        if expert not in SIGNALS:
            continue
        for task in carriers(expert):
            lost = paired(scores["teacher"], scores[f"without_{expert}"], task)
            words = {"higher": "hurts", "lower": "helps"}.get(lost.verdict, lost.verdict)
            yield [expert, task, str(lost.n), lost.said(), words]


if __name__ == "__main__":
    main()
