"""The engine of the comparison: the same interface as ``lambda_app.engine``, on the LightGBM Python package."""

from __future__ import annotations

from collections.abc import Sequence

import lightgbm
import numpy as np
from numpy.typing import NDArray

from lambda_app.native import EngineError

__all__ = ["Panel", "Row", "Student", "as_row"]

Row = NDArray[np.float64]


def as_row(vector: Sequence[float]) -> Row:
    """``[1, features]``."""
    return np.array([vector], dtype=np.float64)


class Student:
    """One `lightgbm.Booster`."""

    def __init__(self, text: bytes, *, features: int, outputs: int = 1) -> None:
        try:
            self._booster = lightgbm.Booster(model_str=text.decode())
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise EngineError(str(error)) from error
        self._outputs = outputs
        if self._booster.num_feature() != features or self._booster.num_model_per_iteration() != outputs:
            raise EngineError("a model of other dimensions")

    def raw(self, row: Row) -> list[float]:
        """Raw scores ``[outputs]``."""
        found: list[float] = self._booster.predict(row, raw_score=True, num_threads=1).reshape(-1).tolist()
        return found

    def contributions(self, row: Row, output: int = 0) -> list[float]:
        """SHAP values ``[features + 1]`` of one output."""
        shares = self._booster.predict(row, pred_contrib=True, num_threads=1).reshape(self._outputs, -1)
        found: list[float] = shares[output].tolist()
        return found


class Panel:
    """Several of them."""

    def __init__(self, students: Sequence[Student]) -> None:
        self._students = tuple(students)

    def raw(self, row: Row) -> list[list[float]]:
        """Raw scores, student by student."""
        return [student.raw(row) for student in self._students]
