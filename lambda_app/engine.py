"""Score one row with a LightGBM text model, and say what each feature contributed: no numpy, no LightGBM."""

from __future__ import annotations

import ctypes
import weakref
from array import array
from collections.abc import Sequence
from itertools import accumulate

from lambda_app.native import EngineError, library

__all__ = ["Panel", "Row", "Student", "as_row"]

Row = ctypes.Array[ctypes.c_double]


def as_row(vector: Sequence[float]) -> Row:
    """Copy ``vector`` ``[features]`` (NaN = missing) once, for all students that read it."""
    return (ctypes.c_double * len(vector)).from_buffer(array("d", vector))


class Student:
    """One LightGBM text model. Threads may share it: it is only read, and the interpreter's lock is free meanwhile.

    ``raw`` equals ``Booster.predict(raw_score=True)`` to the last bit: the same additions in the same order.
    ``contributions`` equals ``pred_contrib=True`` to 1e-12: the same Shapley values (path-dependent TreeSHAP, Lundberg
    et al. 2020) by exact quadrature instead of subset weights, see ``trees/shap.c``. Unlike the library, it computes
    one output of a multiclass model without the others.

    Departures from the library: models with linear leaves are refused.

    Args:
        text: The text model.
        features: Number of columns of a row; the model must have been trained on as many.
        outputs: Number of raw scores per row (classes of a multiclass model, else 1).

    Raises:
        EngineError: the text is not a whole model, or is a model of other dimensions.
    """

    def __init__(self, text: bytes, *, features: int, outputs: int = 1) -> None:
        self._lib = library()
        self.features = features
        self.outputs = outputs
        self.model = ctypes.c_void_p()
        code = self._lib.trees_load(text, len(text), ctypes.byref(self.model))
        if code:
            raise EngineError(self._lib.trees_reason(code).decode())
        self._free = weakref.finalize(self, self._lib.trees_free, self.model)
        _expect(self._lib.trees_features(self.model), features, "features")
        _expect(self._lib.trees_outputs(self.model), outputs, "outputs")
        self._scores = ctypes.c_double * outputs
        self._shares = ctypes.c_double * (features + 1)

    def raw(self, row: Row) -> list[float]:
        """Raw scores ``[outputs]`` of ``row`` ``[features]``.

        Raises:
            EngineError: the row has another length.
        """
        self._fits(row)
        found = self._scores()
        self._lib.trees_raw(self.model, row, found)
        return found[:]

    def contributions(self, row: Row, output: int = 0) -> list[float]:
        """SHAP values ``[features + 1]`` of ``row`` for one output; the last one is the expected raw score.

        They add up to the raw score. Costs some five predictions.

        Raises:
            EngineError: the row has another length, there is no such output, a path of a tree holds more than 64
                different features, or memory ran out.
        """
        self._fits(row)
        if not 0 <= output < self.outputs:
            raise EngineError(f"the model has {self.outputs} outputs, not one numbered {output}")
        found = self._shares()
        code = self._lib.trees_contributions(self.model, row, output, found)
        if code:
            raise EngineError("out of memory" if code == 2 else "a path holds more than 64 different features")
        return found[:]

    def _fits(self, row: Row) -> None:
        _check_length(row, self.features)


class Panel:
    """Students that read the same row, asked in one call.

    Args:
        students: All with the same number of features.

    Raises:
        EngineError: the students read different numbers of features.
    """

    def __init__(self, students: Sequence[Student]) -> None:
        self._students = tuple(students)  # which keeps their models
        lengths = {student.features for student in students}
        if len(lengths) > 1:
            raise EngineError(f"students of one panel read {sorted(lengths)} features")
        self._features = max(lengths, default=0)
        self._models = (ctypes.c_void_p * len(students))(*(student.model.value for student in students))
        ends = list(accumulate(student.outputs for student in students))
        self._parts = list(zip([0, *ends], ends, strict=False))
        self._scores = ctypes.c_double * (ends[-1] if ends else 0)

    def raw(self, row: Row) -> list[list[float]]:
        """Raw scores of ``row``, student by student: what `Student.raw` says, to the last bit.

        Raises:
            EngineError: the row has another length.
        """
        _check_length(row, self._features)
        found = self._scores()
        library().trees_raw_each(self._models, len(self._students), row, found)
        return [found[start:end] for start, end in self._parts]


def _check_length(row: Row, features: int) -> None:
    # The library would read past the end of a shorter row.
    if len(row) != features:
        raise EngineError(f"the row has {len(row)} values, the model reads {features}")


def _expect(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise EngineError(f"the model has {found} {what}, expected {expected}")
