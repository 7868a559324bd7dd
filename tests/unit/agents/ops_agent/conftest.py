"""Results of a night in which everything passes, and changes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.checklist import load_items, status_of
from agents.checklist.registry import unknown
from understudy.contracts.watch import Evidence, ItemResult, Measurement

DAY = "2026-06-12"
ITEMS = {item.measurement: item for item in load_items()}
Results = Callable[..., list[ItemResult]]


def passing(name: str) -> float:
    item = ITEMS[name]
    if item.direction == "present":
        return 1.0
    assert item.fail is not None
    if item.direction == "outside":
        assert item.warn is not None
        return (item.warn + item.fail) / 2
    return 0.0 if item.direction == "above" else 2.0


def result(name: str, value: float | None, **detail: Any) -> ItemResult:
    item = ITEMS[name]
    if value is None:
        return ItemResult(item=item, status="UNKNOWN", measurement=unknown(name, DAY, "its source is gone"))
    evidence = [Evidence(kind="artefact", ref=f"of/{name}")]
    measured = Measurement(name=name, period=DAY, value=value, detail=detail, evidence=evidence)
    return ItemResult(item=item, status=status_of(item, value), measurement=measured)


@pytest.fixture
def results() -> Results:
    """Everything passes but what is given: a value, None, or (value, detail)."""

    def make(**changed: Any) -> list[ItemResult]:
        found = []
        for name in ITEMS:
            value = changed.get(name, passing(name))
            found.append(result(name, value[0], **value[1]) if isinstance(value, tuple) else result(name, value))
        return found

    return make
