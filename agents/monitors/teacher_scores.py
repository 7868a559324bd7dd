"""The teacher's scores of a sample of the day's decisions, without torch."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evidence.artefacts import Artefacts
from agents.evidence.columns import Columns
from agents.evidence.decoding import share_hash
from agents.evidence.frame import Frame
from agents.monitors.shadow import ShadowScores
from understudy.audit import Keyring, pseudonyms
from understudy.errors import UserError

__all__ = ["score_shadow"]

INDEX = "shadow/index.json"
TASK = "task:"


def score_shadow(
    columns: Columns | None, frame: Frame, artefacts: Artefacts, keyring: Keyring, sample: int
) -> ShadowScores | str:
    """Let the run's teachers (the mean of all folds) score at most ``sample`` decisions; or say why they cannot.

    Chosen are first decisions of persons whose encoded raw structure the run has (``shadow/``, which `understudy
    shadow` writes), on features that are still those which it was encoded with; by a hash of the request id.

    Raises:
        UserError: a file of the run is damaged, or the place cannot be reached.
    """
    if columns is None:
        return "the audit log could not be read"
    index = artefacts.json(INDEX)
    if index is None:
        return f"the run has no {INDEX}: what the teacher reads beyond a record is not at hand"
    if index["schema"] != frame.schema.version:
        return "the teacher's customers were encoded for another feature schema"
    try:
        import_module("onnxruntime")
    except ImportError:
        return "onnxruntime is not installed here"
    place = _places(index["customers"], keyring)
    known = np.load(io.BytesIO(_data(artefacts, "shadow/features.npy")), allow_pickle=False)
    looked_at = columns.first[columns.kept] & columns.has_features[columns.kept]
    found = [
        (row, place[int(columns.person[row])], vector)
        for row, vector in zip(columns.kept[looked_at], columns.features[looked_at], strict=True)
        if int(columns.person[row]) in place
    ]
    same = [(int(row), at) for row, at, vector in found if np.allclose(vector, known[at], rtol=1e-5, equal_nan=True)]
    chosen = sorted(sorted(same, key=lambda one: share_hash(columns.request_ids[one[0]], "shadow"))[:sample])
    rows = np.asarray([row for row, _ in chosen], dtype=np.int64)
    at = np.asarray([at for _, at in chosen], dtype=np.int64)
    said = [_scores(artefacts, number, at) for number in range(index["networks"])] if len(rows) else []
    mean = {task: np.mean([one[task] for one in said], axis=0) for task in said[0]} if said else {}
    return ShadowScores(rows, mean, int(looked_at.sum()), [artefacts.evidence(INDEX)])


def _places(customers: list[str], keyring: Keyring) -> dict[int, int]:
    """What a customer's decisions carry in place of the id (`Columns.person`) -> the customer's place."""
    return {
        int(name.rpartition(".")[2][:16], 16): place
        for place, customer in enumerate(customers)
        for name in pseudonyms(keyring, customer)
    }


def _scores(artefacts: Artefacts, number: int, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Task -> what one network says of the rows."""
    network, inputs = f"shadow/{number}.onnx", f"shadow/{number}.npz"
    arrays: Mapping[str, NDArray[Any]] = np.load(io.BytesIO(_data(artefacts, inputs)), allow_pickle=False)
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session: Any = runtime.InferenceSession(_data(artefacts, network), options, ["CPUExecutionProvider"])
        wanted = [output.name for output in session.get_outputs() if output.name.startswith(TASK)]
        values = session.run(wanted, {given.name: arrays[given.name][rows] for given in session.get_inputs()})
    except Exception as error:
        fix = "Export it again with `understudy shadow`."
        raise UserError(f"the exported teacher cannot score: {type(error).__name__}", where=network, fix=fix) from error
    said = zip(wanted, values, strict=True)
    return {name.removeprefix(TASK): np.asarray(value, dtype=np.float64) for name, value in said}


def _data(artefacts: Artefacts, name: str) -> bytes:
    data = artefacts.data(name)
    if data is None:
        raise UserError("a file of the shadow folder is missing", where=name, fix="Export it with `understudy shadow`.")
    return data
