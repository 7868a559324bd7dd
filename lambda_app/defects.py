"""A defect is answered like any other problem; the log gets its place, and neither gets a value."""

from __future__ import annotations

from lambda_app.http import HttpError
from lambda_app.logs import log

__all__ = ["as_problem"]


def as_problem(error: Exception) -> HttpError:
    """The problem that a caller is told of ``error``; what nobody foresaw is logged as a defect."""
    if isinstance(error, HttpError):
        return error
    log("defect", error=type(error).__name__, place=_place(error))
    return HttpError(500, "The request could not be answered.")


def _place(error: Exception) -> str:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
