"""Layer 3: rules that need no model. Training rates, tabulated over a few columns a person can read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from understudy.contracts._model import Contract, Name, TaskType

__all__ = ["Condition", "RuleSet", "Segment", "TaskRules"]


class Condition(Contract):
    """``feature`` lies in ``[ge, lt)``, or equals one of ``any_of``, or is missing."""

    feature: str
    ge: float | None = None
    lt: float | None = None
    any_of: list[str] | None = None
    missing: bool = False


class Segment(Contract):
    """Rows of the training split that meet every condition: their shrunken rate, and how many they were.

    ``value`` has one number (binary probability or regression mean) or K class probabilities.
    """

    when: list[Condition]
    value: list[float]
    rows: int = Field(ge=0)


class TaskRules(Contract):
    """The rules of one task: the first segment that matches speaks, else the prior."""

    type: TaskType
    prior: list[float]
    segments: list[Segment]


class RuleSet(Contract):
    """Rules of every task of a bundle."""

    schema_version: Literal[1] = 1
    tasks: dict[Name, TaskRules]
