"""Is a LightGBM text model whole? Asked before the C library parses it, for it trusts the offsets in the header."""

from __future__ import annotations

__all__ = ["ModelTextError", "check_model_text"]

END = b"end of trees"


class ModelTextError(ValueError):
    """The text is not a whole LightGBM model."""


def check_model_text(text: bytes) -> None:
    """Check that the header's ``tree_sizes`` lead from tree to tree and end at the end of the trees.

    ``LGBM_BoosterLoadModelFromString`` jumps to these offsets without looking at the length of the text, so that a
    truncated text would make it read foreign memory. A wrong text must cost one student, not the process.

    Raises:
        ModelTextError: says where the text stops making sense.
    """
    if b"\0" in text:
        raise ModelTextError("the text holds a NUL byte")
    start = text.find(b"\nTree=0\n") + 1
    if not text.startswith(b"tree\n") or start == 0:
        raise ModelTextError("not a LightGBM text model with trees")
    for index, size in enumerate(_tree_sizes(text[:start])):
        label = b"Tree=%d\n" % index
        if size < len(label) or not text.startswith(label, start):
            raise ModelTextError(f"tree {index} is not where the header says")
        start += size
    if not text.startswith(END, start):
        raise ModelTextError("the trees do not end where the header says")


def _tree_sizes(header: bytes) -> list[int]:
    for line in header.splitlines():
        if line.startswith(b"tree_sizes="):
            try:
                return [int(size) for size in line.removeprefix(b"tree_sizes=").split()]
            except ValueError:
                raise ModelTextError("tree_sizes are not whole numbers") from None
    raise ModelTextError("the header has no tree_sizes")
