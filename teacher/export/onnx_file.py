"""Writing the teacher's network as ONNX."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from teacher.export.onnx_scorer import EXPERTS, GATES, TASK
from teacher.export.scored import ScoredNetwork, input_tensors
from teacher.inputs import Inputs
from teacher.training.teacher import Teacher
from understudy.atomic import write_bytes
from understudy.errors import UserError

__all__ = ["export_onnx"]

_OPSET = 20
# Graphs are traced at some number of rows; one and zero are special cases to the tracer.
_ROWS = 3


def export_onnx(teacher: Teacher, example: Inputs, path: Path) -> None:
    """Write the network with all experts and members as one ONNX file; rows are free, everything else is fixed.

    The graph begins behind the encoders (quantile transform, categories, persistence diagrams): its inputs are the
    tensors of ``teacher.inputs.encode``, named by ``input_tensors``; its outputs are ``task:<name>`` and ``gates``. The
    experts' names are in the metadata. The same teacher gives the same bytes; no path of this machine is in them.

    Args:
        teacher: The trained teacher.
        example: Some encoded rows; only their shapes count.
        path: Gets the file.

    Raises:
        UserError: the ``onnx`` packages are not installed.
    """
    some = example.take(torch.arange(_ROWS, device=example.numeric.device) % len(example))
    tensors = {name: value.cpu() for name, value in input_tensors(some).items()}
    outputs = [*(TASK + task.name for task in teacher.inputs.layout.tasks), GATES]
    device = next(teacher.network.parameters()).device
    scored = ScoredNetwork(teacher, list(tensors)).cpu().eval()
    try:
        model = _graph(scored, tensors, outputs)
    finally:
        scored.to(device)
    _strip(model)
    entry = model.metadata_props.add()
    entry.key, entry.value = EXPERTS, json.dumps(teacher.experts)
    write_bytes(path, model.SerializeToString(deterministic=True))


def _graph(scored: ScoredNetwork, tensors: dict[str, Tensor], outputs: list[str]) -> Any:
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"the teacher cannot be exported: {error}", fix="Install understudy[teacher], or set onnx to false."
        ) from error
    rows = torch.export.Dim("rows", min=1)
    with _quiet():
        program = torch.onnx.export(
            scored,
            tuple(tensors.values()),
            input_names=list(tensors),
            output_names=outputs,
            dynamic_shapes=(tuple({0: rows} for _ in tensors),),
            opset_version=_OPSET,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter narrates; what goes wrong it raises."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _strip(model: Any) -> None:
    """Forget where the exporter saw each operation: stack traces name this machine's folders."""
    for holder in (model, model.graph, *model.functions):
        del holder.metadata_props[:]
        holder.doc_string = ""
    for part in (*model.graph.node, *(node for function in model.functions for node in function.node)):
        del part.metadata_props[:]
        part.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer):
        del value.metadata_props[:]
        value.doc_string = ""
