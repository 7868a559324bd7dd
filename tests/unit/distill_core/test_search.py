"""The search spends its budget, takes the best direct model and the most faithful good distilled one."""

from __future__ import annotations

import numpy as np

from distill.config import Shape
from distill.students._boost import Boosted, Candidate
from distill.students._search import Trial, search_direct, search_distilled

SHAPES = (Shape(leaves=8), Shape(leaves=4), Shape(leaves=16))
NOISE = np.random.default_rng(0).normal(size=400)


class Laboratory:
    """Answers at once: ``loss`` and ``divergence`` are functions of the candidate."""

    def __init__(self, loss: dict[float, float], wobble: float = 0.0, faithful_from: float = 0.0) -> None:
        self._loss = loss
        self._faithful_from = faithful_from
        self._wobble = wobble
        self.seen: list[Candidate] = []

    def __call__(self, candidate: Candidate) -> Trial:
        self.seen.append(candidate)
        mean = self._loss[candidate.alpha] + 0.01 * (candidate.shape.leaves != 4) + 0.5 * (candidate.loss == "l2")
        losses = mean + self._wobble * candidate.alpha * (NOISE - NOISE.mean())
        return Trial(
            boosted=Boosted(candidate, "", 1, np.zeros(1)),
            losses=losses,
            units=np.arange(len(losses)),
            divergence=1 - candidate.alpha,
            faithful=candidate.alpha >= self._faithful_from,
        )


def test_direct_tries_losses_then_shapes_with_the_best_loss() -> None:
    attempt = Laboratory({0.0: 1.0})
    best = search_direct(attempt, ("l2", "huber"), SHAPES, budget=4)
    assert [(c.loss, c.shape.leaves) for c in attempt.seen] == [("l2", 8), ("huber", 8), ("huber", 4), ("huber", 16)]
    assert (best.boosted.candidate.loss, best.boosted.candidate.shape.leaves) == ("huber", 4)


def test_distilled_tries_alphas_then_shapes_within_the_budget() -> None:
    attempt = Laboratory({0.0: 1.0, 0.5: 0.8, 1.0: 0.9})
    best = search_distilled(attempt, ("huber",), SHAPES, (0.0, 0.5, 1.0), budget=4, tolerance_se=1.0)
    assert [(c.alpha, c.shape.leaves) for c in attempt.seen] == [(0.0, 8), (0.5, 8), (1.0, 8), (0.5, 4)]
    assert best.boosted.candidate == Candidate(0.5, SHAPES[1], "huber")


def test_a_useless_teacher_is_ignored() -> None:
    attempt = Laboratory({0.0: 0.5, 0.5: 0.8, 1.0: 1.5})
    best = search_distilled(attempt, ("huber",), SHAPES, (0.0, 0.5, 1.0), budget=3, tolerance_se=1.0)
    assert best.boosted.candidate.alpha == 0.0


def test_within_noise_the_most_faithful_wins_and_beyond_it_does_not() -> None:
    losses = {0.0: 1.0, 1.0: 1.01}
    noisy, exact = Laboratory(losses, wobble=1.0), Laboratory(losses)
    chosen = [
        search_distilled(lab, ("huber",), SHAPES, (0.0, 1.0), budget=2, tolerance_se=1.0) for lab in (noisy, exact)
    ]
    assert [trial.boosted.candidate.alpha for trial in chosen] == [1.0, 0.0]


def test_a_student_that_would_fail_the_fidelity_gate_is_not_chosen_however_good() -> None:
    losses = {0.0: 0.5, 0.5: 0.8, 1.0: 1.5}
    some, none = Laboratory(losses, faithful_from=0.4), Laboratory(losses, faithful_from=2.0)
    chosen = [
        search_distilled(lab, ("huber",), SHAPES, (0.0, 0.5, 1.0), budget=3, tolerance_se=1.0) for lab in (some, none)
    ]
    assert [trial.boosted.candidate.alpha for trial in chosen] == [0.5, 0.0]
