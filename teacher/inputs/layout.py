"""What the teacher's network reads, as a plain value: column order, vocabulary sizes, routing and tasks."""

from __future__ import annotations

from pydantic import Field

from understudy.contracts._model import Contract, Name, TaskType
from understudy.contracts.spec import ExpertName

__all__ = ["Feed", "Layout", "TaskLayout", "TreeLayout"]


class Feed(Contract):
    """What one expert reads. ``fields`` index the concatenation of numeric, then categorical columns; ``products`` are
    those numeric columns among them that say by 0 or 1 whether the customer holds something."""

    fields: list[int]
    sequences: list[Name]
    distributions: list[Name]
    products: list[int] = Field(default=[])


class TreeLayout(Contract):
    """A tree as the network sees it: ``parents[i]`` of node ``i`` (-1: the root), and the node of each bin."""

    parents: list[int]
    leaves: list[int]


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
    trees: dict[Name, TreeLayout] = Field(default={})
    feeds: dict[ExpertName, Feed]
    tasks: list[TaskLayout]

    @property
    def fields(self) -> int:
        """Number of flat fields: numeric columns first, then categorical ones."""
        return len(self.numeric) + len(self.categorical)
