"""What a measurement out of bounds most likely means; texts as data."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from understudy.contracts._model import Contract, validated
from understudy.contracts.watch import Checkpoint7, Severity

__all__ = ["Cause", "load_causes"]


class Cause(Contract):
    """Of one measurement: where it counts, how grave a failure is, what is behind it as a rule, what to do first.

    ``finding``: measurements with the same one are told as one finding (default: the measurement's own name).
    ``headline``: what a failure is called (default: the item with its value).
    """

    checkpoint: Checkpoint7
    severity: Severity
    cause: str
    action: str
    finding: str | None = None
    headline: str | None = None


@cache
def load_causes() -> dict[str, Cause]:
    """Measurement -> cause; every item of the checklist has one."""
    tables = tomllib.loads((files("agents.ops_agent") / "causes.toml").read_text(encoding="utf-8"))
    return {name: validated(Cause, table, f"causes.toml, [{name}]") for name, table in tables.items()}
