"""A student: one LightGBM model with its link, base and calibrator."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from distill.calibration import calibrate_binary, calibrate_multiclass
from understudy.contracts.manifest import Calibrator, Identity

__all__ = ["Student", "StudentPair"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Student:
    """One fitted model, and how its raw scores become predictions (see ``contracts.manifest.ModelRef``).

    Attributes:
        text: LightGBM text model; a regression student was trained on ``(label - shift) / scale``.
        base: Added to the raw scores: the log prior of each class (multiclass), else one zero.
        choices: What validation chose: alpha, rounds, leaves, and the validation loss it reached.
    """

    text: str
    link: Literal["sigmoid", "softmax", "identity"]
    base: tuple[float, ...]
    scale: float = 1.0
    shift: float = 0.0
    calibrator: Calibrator = field(default_factory=Identity)
    choices: dict[str, float | int | str] = field(default_factory=dict)

    @cached_property
    def booster(self) -> lgb.Booster:
        """The model, parsed once."""
        return lgb.Booster(model_str=self.text)

    def raw(self, features: Floats) -> Floats:
        """Raw scores with the base added: ``[m, outputs]`` from features ``[m, F]``."""
        threads = 1 if len(features) < 20_000 else 2
        scores = np.asarray(self.booster.predict(features, raw_score=True, num_threads=threads), dtype=np.float64)
        return np.asarray(scores.reshape(len(features), len(self.base)) + np.asarray(self.base), dtype=np.float64)

    def predict(self, features: Floats) -> Floats:
        """Calibrated predictions from features ``[m, F]``.

        Returns:
            ``[m]`` probability (binary) or mean in label units (regression), or ``[m, K]`` probabilities.
        """
        z = self.raw(features)
        if self.link == "sigmoid":
            return calibrate_binary(z[:, 0], self.calibrator)
        if self.link == "softmax":
            return calibrate_multiclass(z, self.calibrator)
        return np.asarray(self.scale * z[:, 0] + self.shift, dtype=np.float64)


@dataclass(frozen=True)
class StudentPair:
    """The student that learned from the teacher, and its twin that learned from the labels alone.

    ``tried``: every model that was fitted on the way, what was set and what the validation rows said of it.
    """

    distilled: Student
    direct: Student
    tried: tuple[dict[str, float | int | str], ...] = ()
