"""The tables and bars of the distillation benchmarks, from figures that a run would have left."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


def script(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(FOLDER), *sys.path])
        return importlib.import_module(name)


def measure(name: str, value: float, half: float = 0.01) -> dict[str, Any]:
    return {"name": name, "value": value, "low": value - half, "high": value + half, "rows": 90}


def figures(lead: float = -0.02, fidelity: str = "pass", distilled: float = 11.0) -> dict[str, Any]:
    """One binary task; ``lead``: of the direct student; ``distilled``: seconds, naive takes 10."""
    gates = [
        {"gate": "fidelity", "status": fidelity, "measures": [measure("kl", 0.03), measure("agreement", 0.9)]},
        {"gate": "fairness", "status": "warn", "measures": [measure("kl_ratio[gender=f]", 1.4)]},
        {"gate": "benefit", "status": "pass", "measures": [measure("direct_ahead_auc", lead)]},
    ]
    scores = {model: [measure("auc", 0.8), measure("ece", 0.02)] for model in ("teacher", "distilled", "direct")}
    task = {"task": "churn", "type": "binary", "rows_test": 90, "layer": "distilled", "layer_reason": "r"}
    task |= {"scores": scores, "gates": [gate | {"threshold": "t", "reason": "r"} for gate in gates]}
    report = {"dataset": "toy", "seed": 7, "config": {}, "accepted": True, "reason": "no task rejects", "tasks": [task]}
    report |= {"rows": {"train": 300, "valid": 90, "test": 90}}
    report["ranking"] = {"status": "pass", "k": 3, "measures": [measure("overlap@3", 0.81)], "reason": "r"}
    seconds = {"naive": [10.0, 12.0], "distilled with soft labels": [distilled, distilled + 1]}
    growth = {str(rows): {"rows": rows, "seconds": rows / 1e4, "peak_bytes": 1e9} for rows in (100_000, 1_000_000)}
    return {"toy/7": {"report": report, "seconds": seconds, "peak_bytes": 2e9, "growth": growth}}


def test_every_measure_and_bar_is_told() -> None:
    text = "\n".join(script("distillation").published(figures()))
    for cell in ("0.800 (0.790 to 0.810)", "0.030 (0.020 to 0.040)", "1.400 (1.390 to 1.410) gender=f", "overlap@3"):
        assert cell in text
    assert "| 1,000,000 | 100.0 | 1.00 |" in text
    assert "Exponent of time 1.000" in text
    assert text.count("| passed |") == 3 + 1  # three bars, and the task's gates


@pytest.mark.parametrize(
    "worse", [figures(lead=0.05), figures(fidelity="fail"), figures(fidelity="unknown"), figures(distilled=16.0)]
)
def test_a_bar_that_is_missed_is_said_to_be(worse: dict[str, Any]) -> None:
    text = "\n".join(script("distillation").published(worse))
    assert text.count("| missed |") == 1


def test_what_was_not_run_is_not_passed() -> None:
    text = "\n".join(script("distillation").published({"toy/7": {}}))
    assert "passed" not in text
    assert "Cost: not run." in text
    assert "Growth: not run." in text


def test_one_file_of_other_bytes_is_a_missed_bar() -> None:
    kills, machine = script("distill_kills"), script("_machine").machine()
    found = {"asked": 10, "killed": 10, "customers": 1500, "seconds": 60.0, "machine": machine}
    same = kills.published(found | {"sha256": {"bundle.zip": ["a", "a"], "job.json": ["b", "b"]}})
    other = kills.published(found | {"sha256": {"bundle.zip": ["a", "c"], "job.json": ["b", "b"]}})
    assert "missed" not in "\n".join(same)
    assert "\n".join(other).count("missed") == 1
