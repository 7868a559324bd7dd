"""Census-Income: is the student that ships better than LightGBM on the labels? Paired, split by split.

    UNDERSTUDY_DATA=folder python -m studies.census_students [--seeds 201 ... 205] [--models students] [--minutes 60]

Per split the path up to the gates: three cross-fitted teachers, both students of every task, the gates. The teacher
is the default one (``students``), or reads out-of-fold leaf values besides (``students_boosters``). Boosters that are
compared on the same test rows and features:

- ``distilled``: blended targets, chosen on validation rows.
- ``direct``: its twin, hard labels, as many candidates; the same model whatever the teacher.
- ``lightgbm``: LightGBM as a practitioner would tune it, apart from this project's students (`studies._boosted`).

``shipped`` is whichever of the first two the gates let serve. Gates read test rows, so ``shipped`` is chosen on the
rows that it is then measured on; ``distilled - direct`` has no such choice in it and is the comparison to trust.

Splits of one file share rows, so their differences are not independent: beside the plain t interval stands the one
whose variance is multiplied by ``1 + n * test rows / training rows`` (Nadeau & Bengio, 2003).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distill import DistillConfig, evaluate_gates, fit_students, label_out_of_fold
from studies._boosted import boosted
from studies._intervals import Interval, interval, paired
from studies._jobs import Job, arguments, run_missing
from studies._page import markdown, publish
from studies._results import RESULTS, scores_by_seed
from studies._scores import scores_on_test
from studies._teacher import BOOSTERS
from teacher import TeacherConfig
from teacher.datasets.dataset import Dataset
from understudy.progress import LogProgress

STUDY, DATASET = "census_students", "census-income"
FOLDS = 3
TASKS = ("income_over_50k", "never_married", "bachelors_degree")
PAIRS = (("distilled", "direct"), ("distilled", "lightgbm"), ("shipped", "direct"), ("shipped", "lightgbm"))
TEACHERS = {"students": {}, "students_boosters": {"boosters": BOOSTERS}}
TITLES = {"students": "default teacher", "students_boosters": "teacher with out-of-fold leaf values"}
SEEDS = range(201, 206)

Scores = dict[int, dict[str, float]]


def main(given: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the table of what there is."""
    asked = arguments(__doc__, seeds=SEEDS).parse_args(given)
    jobs = [Job(DATASET, model, seed) for seed in asked.seeds for model in (*TEACHERS, "lightgbm")]
    run_missing(STUDY, jobs, measure, asked)
    table((1 + len(TEACHERS)) * len(SEEDS))


def measure(job: Job, dataset: Dataset, out: Path) -> dict[str, Any]:
    """Test scores of one split; a run that was cut off goes on with the folds and tasks that it had."""
    if job.model == "lightgbm":
        return {"scores": scores_on_test(dataset, boosted(dataset, ("plain", "structural"), job.seed))}
    progress, rows, test = LogProgress(every=60), len(dataset.rows("train")), dataset.rows("test")
    teacher = TeacherConfig.for_rows(rows, seed=job.seed).changed(TEACHERS[job.model])
    soft = label_out_of_fold(dataset, teacher, folds=FOLDS, out=out / "soft", progress=progress)
    config = DistillConfig.for_rows(rows, seed=job.seed)
    students = fit_students(dataset, soft, config, out / "students", progress)
    report = evaluate_gates(dataset, soft, students, dataset.spec.gates)
    said = {
        kind: {task: getattr(pair, kind).predict(dataset.features[test]) for task, pair in students.items()}
        for kind in ("distilled", "direct")
    }
    said["teacher"] = {task: values[test] for task, values in soft.probs.items()}
    return {
        "models": {model: scores_on_test(dataset, values) for model, values in said.items()},
        "layers": {task.task: task.layer for task in report.tasks},
        "why": {task.task: task.layer_reason for task in report.tasks},
        "accepted": report.accepted,
        "reason": report.reason,
        "choices": {task.task: task.choices for task in report.tasks},
    }


def table(wanted: int) -> None:
    """Mean AUC per task and model, then the differences, split by split."""
    plain = scores_by_seed(STUDY, DATASET, "lightgbm", "auc")
    done, lines = len(plain), []
    for teacher, title in TITLES.items():
        runs = {int(path.stem): json.loads(path.read_bytes()) for path in _folder(teacher).glob("*.json")}
        lines += [f"### {title[0].upper()}{title[1:]}", "", *_section(models(runs) | {"lightgbm": plain}, runs), ""]
        done += len(runs)
    publish(STUDY, "Census-Income: the student that ships against LightGBM", lines[:-1], done, wanted)


def _section(scores: dict[str, Scores], runs: dict[int, dict[str, Any]]) -> list[str]:
    names = ("lightgbm", "direct", "teacher", "distilled", "shipped")
    lines = markdown(
        ["AUC on test rows", "splits", *(task.replace("_", " ") for task in TASKS)],
        [[name, str(len(scores[name])), *(_mean(scores[name], task) for task in TASKS)] for name in names],
    )
    head = ["difference in AUC, paired", "task", "splits", "ahead in", "mean, plain t", "corrected", "verdict"]
    bars = [_bar(one, other, task, scores, _share(runs)) for one, other in PAIRS for task in TASKS]
    return [*lines, "", *markdown(head, bars), "", _accepted(runs)]


def models(runs: dict[int, dict[str, Any]]) -> dict[str, Scores]:
    """Model -> seed -> task -> AUC; ``shipped`` follows the layer that serves (the rules have no score: left out)."""
    found: dict[str, Scores] = {name: {} for name in ("teacher", "distilled", "direct", "shipped")}
    for seed, run in sorted(runs.items()):
        for name in ("teacher", "distilled", "direct"):
            found[name][seed] = {task: run["models"][name][task]["auc"] for task in TASKS}
        served = {task: run["layers"][task] for task in TASKS}
        found["shipped"][seed] = {task: found[layer][seed][task] for task, layer in served.items() if layer != "rules"}
    return found


def corrected(plain: Interval, share: float) -> Interval:
    """The interval for splits that share rows; ``share`` is test rows divided by training rows."""
    half = (plain.high - plain.mean) * math.sqrt(1 + plain.n * share)
    return Interval(plain.mean, plain.mean - half, plain.mean + half, plain.n)


def _bar(one: str, other: str, task: str, scores: dict[str, Scores], share: float) -> list[str]:
    plain = paired(scores[one], scores[other], task)
    wide = corrected(plain, share)
    both = [seed for seed in scores[one].keys() & scores[other].keys() if task in scores[one][seed]]
    ahead = sum(scores[one][seed][task] > scores[other][seed][task] for seed in both)
    said = f"[{wide.low:.5f}, {wide.high:.5f}]" if math.isfinite(wide.low) else "unknown"
    name, shown = f"{one} - {other}", task.replace("_", " ")
    return [name, shown, str(plain.n), f"{ahead} of {len(both)}", plain.said(5), said, wide.verdict]


def _mean(found: Scores, task: str) -> str:
    return interval([values[task] for values in found.values() if task in values]).said()


def _share(runs: dict[int, dict[str, Any]]) -> float:
    shares = [run["rows"]["test"] / run["rows"]["train"] for run in runs.values()]
    return sum(shares) / len(shares) if shares else math.nan


def _accepted(runs: dict[int, dict[str, Any]]) -> str:
    accepted = sum(run["accepted"] for run in runs.values())
    return f"Accepted by the gates: {accepted} of {len(runs)} splits."


def _folder(model: str) -> Path:
    return RESULTS / STUDY / DATASET / model


if __name__ == "__main__":
    main()
