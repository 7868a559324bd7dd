"""The search spends its budget, takes the best direct model and the most faithful good distilled one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from distill.config import Shape
from distill.students._boost import Boosted, Candidate, Loss
from distill.students._search import Trial, on_fewer_features, search_direct, search_distilled

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


def distilled(
    attempt: Laboratory,
    alphas: tuple[float, ...],
    budget: int,
    temperatures: tuple[float, ...] = (1.0,),
    loss: Loss = "huber",
) -> Candidate:
    direct = search_direct(attempt, (loss,), SHAPES, budget=3)
    attempt.seen.clear()
    return search_distilled(attempt, direct, alphas, temperatures, budget, tolerance_se=1.0).boosted.candidate


def test_direct_tries_losses_then_shapes_with_the_best_loss() -> None:
    attempt = Laboratory({0.0: 1.0})
    ranked = search_direct(attempt, ("l2", "huber"), SHAPES, budget=4)
    assert [(c.loss, c.shape.leaves) for c in attempt.seen] == [("l2", 8), ("huber", 8), ("huber", 4), ("huber", 16)]
    best = ranked[0].boosted.candidate
    assert (best.loss, best.shape.leaves) == ("huber", 4)
    assert [trial.loss for trial in ranked] == sorted(trial.loss for trial in ranked)


def test_distilled_begins_at_the_direct_model_then_tries_alphas_then_shapes() -> None:
    attempt = Laboratory({0.0: 1.0, 0.5: 0.8, 1.0: 0.9})
    best = distilled(attempt, (0.0, 0.5, 1.0), budget=4)
    assert [(c.alpha, c.shape.leaves) for c in attempt.seen] == [(0.5, 4), (1.0, 4), (0.5, 8)]
    assert best == Candidate(0.5, SHAPES[1], "huber")


def test_temperatures_are_tried_where_there_are_logits() -> None:
    losses = {0.0: 1.0, 1.0: 0.5}
    seen = {}
    names: tuple[Loss, ...] = ("cross_entropy", "huber")
    for loss in names:
        attempt = Laboratory(losses)
        distilled(attempt, (0.0, 1.0), budget=3, temperatures=(1.0, 2.0), loss=loss)
        seen[loss] = [(c.alpha, c.temperature, c.shape.leaves) for c in attempt.seen]
    assert seen == {
        "cross_entropy": [(1.0, 1.0, 4), (1.0, 2.0, 4)],
        "huber": [(1.0, 1.0, 4), (1.0, 1.0, 8)],
    }


def test_a_useless_teacher_is_ignored() -> None:
    attempt = Laboratory({0.0: 0.5, 0.5: 0.8, 1.0: 1.5})
    best = distilled(attempt, (0.0, 0.5, 1.0), budget=6, temperatures=(1.0, 2.0))
    assert best.alpha == 0.0
    assert len(attempt.seen) == 2


def test_within_noise_the_most_faithful_wins_and_beyond_it_does_not() -> None:
    losses = {0.0: 1.0, 1.0: 1.01}
    chosen = [distilled(lab, (0.0, 1.0), budget=2) for lab in (Laboratory(losses, wobble=1.0), Laboratory(losses))]
    assert [candidate.alpha for candidate in chosen] == [1.0, 0.0]


def test_a_student_that_would_fail_the_fidelity_gate_is_not_chosen_however_good() -> None:
    losses = {0.0: 0.5, 0.5: 0.8, 1.0: 1.5}
    some, none = Laboratory(losses, faithful_from=0.4), Laboratory(losses, faithful_from=2.0)
    chosen = [distilled(lab, (0.0, 0.5, 1.0), budget=3) for lab in (some, none)]
    assert [candidate.alpha for candidate in chosen] == [0.5, 0.0]


def test_fewer_features_are_kept_only_where_nothing_is_lost() -> None:
    class Poorer(Laboratory):
        def __call__(self, candidate: Candidate) -> Trial:
            trial = super().__call__(candidate)
            return trial if candidate.features is None else replace(trial, losses=trial.losses + 0.1)

    same, poorer = Laboratory({0.0: 1.0}), Poorer({0.0: 1.0})
    kept = []
    for attempt in (same, poorer):
        trial = attempt(Candidate(0.0, SHAPES[0], "l2"))
        kept.append(on_fewer_features(attempt, trial, (0, 3), 0.5).boosted.candidate.features)
    assert kept == [(0, 3), None]
