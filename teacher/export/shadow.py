"""What production needs to ask the teacher about a customer: its networks as ONNX, and customers encoded for them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.dataset import Dataset
from teacher.export.onnx_file import export_onnx
from teacher.export.scored import input_tensors
from teacher.training.teacher import Teacher
from understudy.atomic import atomic_directory, write_json

__all__ = ["export_shadow", "shadow_rows"]


def shadow_rows(dataset: Dataset, customers: int) -> NDArray[np.int64]:
    """Positions of the latest rows of so many customers; sorted.

    Test rows come first: they are of the latest date, which the served records are of too, and no teacher saw them.
    Among equals a hash of the customer's id chooses.
    """
    last = {customer: position for position, customer in enumerate(dataset.customer_ids.tolist())}
    test = set(dataset.rows("test").tolist())

    def turn(customer: str) -> tuple[bool, bytes]:
        return last[customer] not in test, hashlib.sha256(f"understudy/shadow\n{customer}".encode()).digest()

    chosen = sorted(last, key=turn)[:customers]
    return np.asarray(sorted(last[customer] for customer in chosen), dtype=np.int64)


def export_shadow(teachers: Sequence[Teacher], dataset: Dataset, rows: NDArray[np.int64], out: Path) -> None:
    """Write the folder that `agents.monitors.teacher_scores` reads, whole or not at all.

    ``index.json`` (schema version, customers, networks), ``features.npy`` (``[rows, F]``, what the students read of
    these customers), and per teacher ``<k>.onnx`` with ``<k>.npz`` (its encoded inputs; encoders differ by fold). What
    the teachers say of a row is their mean. It holds customer ids, like the data that it is made from.

    Args:
        teachers: Of all folds.
        dataset: Where the rows are.
        rows: Positions, one a customer.
        out: The folder, replaced.

    Raises:
        UserError: the ``onnx`` packages are not installed.
    """
    with atomic_directory(out) as folder:
        for number, teacher in enumerate(teachers):
            inputs = teacher.inputs.encode(dataset, rows)
            export_onnx(teacher, inputs, folder / f"{number}.onnx")
            arrays = {name: value.cpu().numpy() for name, value in input_tensors(inputs).items()}
            np.savez(folder / f"{number}.npz", **arrays)  # type: ignore[arg-type]
        np.save(folder / "features.npy", dataset.features[rows].astype(np.float32), allow_pickle=False)
        index = {
            "version": 1,
            "schema": dataset.schema.version,
            "customers": dataset.customer_ids[rows].tolist(),
            "networks": len(teachers),
        }
        write_json(folder / "index.json", index)
