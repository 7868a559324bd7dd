"""LightGBM text models without what varies between machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.contracts.manifest import ModelRef

if TYPE_CHECKING:
    from distill.students import Student

__all__ = ["model_ref", "portable_text"]

_START = "\nparameters:\n"
_END = "end of parameters\n"


def portable_text(text: str) -> str:
    """Drop the ``parameters:`` section of a LightGBM text model.

    The section records how the booster was trained: thread counts, device, hosts, ports and file names among it.
    LightGBM reads it only to continue training; the objective, the trees and so every prediction stand outside it.

    Raises:
        ValueError: the text is no complete LightGBM model.
    """
    if not text.startswith("tree\n") or "\nend of trees\n" not in text:
        raise ValueError("not a complete LightGBM text model")
    head, start, rest = text.partition(_START)
    if not start:
        return text
    _, end, tail = rest.partition(_END)
    if not end:
        raise ValueError("the model's parameters section has no end")
    return f"{head}{tail}"


def model_ref(student: Student, path: str) -> ModelRef:
    """How the function turns the raw scores of the model at ``path`` into calibrated predictions."""
    return ModelRef(
        path=path,
        link=student.link,
        base=list(student.base),
        scale=student.scale,
        shift=student.shift,
        trees=student.text.count("\nTree="),
        calibrator=student.calibrator,
    )
