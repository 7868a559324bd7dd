"""Which blend, shape and loss: a budgeted search on the validation rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from distill.config import Shape
from distill.metrics import as_good_as
from distill.students._boost import Boosted, Candidate, Loss

__all__ = ["Trial", "on_fewer_features", "search_direct", "search_distilled"]

_WITH_LOGITS: tuple[Loss, ...] = ("cross_entropy", "softmax")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """A fitted candidate and what the validation rows said about it.

    Attributes:
        losses: ``[v]`` loss of each labelled validation row against its label.
        units: ``[v]`` split unit of these rows.
        divergence: Mean divergence from the teacher over all validation rows: KL in nats, or squared difference.
        faithful: Whether the validation rows say that it will pass the fidelity gate.
    """

    boosted: Boosted
    losses: Floats
    units: NDArray[np.int64]
    divergence: float
    faithful: bool

    @property
    def loss(self) -> float:
        return float(self.losses.mean())


Attempt = Callable[[Candidate], Trial]


def search_direct(attempt: Attempt, losses: tuple[Loss, ...], shapes: tuple[Shape, ...], budget: int) -> list[Trial]:
    """At most ``budget`` models on the labels alone, best first: the losses, then the shapes with the best loss."""
    trials = [attempt(Candidate(0.0, shapes[0], loss)) for loss in losses[:budget]]
    loss = _best(trials).boosted.candidate.loss
    trials += [attempt(Candidate(0.0, shape, loss)) for shape in shapes[1 : 1 + budget - len(trials)]]
    return sorted(trials, key=lambda trial: trial.loss)


def search_distilled(
    attempt: Attempt,
    direct: Sequence[Trial],
    alphas: Iterable[float],
    temperatures: Sequence[float],
    budget: int,
    tolerance_se: float,
) -> Trial:
    """The closest copy of the teacher that costs nothing, among at most ``budget`` models.

    It begins where the direct search ended, with that model itself (alpha 0): every other alpha at its loss and shape,
    then other temperatures at the chosen alpha, then the shapes that did next best on the labels. The choice, on
    validation rows:

    1. Only models that would pass the fidelity gate count: a student that does not compute the teacher's function may
       not stand in for it, however good. If the faithful ones are worse than the direct student, the benefit gate
       says so and the direct student ships. If none is faithful, all count.
    2. Of these, those as good as the best: their loss against the labels is higher by no more than ``tolerance_se``
       standard errors of the paired difference (after the one-standard-error rule of Breiman et al., 1984).
    3. Of these, the one closest to the teacher.
    """
    start = direct[0].boosted.candidate
    trials = [direct[0]]
    others = [alpha for alpha in alphas if alpha != 0.0]
    trials += [attempt(replace(start, alpha=alpha)) for alpha in others[: budget - len(trials)]]
    chosen = _closest(trials, tolerance_se).boosted.candidate
    if chosen.alpha and chosen.loss in _WITH_LOGITS:
        softer = [t for t in temperatures if t != 1.0][: budget - len(trials)]
        trials += [attempt(replace(chosen, temperature=t)) for t in softer]
        chosen = _closest(trials, tolerance_se).boosted.candidate
    if chosen.alpha:
        shapes = [trial.boosted.candidate.shape for trial in direct[1:] if trial.boosted.candidate.shape != start.shape]
        trials += [attempt(replace(chosen, shape=shape)) for shape in shapes[: budget - len(trials)]]
    return _closest(trials, tolerance_se)


def on_fewer_features(attempt: Attempt, trial: Trial, features: tuple[int, ...], tolerance_se: float) -> Trial:
    """``trial`` fitted again on ``features`` alone, if it is then as good and as faithful; else ``trial``."""
    again = attempt(replace(trial.boosted.candidate, features=features))
    good = as_good_as(again.losses, trial.losses, trial.units, tolerance_se)
    return again if good and (again.faithful or not trial.faithful) else trial


def _best(trials: list[Trial]) -> Trial:
    return min(trials, key=lambda trial: trial.loss)


def _closest(trials: list[Trial], tolerance_se: float) -> Trial:
    pool = [trial for trial in trials if trial.faithful] or trials
    best = _best(pool)
    good = (trial for trial in pool if as_good_as(trial.losses, best.losses, trial.units, tolerance_se))
    return min(good, key=lambda trial: trial.divergence)
