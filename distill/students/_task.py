"""Search, fit and calibrate the two students of one task."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from distill.calibration import choose_binary, choose_multiclass
from distill.config import DistillConfig, Shape
from distill.metrics import (
    decide,
    fidelity_bounds,
    fidelity_functionals,
    kl_rows,
    log_loss_rows,
    threshold,
)
from distill.soft_labels import SoftLabels
from distill.students._binned import Binned
from distill.students._boost import Boosted, Candidate, Loss, Setting, boost
from distill.students._search import Trial, on_fewer_features, search_direct, search_distilled
from distill.students._shard import Shard
from distill.students._student import Student, StudentPair
from distill.students._targets import TaskData, prepare_task
from understudy.contracts._model import TaskType
from understudy.contracts.spec import TaskSpec
from understudy.stages import fingerprint

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["TaskFitting"]

Floats = NDArray[np.float64]

_LOSSES: dict[TaskType, tuple[Loss, ...]] = {
    "binary": ("cross_entropy",),
    "multiclass": ("softmax",),
    "regression": ("huber", "l2"),
}
# A student that just keeps a bound on the validation rows may miss it on others.
_ROOM = 0.1
_LINKS: dict[TaskType, Literal["sigmoid", "softmax", "identity"]] = {
    "binary": "sigmoid",
    "multiclass": "softmax",
    "regression": "identity",
}


class TaskFitting:
    """Fits one task at a time from what all tasks share: rows, soft labels, config."""

    def __init__(self, dataset: Dataset, soft: SoftLabels, config: DistillConfig) -> None:
        self._dataset = dataset
        self._soft = soft
        self._config = config
        self._train, self._valid = dataset.rows("train"), dataset.rows("valid")

    def size(self, task: TaskSpec) -> int:
        """Training rows times outputs."""
        return len(self._train) * task.width

    def inputs(self, task: TaskSpec, shards: int = 1) -> str:
        """Fingerprint of all that determines the task's students; in how many shards the rows lie is part of it."""
        digest = hashlib.sha256(np.ascontiguousarray(self._soft.probs[task.name]).tobytes())
        digest.update(np.ascontiguousarray(self._soft.fold).tobytes())
        # Threads only bin the features: they change when the students are ready, not what they are.
        config = self._config.model_dump(mode="json", exclude={"threads"})
        spec = [task.model_dump(mode="json"), self._dataset.spec.gates.model_dump(mode="json")]
        split = [shards] if shards > 1 else []
        return fingerprint([self._dataset.fingerprint, spec, config, digest.hexdigest(), lgb.__version__, *split])

    def fit(self, task: TaskSpec, binned: Binned, threads: int, shard: Shard | None = None) -> StudentPair:
        """Both students of ``task``; ``binned`` must not be in use elsewhere meanwhile.

        With ``shard``, ``binned`` holds its training rows, and the workers of all shards call this at the same time;
        each makes the same choices, because all see the same models and the same validation rows.
        """
        name = task.name
        labels, soft = self._dataset.labels[name], self._soft.probs[name]
        weights = self._dataset.row_weights.get(name)
        train, valid, scale, shift = prepare_task(
            task,
            (labels[self._train], labels[self._valid]),
            (soft[self._train], soft[self._valid]),
            (None, None) if weights is None else (weights[self._train], weights[self._valid]),
        )
        setting = Setting(task.type, self._config, threads, self._monotone(task), shard)
        trials: dict[Candidate, Trial] = {}

        def attempt(candidate: Candidate) -> Trial:
            # The alpha-0 candidates of the two searches are the same models: fitted once, counted for both.
            if candidate not in trials:
                trials[candidate] = self._weigh(task, boost(binned, train, valid, candidate, setting), valid)
            return trials[candidate]

        config, losses = self._config, _LOSSES[task.type]
        many = task.width >= config.many_classes
        alphas, budget = (config.many_alphas, config.many_budget) if many else (config.alphas, config.budget)
        direct = search_direct(attempt, losses, self._shapes(many), budget)
        found = search_distilled(attempt, direct, alphas, config.temperatures, budget, config.tolerance_se)
        distilled, twin = (
            trial if shard and shard.parameters else self._on_fewer_features(attempt, trial)
            for trial in (found, direct[0])
        )
        return StudentPair(
            distilled=self._student(task, distilled, scale, shift),
            direct=self._student(task, twin, scale, shift),
            tried=tuple(_record(trial, {"distilled": distilled, "direct": twin}) for trial in trials.values()),
        )

    def _shapes(self, many: bool) -> tuple[Shape, ...]:
        shapes, leaves = self._config.shapes, self._config.many_leaves
        return tuple(shape.model_copy(update={"leaves": leaves}) for shape in shapes) if many else shapes

    def _on_fewer_features(self, attempt: Callable[[Candidate], Trial], trial: Trial) -> Trial:
        # Not on shards: LightGBM's data-parallel learner breaks down on features that are left out.
        features = used(trial.boosted.text, self._config.feature_gain)
        if len(features) == len(self._dataset.schema.features):
            return trial
        return on_fewer_features(attempt, trial, features, self._config.tolerance_se)

    def _monotone(self, task: TaskSpec) -> tuple[int, ...]:
        return tuple(task.monotone.get(name, 0) for name in self._dataset.schema.names)

    def _weigh(self, task: TaskSpec, boosted: Boosted, valid: TaskData) -> Trial:
        """What the validation rows say of a fitted candidate."""
        student = Student(text=boosted.text, link=_LINKS[task.type], base=tuple(boosted.base.tolist()))
        said = student.predict(self._dataset.features[self._valid])
        known = valid.known
        if task.type == "regression":
            losses, divergence = (said - valid.hard)[known] ** 2, (said - valid.soft) ** 2
        else:
            labels = self._dataset.labels[task.name][self._valid]
            losses, divergence = log_loss_rows(labels[known], said[known]), kl_rows(valid.soft, said)
        return Trial(
            boosted=boosted,
            losses=losses,
            units=self._dataset.units[self._valid[known]],
            divergence=float(divergence.mean()),
            faithful=self._faithful(task, valid.soft, said),
        )

    def _faithful(self, task: TaskSpec, teacher: Floats, student: Floats) -> bool:
        """Whether the student keeps every bound of the fidelity gate with room to spare on the validation rows."""
        labels = self._dataset.labels[task.name][self._train]
        said = [decide(task.type, p, threshold(task.type, labels, p)) for p in (teacher, student)]
        ones = np.ones((1, len(teacher)))
        functionals = fidelity_functionals(task.type, teacher, student, (said[0], said[1]))
        bounds = fidelity_bounds(task.type, self._dataset.spec.gates)
        return all(bound.keeps(float(functionals[name](ones)[0]), margin=_ROOM) for name, bound in bounds.items())

    def bin_features(self, shard: Shard | None = None) -> Binned:
        """Bin the training rows (those of ``shard``, with common bins) and the validation rows, for all tasks."""
        features = self._dataset.features
        kinds = [feature.kind for feature in self._dataset.schema.features]
        return Binned.fit(
            features[self._train if shard is None else self._train[shard.rows]],
            features[self._valid],
            [i for i, kind in enumerate(kinds) if kind == "categorical"],
            max_bin=self._config.max_bin,
            threads=self._config.threads,
            network={} if shard is None else shard.parameters,
        )

    def _student(self, task: TaskSpec, trial: Trial, scale: float, shift: float) -> Student:
        boosted = trial.boosted
        student = Student(
            text=boosted.text,
            link=_LINKS[task.type],
            base=tuple(boosted.base.tolist()),
            scale=scale,
            shift=shift,
            choices=_choices(trial),
        )
        return self._calibrated(task, student)

    def _calibrated(self, task: TaskSpec, student: Student) -> Student:
        labels = self._dataset.labels[task.name][self._valid]
        known = ~np.isnan(labels)
        if task.type == "regression":
            return student
        z = student.raw(self._dataset.features[self._valid[known]])
        units, folds = self._dataset.units[self._valid[known]], self._config.calibration_folds
        if task.type == "binary":
            return replace(student, calibrator=choose_binary(z[:, 0], labels[known], units, folds=folds))
        return replace(student, calibrator=choose_multiclass(z, labels[known], units, folds=folds))


def _record(trial: Trial, chosen: Mapping[str, Trial]) -> dict[str, float | int | str]:
    roles = [name for name, found in chosen.items() if found is trial]
    return _choices(trial) | {"faithful": "yes" if trial.faithful else "no", "chosen": ", ".join(roles)}


def used(text: str, share: float) -> tuple[int, ...]:
    """The fewest features that hold ``share`` of a model's gain, increasing; the first one if there is no split."""
    gain = lgb.Booster(model_str=text).feature_importance("gain")
    order = np.argsort(-gain, kind="stable")
    reached = np.cumsum(gain[order]) >= share * gain.sum()
    return tuple(sorted(order[: int(np.argmax(reached)) + 1].tolist()))


def _choices(trial: Trial) -> dict[str, float | int | str]:
    candidate = trial.boosted.candidate
    return {
        "alpha": candidate.alpha,
        "temperature": candidate.temperature,
        "loss": candidate.loss,
        "features": "all" if candidate.features is None else len(candidate.features),
        "rounds": trial.boosted.rounds,
        "leaves": candidate.shape.leaves,
        "min_rows": candidate.shape.min_rows,
        "l2": candidate.shape.l2,
        "feature_fraction": candidate.shape.feature_fraction,
        "valid_loss": trial.loss,
        "valid_divergence": trial.divergence,
    }
