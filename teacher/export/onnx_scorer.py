"""Scoring an exported teacher with ONNX Runtime: no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import UserError

__all__ = ["EXPERTS", "GATES", "TASK", "OnnxScorer"]

TASK, GATES, EXPERTS = "task:", "gates", "experts"


class OnnxScorer:
    """Answers like the teacher it was exported from, on encoded rows.

    Attributes:
        tasks: In the order of the graph's outputs.
        experts: The named experts, in the order of the gate weights.
        inputs: Names of the arrays that a call must be given.
    """

    def __init__(self, path: Path | str, *, threads: int = 1) -> None:
        onnxruntime = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            fix = "Export the teacher again."
            raise UserError(f"not an exported teacher: {error}", where=str(path), fix=fix) from error
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.tasks = [name.removeprefix(TASK) for name in self._outputs if name.startswith(TASK)]
        self.inputs = [given.name for given in self._session.get_inputs()]
        self.experts: list[str] = json.loads(self._session.get_modelmeta().custom_metadata_map[EXPERTS])

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
        """Task -> ``[rows]`` probability or mean in label units, ``[rows, K]`` probabilities."""
        found = self._run(arrays)
        return {task: found[TASK + task] for task in self.tasks}

    def gate_weights(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
        """Task -> ``[rows, experts]``, rows sum to 1."""
        gates = self._run(arrays)[GATES]
        return {task: gates[:, index] for index, task in enumerate(self.tasks)}

    def _run(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
        missing = [name for name in self.inputs if name not in arrays]
        if missing:
            fix = "Encode the rows with the teacher's own encoders."
            raise UserError(f"the exported teacher also needs the arrays {', '.join(missing)}", fix=fix)
        values = self._session.run(self._outputs, {name: arrays[name] for name in self.inputs})
        return {name: np.asarray(value, dtype=np.float64) for name, value in zip(self._outputs, values, strict=True)}
