"""What can go wrong between a caller and an answer."""

from __future__ import annotations

from understudy.contracts.api import Problem

__all__ = ["ApiError", "NoAnswerError"]


class ApiError(Exception):
    """The API answered, and not with what was asked for.

    Attributes:
        status: The HTTP status.
        problem: What the API says about it; None if the answer came from something before it (a gateway).
    """

    def __init__(self, status: int, problem: Problem | None) -> None:
        self.status = status
        self.problem = problem
        fields = "; ".join(f"{error.field}: {error.message}" for error in problem.errors) if problem else ""
        said = f"{problem.title}: {problem.detail} {fields}".strip() if problem else "no problem details"
        super().__init__(f"{status} {said}")


class NoAnswerError(Exception):
    """The API could not be reached, or did not finish its answer, at the last attempt."""
