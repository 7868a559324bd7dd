"""The scripts behind the jury's figures: the labelled set is whole, and the figures follow from it."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    return importlib.import_module("jury_cases")


@pytest.fixture(scope="module")
def causes() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "benchmarks" / "jury_cases.toml").read_text())["cause"]
    return found


def test_each_cause_has_two_past_cases_and_three_later_findings(causes: list[dict[str, Any]]) -> None:
    assert len({cause["name"] for cause in causes}) == len(causes) == 24
    assert {(len(cause["past"]), len(cause["later"])) for cause in causes} == {(2, 3)}
    texts = [text for cause in causes for text in [*cause["past"], *cause["later"]]]
    assert len(set(texts)) == len(texts)


def test_recall_is_that_of_what_the_case_store_uses(script: ModuleType, causes: list[dict[str, Any]]) -> None:
    rows = script.measure(causes)
    used, baseline = rows[script.USED], rows["same item, latest first"]
    assert used["recall@3"][0] > baseline["recall@3"][0] + 0.2
    assert used["recall@1"][0] >= 0.8
    assert used["difference"] == [0, 0, 0]
    assert all(
        0 <= low <= value <= high <= 1 for row in rows.values() for value, low, high in [row.get("recall@5", (0, 0, 0))]
    )


def test_a_past_case_that_is_the_finding_itself_is_found_first(script: ModuleType) -> None:
    causes = [{"name": str(n), "past": [f"alpha{n} beta{n}"], "later": [f"alpha{n} beta{n}"]} for n in range(4)]
    rows = script.measure(causes)
    assert rows[script.USED]["recall@1"] == [1, 1, 1]
