"""How the students are fitted: a value that can be printed, saved and compared."""

from __future__ import annotations

from pydantic import Field, model_validator

from understudy.contracts._model import Contract

__all__ = ["DistillConfig", "Shape"]


class Shape(Contract):
    """The size and the regularisation of one boosted model."""

    leaves: int = Field(ge=2, le=1024)
    min_rows: int = Field(default=20, ge=1, description="least rows of a leaf")
    l2: float = Field(default=0.0, ge=0)
    feature_fraction: float = Field(default=1.0, gt=0, le=1, description="share of the features that a tree may use")


def _around(leaves: int) -> tuple[Shape, ...]:
    """Shapes to try, most promising first: the middle, fewer features a tree, smaller, larger but held back, stiff."""
    return (
        Shape(leaves=leaves),
        Shape(leaves=leaves, feature_fraction=0.5, l2=1.0),
        Shape(leaves=max(4, leaves // 2), feature_fraction=0.8),
        Shape(leaves=leaves * 2, min_rows=60, feature_fraction=0.5, l2=5.0),
        Shape(leaves=max(4, leaves // 4), min_rows=40, l2=1.0),
        Shape(leaves=leaves, min_rows=100, feature_fraction=0.3, l2=10.0),
    )


class DistillConfig(Contract):
    """Hyper-parameters of the distilled and the direct students. ``for_rows`` gives defaults by the training rows.

    ``alphas`` are the shares of the teacher in the target, ``alpha * soft + (1 - alpha) * hard``; 0 must be among
    them, so that a teacher that has nothing to teach is ignored. ``budget`` is the number of models that may be
    fitted for one student, the distilled and the direct alike; a task with at least ``many_classes`` classes has its
    own, because each of its rounds grows one tree a class. One more model is fitted of each student, on the features
    that its trees lean on; it is kept if it is as good.
    """

    rounds: int = Field(default=600, ge=1, description="most boosting rounds")
    early_stopping: int = Field(default=30, ge=1, description="rounds without a better validation loss before stopping")
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    max_bin: int = Field(default=255, ge=3, le=255)
    shapes: tuple[Shape, ...] = Field(default=_around(31), min_length=1)
    alphas: tuple[float, ...] = (0.0, 0.3, 0.6, 1.0)
    temperatures: tuple[float, ...] = Field(default=(1.0, 2.0), description="divisors of the teacher's logits")
    feature_gain: float = Field(
        default=0.999, gt=0, le=1, description="share of the gain that the features of the last fit must hold"
    )
    budget: int = Field(default=6, ge=1)
    many_classes: int = Field(default=12, ge=3)
    many_rounds: int = Field(default=150, ge=1)
    many_learning_rate: float = Field(default=0.1, gt=0, le=1)
    many_leaves: int = Field(default=15, ge=2)
    many_alphas: tuple[float, ...] = (0.0, 0.5, 1.0)
    many_budget: int = Field(default=3, ge=1)
    tolerance_se: float = Field(
        default=0.5, ge=0, description="standard errors of validation loss that may be given up for fidelity"
    )
    calibration_folds: int = Field(default=5, ge=2)
    seed: int = 0
    threads: int = Field(default=2, ge=1, description="threads that bin the features; every fit has one")

    @model_validator(mode="after")
    def _searchable(self) -> DistillConfig:
        for name, alphas, budget in (
            ("alphas", self.alphas, self.budget),
            ("many_alphas", self.many_alphas, self.many_budget),
        ):
            if 0.0 not in alphas or min(alphas) < 0 or max(alphas) > 1 or len(set(alphas)) != len(alphas):
                raise ValueError(f"{name} must be distinct shares between 0 and 1, 0 among them, not {alphas}")
            if budget < len(alphas):
                raise ValueError(f"{name} holds {len(alphas)} shares, more than the budget of {budget} models can try")
        if min(self.temperatures, default=0.0) <= 0:
            raise ValueError(f"temperatures must be above 0, not {self.temperatures}")
        for budget in (self.budget, self.many_budget):
            if budget > len(self.shapes):
                raise ValueError(f"a budget of {budget} models needs as many shapes for the direct student")
        return self

    @classmethod
    def for_rows(cls, rows: int, *, seed: int = 0, quick: bool = False) -> DistillConfig:
        """Defaults for ``rows`` training rows; ``quick`` trades a little quality for a demonstration's patience."""
        leaves = 15 if rows < 10_000 else 31 if rows < 200_000 else 63
        shapes = _around(leaves)
        if quick:
            return cls(
                rounds=200,
                early_stopping=15,
                learning_rate=0.1,
                max_bin=127,
                shapes=shapes[:3],
                alphas=(0.0, 0.5, 1.0),
                budget=3,
                many_rounds=40,
                many_learning_rate=0.2,
                many_leaves=7,
                many_alphas=(0.0, 1.0),
                many_budget=2,
                seed=seed,
            )
        rounds = 400 if rows < 10_000 else 800 if rows < 200_000 else 1500
        return cls(rounds=rounds, shapes=shapes, seed=seed)
