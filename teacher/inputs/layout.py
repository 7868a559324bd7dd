"""What the teacher's network reads, as a plain value: column order, vocabulary sizes, routing and tasks."""

from __future__ import annotations

from understudy.contracts._model import Contract, Name, TaskType
from understudy.contracts.spec import ExpertName

__all__ = ["Feed", "Layout", "TaskLayout"]


class Feed(Contract):
    """What one expert reads. ``fields`` index the concatenation of numeric, then categorical columns."""

    fields: list[int]
    sequences: list[Name]
    distributions: list[Name]


class TaskLayout(Contract):
    """One task as the network sees it."""

    name: Name
    type: TaskType
    group: Name
    width: int
    weight: float


class Layout(Contract):
    """The network's inputs and outputs; together with the config it determines the shape of every weight."""

    numeric: list[str]
    categorical: list[str]
    cardinalities: list[int]
    sequences: dict[Name, tuple[int, int]]
    distributions: dict[Name, int]
    feeds: dict[ExpertName, Feed]
    tasks: list[TaskLayout]

    @property
    def fields(self) -> int:
        """Number of flat fields: numeric columns first, then categorical ones."""
        return len(self.numeric) + len(self.categorical)
