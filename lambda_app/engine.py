"""Score one row with a LightGBM model through the library's C API: no numpy, scipy or pandas."""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from lambda_app.model_text import ModelTextError, check_model_text
from lambda_app.native import EngineError, library

__all__ = ["Row", "Student", "as_row"]

Row = ctypes.Array[ctypes.c_double]

DOUBLE = 1  # C_API_DTYPE_FLOAT64
RAW_SCORE = 1  # C_API_PREDICT_RAW_SCORE
CONTRIBUTIONS = 3  # C_API_PREDICT_CONTRIB
PARAMETERS = b"num_threads=1 verbosity=-1"


def as_row(vector: Sequence[float]) -> Row:
    """Copy ``vector`` ``[features]`` (NaN = missing) once, for all students that read it."""
    return (ctypes.c_double * len(vector))(*vector)


class Student:
    """One LightGBM text model. Safe to share between threads: calls on one student take turns.

    ``raw`` equals ``Booster.predict(raw_score=True)`` and ``contributions`` equals ``pred_contrib=True``: the same
    library computes them, on one row.

    Args:
        text: The text model.
        features: Number of columns of a row; the model must have been trained on as many.
        outputs: Number of raw scores per row (classes of a multiclass model, else 1).

    Raises:
        EngineError: the text is not a whole model, or is a model of other dimensions.
    """

    def __init__(self, text: bytes, *, features: int, outputs: int = 1) -> None:
        self._lib = library()
        self._lock = threading.Lock()
        self._features = features
        self._outputs = outputs
        self._booster = self._load(text)
        self._free = weakref.finalize(self, self._lib.LGBM_BoosterFree, self._booster)
        self._expect("LGBM_BoosterGetNumFeature", features, "features")
        self._expect("LGBM_BoosterGetNumClasses", outputs, "outputs")
        self._raw = _SingleRow(self._lib, self._booster, RAW_SCORE, features, outputs)
        self._shap: _SingleRow | None = None

    def raw(self, row: Row) -> list[float]:
        """Raw scores ``[outputs]`` of ``row`` ``[features]``.

        Raises:
            EngineError: the row has another length, or the library failed.
        """
        self._fits(row)
        with self._lock:
            return self._raw(row)

    def contributions(self, row: Row, output: int = 0) -> list[float]:
        """SHAP values ``[features + 1]`` of ``row`` for one output; the last one is the expected raw score.

        They add up to the raw score (TreeSHAP, Lundberg et al. 2020). Costs some 50 predictions.

        Raises:
            EngineError: the row has another length, there is no such output, or the library failed.
        """
        self._fits(row)
        if not 0 <= output < self._outputs:
            raise EngineError(f"the model has {self._outputs} outputs, not one numbered {output}")
        width = self._features + 1
        with self._lock:
            if self._shap is None:
                self._shap = _SingleRow(self._lib, self._booster, CONTRIBUTIONS, self._features, self._outputs * width)
            values = self._shap(row)
        return values[output * width : (output + 1) * width]

    def _fits(self, row: Row) -> None:
        # The library would read past the end of a shorter row.
        if len(row) != self._features:
            raise EngineError(f"the row has {len(row)} values, the model reads {self._features}")

    def _load(self, text: bytes) -> ctypes.c_void_p:
        try:
            check_model_text(text)
        except ModelTextError as error:
            raise EngineError(str(error)) from None
        booster, iterations = ctypes.c_void_p(), ctypes.c_int()
        loaded = self._lib.LGBM_BoosterLoadModelFromString(text, ctypes.byref(iterations), ctypes.byref(booster))
        _check(self._lib, loaded)
        return booster

    def _expect(self, getter: str, expected: int, what: str) -> None:
        found = ctypes.c_int()
        _check(self._lib, getattr(self._lib, getter)(self._booster, ctypes.byref(found)))
        if found.value != expected:
            raise EngineError(f"the model has {found.value} {what}, expected {expected}")


class _SingleRow:
    """A prepared single-row call: parameters parsed and buffers allocated once."""

    def __init__(self, lib: Any, booster: ctypes.c_void_p, kind: int, features: int, width: int) -> None:
        self._lib = lib
        self._out = (ctypes.c_double * width)()
        self._length = ctypes.c_int64()
        self._length_ref = ctypes.byref(self._length)
        self._config = ctypes.c_void_p()
        initialised = lib.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster, kind, 0, -1, DOUBLE, ctypes.c_int32(features), PARAMETERS, ctypes.byref(self._config)
        )
        _check(lib, initialised)
        self._free = weakref.finalize(self, lib.LGBM_FastConfigFree, self._config)

    def __call__(self, row: Row) -> list[float]:
        done = self._lib.LGBM_BoosterPredictForMatSingleRowFast(self._config, row, self._length_ref, self._out)
        _check(self._lib, done)
        if self._length.value != len(self._out):
            raise EngineError(f"the library returned {self._length.value} values, expected {len(self._out)}")
        return self._out[:]


def _check(lib: Any, code: int) -> None:
    if code:
        raise EngineError((lib.LGBM_GetLastError() or b"unknown error").decode(errors="replace"))
