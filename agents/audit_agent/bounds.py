"""From where on an audit's measurement is a finding, and what a finding says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field, model_validator

from agents.checklist import status_of
from understudy.contracts._model import Contract, Name, validated
from understudy.contracts.watch import Checkpoint7, Item, Measurement, Severity, Status

__all__ = ["Bound", "load_bounds", "status_within"]


class Bound(Contract):
    """A measurement's thresholds and words. ``severity`` is that of a failure; a warning is minor.

    ``needed``: while it is not known, the risk is not known to be low. ``beyond_noise``: to fail, the whole interval
    must lie beyond the threshold; and what was so when the model was accepted (``inherited`` in the measurement's
    detail) warns.
    """

    measurement: Name
    title: str
    item: str | None = Field(default=None, description="the checklist item whose thresholds count")
    direction: Literal["above", "below"] | None = None
    warn: float | None = None
    fail: float | None = None
    beyond_noise: bool = False
    severity: Severity
    needed: bool = False
    checkpoint: Checkpoint7
    cause: str
    action: str

    @model_validator(mode="after")
    def _has_thresholds(self) -> Bound:
        own = self.direction is not None and self.fail is not None
        if own == (self.item is not None):
            raise ValueError("thresholds are its own, or those of a checklist item")
        return self


@cache
def load_bounds() -> dict[str, Bound]:
    """Measurement -> its bound, in the order of the file."""
    source = files("agents.audit_agent") / "bounds.toml"
    rows = tomllib.loads(source.read_text(encoding="utf-8"))
    return {
        name: validated(Bound, {"measurement": name, **row}, f"bounds.toml, [{name}]") for name, row in rows.items()
    }


def status_within(bound: Bound, found: Measurement, items: Mapping[str, Item]) -> Status:
    """PASS up to the thresholds (``above``: at ``fail`` and over it fails; ``below``: under it). None is UNKNOWN."""
    if found.value is None:
        return "UNKNOWN"
    if bound.item is not None:
        return status_of(items[bound.item], found.value)
    assert bound.fail is not None
    if _beyond(bound, found.value, bound.fail):
        return "FAIL" if not bound.beyond_noise or _surely(bound, found, bound.fail) else "WARN"
    return "WARN" if bound.warn is not None and _beyond(bound, found.value, bound.warn) else "PASS"


def _beyond(bound: Bound, value: float, mark: float) -> bool:
    return value >= mark if bound.direction == "above" else value < mark


def _surely(bound: Bound, found: Measurement, mark: float) -> bool:
    near = found.low if bound.direction == "above" else found.high
    return not found.detail.get("inherited") and (near is None or _beyond(bound, near, mark))
