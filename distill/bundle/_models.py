"""LightGBM text models without what varies between machines, and without what no prediction reads."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from understudy.contracts.manifest import ModelRef

if TYPE_CHECKING:
    from distill.students import Student

__all__ = ["model_ref", "portable_text"]

_START = "\nparameters:\n"
_END = "end of parameters\n"
# Of a tree: what training found on the way. Predictions and contributions read the leaf values and the counts.
_UNREAD = ("split_gain=", "leaf_weight=", "internal_value=", "internal_weight=")


def portable_text(text: str) -> str:
    """Drop what no prediction reads: the ``parameters:`` section of a LightGBM text model, gains and weights.

    The section records how the booster was trained: thread counts, device, hosts, ports and file names among it.
    LightGBM reads it only to continue training; the objective, the trees and so every prediction stand outside it.
    Gains, weights and the values of inner nodes are two fifths of the text, which a cold start inflates, hashes and
    parses; LightGBM takes a tree without them, and predicts and explains the same.

    Raises:
        ValueError: the text is no complete LightGBM model.
    """
    if not text.startswith("tree\n") or "\nend of trees\n" not in text:
        raise ValueError("not a complete LightGBM text model")
    head, start, rest = text.partition(_START)
    if not start:
        return _lean(text)
    _, end, tail = rest.partition(_END)
    if not end:
        raise ValueError("the model's parameters section has no end")
    return _lean(f"{head}{tail}")


def _lean(text: str) -> str:
    """``text`` without `_UNREAD`; its ``tree_sizes``, by which LightGBM finds the trees, are those of what is left."""
    header, first, rest = text.partition("\nTree=0\n")
    if not first:
        return text
    body, end, tail = f"Tree=0\n{rest}".partition("end of trees\n")
    lean = "".join(line for line in body.splitlines(keepends=True) if not line.startswith(_UNREAD))
    starts = [match.start() for match in re.finditer(r"^Tree=\d+$", lean, re.MULTILINE)]
    sizes = " ".join(str(after - before) for before, after in pairwise([*starts, len(lean)]))
    header = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", header, flags=re.MULTILINE)
    return f"{header}\n{lean}{end}{tail}"


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
