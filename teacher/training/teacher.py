"""A trained teacher: predicts, explains by its gates, saves and loads."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from teacher.config import TeacherConfig
from teacher.inputs import Layout, TeacherInputs
from teacher.losses import TargetScale
from teacher.ple import Network
from teacher.training.outputs import named_gates, probabilities
from understudy.atomic import write_bytes
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["Teacher", "pick_device"]

_FORMAT = 4


def pick_device(wanted: str) -> torch.device:
    """``auto`` is the GPU if there is one.

    Raises:
        UserError: a GPU was asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("device is cuda, but torch sees no GPU", where="teacher config", fix="Set device to auto.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Teacher:
    """The network with the encoders that were fitted on its training rows."""

    config: TeacherConfig
    inputs: TeacherInputs
    targets: TargetScale
    network: Network
    device: torch.device

    @property
    def experts(self) -> list[str]:
        """The named experts, in the order of the gate weights."""
        return self.network.names

    @property
    def left_out(self) -> dict[str, str]:
        """Experts that were not built, and why."""
        return self.inputs.left_out

    def predict(self, dataset: Dataset, positions: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Task -> ``[m]`` probability (binary), ``[m]`` mean in label units (regression), ``[m, K]`` (multiclass)."""
        tasks = self.inputs.layout.tasks
        outputs = probabilities(self.network, self.inputs.encode(dataset, positions).to(self.device), tasks)
        result = {}
        for index, (task, output) in enumerate(zip(tasks, outputs, strict=True)):
            value = output.double().numpy()
            if task.type == "multiclass":
                result[task.name] = value / value.sum(axis=1, keepdims=True)
            else:
                result[task.name] = value[:, 0] * self.targets.std[index] + self.targets.mean[index]
        return result

    def gate_weights(self, dataset: Dataset, positions: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Task -> ``[m, experts]``: the first layer's gate over the named experts; rows sum to 1."""
        weights = named_gates(self.network, self.inputs.encode(dataset, positions).to(self.device)).double().numpy()
        weights /= weights.sum(axis=2, keepdims=True)
        return {task.name: weights[:, index] for index, task in enumerate(self.inputs.layout.tasks)}

    def save(self, path: Path) -> None:
        """Write everything as one file of plain tensors and JSON text; equal teachers give equal bytes."""
        record = {
            "format": _FORMAT,
            "config": self.config.model_dump_json(),
            "layout": self.inputs.layout.model_dump_json(),
            "left_out": json.dumps(self.inputs.left_out),
            "inputs": self.inputs.tensors(),
            "boosters": self.inputs.boosted.models if self.inputs.boosted is not None else [],
            "targets": torch.from_numpy(np.stack([self.targets.mean, self.targets.std])),
            "network": {name: value.cpu() for name, value in self.network.state_dict().items()},
        }
        buffer = io.BytesIO()
        torch.save(record, buffer)
        write_bytes(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Teacher:
        """Read what ``save`` wrote; only plain tensors and text are unpickled.

        Raises:
            UserError: the file is missing, damaged or of another format.
        """
        record = _read(path)
        config = TeacherConfig.model_validate_json(record["config"])
        layout = Layout.model_validate_json(record["layout"])
        inputs = TeacherInputs.restore(layout, json.loads(record["left_out"]), record["inputs"], record["boosters"])
        device = pick_device(config.device)
        network = Network(layout, config, torch.from_numpy(inputs.quantiles.edges), inputs.graph)
        network.load_state_dict(record["network"])
        targets: Tensor = record["targets"]
        return cls(config, inputs, TargetScale(*targets.numpy()), network.to(device).eval(), device)


def _read(path: Path) -> dict[str, Any]:
    try:
        record = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError("file not found", where=str(path), fix="Train the teacher first.") from None
    except Exception as error:
        raise UserError(f"not a teacher file: {error}", where=str(path), fix="Train the teacher again.") from error
    if not isinstance(record, dict) or record.get("format") != _FORMAT:
        raise UserError(f"not a teacher file of format {_FORMAT}", where=str(path), fix="Train the teacher again.")
    return record
