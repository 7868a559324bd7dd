"""Which function measures what; a measurement that cannot be made says why, and never passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["Measure", "Value", "measure", "measures", "unknown"]


@dataclass(frozen=True)
class Value:
    """What a measuring function found; see `Measurement`."""

    value: float
    evidence: list[Evidence]
    low: float | None = None
    high: float | None = None
    interval: str | None = None
    n: int | None = None
    unit: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


Measure = Callable[[Night], Value]
_MEASURES: dict[str, Measure] = {}


def measures(name: str) -> Callable[[Measure], Measure]:
    """Register the function that measures ``name``; its docstring is the definition."""

    def register(function: Measure) -> Measure:
        if name in _MEASURES:
            raise ValueError(f"{name} is measured twice")
        _MEASURES[name] = function
        return function

    return register


def registered() -> dict[str, Measure]:
    """Every measuring function by name."""
    from agents.checklist import measuring  # noqa: F401  # importing it registers them

    return _MEASURES


def measure(name: str, night: Night) -> Measurement:
    """Measure ``name``, or take it from the night's monitors.

    Never raises: a function that does is UNKNOWN, and says with what.
    """
    function = registered().get(name)
    if function is None:
        found = night.monitors.get(name)
        return found or unknown(name, night.day, night.lost.get("monitors", "no monitor reported it"))
    try:
        found_value = function(night)
    except MissingEvidenceError as error:
        return unknown(name, night.day, str(error))
    except Exception as error:
        return unknown(name, night.day, f"the measurement failed itself: {type(error).__name__}: {error}")
    return Measurement(name=name, period=night.day, **vars(found_value))


def unknown(name: str, day: str, why: str) -> Measurement:
    """A measurement that could not be made."""
    return Measurement(name=name, period=day, value=None, why=why)
