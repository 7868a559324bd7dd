"""Challenger minus champion, on the same rows and the same replicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from distill.metrics import Bootstrapped, Functional, Resampler, auc, macro_f1, r2
from distill.students import Student
from understudy.bundle import Bundle
from understudy.contracts.manifest import ServedTask
from understudy.contracts.promotion import Check, PromotionConfig

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["compare"]

Floats = NDArray[np.float64]


def compare(dataset: Dataset, champion: Bundle, challenger: Bundle, config: PromotionConfig) -> Check:
    """Each bundle as it would serve, task by task, on the challenger's test rows.

    The primary metric is the mean over tasks of AUC, macro-F1 or R2. The challenger must raise it by ``least_gain``
    relative to the champion, with the lower end of the paired interval above 0, and lower no task's by more than
    ``most_loss``. Rows that the champion was trained on may be among the test rows: that favours the champion only.
    A task served by rules counts with what a constant scores.
    """
    old, new = champion.manifest, challenger.manifest
    if old.features.version != new.features.version:
        why = "the champion reads other features, so it cannot be scored on the challenger's rows"
        return Check(name="comparison", status="unknown", reason=why)
    names = {task.name for task in new.tasks}
    missing = [task.name for task in old.tasks if task.name not in names]
    if missing:
        return Check(name="comparison", status="fail", reason=f"the challenger lacks {', '.join(missing)}")
    before, after = _scores(dataset, champion, challenger, config)
    tasks = sorted(before)
    lost = {task: float((before[task] - after[task]).value) for task in tasks}
    mean_before, mean_after = _mean([before[task] for task in tasks]), _mean([after[task] for task in tasks])
    gain = mean_after - mean_before
    relative = float(gain.value) / abs(float(mean_before.value))
    low, high = (float(bound) for bound in gain.interval(config.confidence))
    figures = {f"lost[{task}]": value for task, value in lost.items()}
    figures |= {"champion": float(mean_before.value), "challenger": float(mean_after.value)}
    figures |= {"relative_gain": relative, "gain_low": low, "gain_high": high}
    faults = [f"{task} lost {value:.4f}" for task, value in lost.items() if not value <= config.most_loss]
    if not relative >= config.least_gain:
        faults.append(f"the gain of {relative:+.2%} is under {config.least_gain:.2%}")
    elif not low > 0:
        faults.append(f"the gain of {relative:+.2%} is within noise")
    said = f"{relative:+.2%} on {len(dataset.rows('test'))} rows, interval [{low:+.4f}, {high:+.4f}]"
    finite = {name: value for name, value in figures.items() if np.isfinite(value)}
    if len(finite) < len(figures):
        unknown = ", ".join(sorted(set(figures) - set(finite)))
        return Check(name="comparison", status="unknown", reason=f"cannot be computed: {unknown}", figures=finite)
    status = "fail" if faults else "pass"
    return Check(name="comparison", status=status, reason="; ".join(faults) or said, figures=figures)  # type: ignore[arg-type]


def _scores(
    dataset: Dataset, champion: Bundle, challenger: Bundle, config: PromotionConfig
) -> tuple[dict[str, Bootstrapped], dict[str, Bootstrapped]]:
    """Task -> the primary metric of either bundle."""
    test = dataset.rows("test")
    # All tasks see the same draws, so that their mean has an interval too; no task's classes can be its strata.
    resampler = Resampler(dataset.units[test], np.full(len(test), np.nan), config.bootstrap, dataset.seed)
    functionals: dict[str, Functional] = {}
    for side, bundle in (("old", champion), ("new", challenger)):
        for task in bundle.manifest.tasks:
            if any(task.name == old.name for old in champion.manifest.tasks):
                functionals[f"{side}/{task.name}"] = _primary(dataset, bundle, task)
    results = resampler.run(functionals)
    return tuple(  # type: ignore[return-value]
        {key.partition("/")[2]: value for key, value in results.items() if key.startswith(side)}
        for side in ("old", "new")
    )


def _primary(dataset: Dataset, bundle: Bundle, task: ServedTask) -> Functional:
    test = dataset.rows("test")
    labels = dataset.labels[task.name][test]
    keep = np.flatnonzero(~np.isnan(labels)).astype(np.int64)
    said = _predict(bundle, task, dataset.features[test[keep]])
    if task.type == "binary":
        return auc(labels[keep], said, keep)
    if task.type == "regression":
        return r2(labels[keep], said - labels[keep], keep)
    return macro_f1(labels[keep], said.argmax(axis=1), keep, len(task.classes or []))


def _predict(bundle: Bundle, task: ServedTask, features: Floats) -> Floats:
    ref = {"distilled": task.distilled, "direct": task.direct, "rules": None}[task.layer]
    if ref is None:
        prior = np.asarray(bundle.rules.tasks[task.name].prior)
        constant = prior[0] if task.type != "multiclass" else prior
        return np.broadcast_to(constant, (len(features), *np.shape(constant)))
    student = Student(
        text=bundle.read(ref.path).decode(),
        link=ref.link,
        base=tuple(ref.base),
        scale=ref.scale,
        shift=ref.shift,
        calibrator=ref.calibrator,
    )
    return student.predict(features)


def _mean(results: list[Bootstrapped]) -> Bootstrapped:
    values = np.mean([result.value for result in results], axis=0)
    return Bootstrapped(np.asarray(values), np.mean([result.samples for result in results], axis=0))
