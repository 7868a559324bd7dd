"""Which blend, shape and loss: a budgeted search on the validation rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.config import Shape
from distill.students._boost import Boosted, Candidate, Loss

__all__ = ["Trial", "search_direct", "search_distilled"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """A fitted candidate and what the validation rows said about it.

    Attributes:
        losses: ``[v]`` loss of each labelled validation row against its label.
        divergence: Mean divergence from the teacher over all validation rows: KL in nats, or squared difference.
    """

    boosted: Boosted
    losses: Floats
    divergence: float

    @property
    def loss(self) -> float:
        return float(self.losses.mean())


Attempt = Callable[[Candidate], Trial]


def search_direct(attempt: Attempt, losses: tuple[Loss, ...], shapes: tuple[Shape, ...], budget: int) -> Trial:
    """The best of at most ``budget`` models on the labels alone: the losses, then the shapes with the best loss."""
    trials = [attempt(Candidate(0.0, shapes[0], loss)) for loss in losses[:budget]]
    loss = _best(trials).boosted.candidate.loss
    trials += [attempt(Candidate(0.0, shape, loss)) for shape in shapes[1 : 1 + budget - len(trials)]]
    return _best(trials)


def search_distilled(
    attempt: Attempt,
    losses: tuple[Loss, ...],
    shapes: tuple[Shape, ...],
    alphas: Iterable[float],
    budget: int,
    tolerance_se: float,
) -> Trial:
    """The most faithful of at most ``budget`` models among those whose validation loss is as good as the best.

    First the losses at alpha 0, then every other alpha at the first shape, then the other shapes at the best alpha.
    A model is as good as the best if its loss is higher by no more than ``tolerance_se`` standard errors of the paired
    difference (the one-standard-error rule; Breiman et al., 1984). Of these, the one closest to the teacher wins: a
    student that stands in for the teacher should copy it wherever copying costs nothing.
    """
    trials = [attempt(Candidate(0.0, shapes[0], loss)) for loss in losses[:budget]]
    loss = _best(trials).boosted.candidate.loss
    others = [alpha for alpha in alphas if alpha != 0.0]
    trials += [attempt(Candidate(alpha, shapes[0], loss)) for alpha in others[: budget - len(trials)]]
    alpha = _faithful(trials, tolerance_se).boosted.candidate.alpha
    trials += [attempt(Candidate(alpha, shape, loss)) for shape in shapes[1 : 1 + budget - len(trials)]]
    return _faithful(trials, tolerance_se)


def _best(trials: list[Trial]) -> Trial:
    return min(trials, key=lambda trial: trial.loss)


def _faithful(trials: list[Trial], tolerance_se: float) -> Trial:
    best = _best(trials)
    return min((t for t in trials if _as_good(t, best, tolerance_se)), key=lambda trial: trial.divergence)


def _as_good(trial: Trial, best: Trial, tolerance_se: float) -> bool:
    excess = trial.losses - best.losses
    error = float(excess.std(ddof=1)) / np.sqrt(len(excess)) if len(excess) > 1 else 0.0
    return bool(excess.mean() <= tolerance_se * error)
