from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from understudy.errors import UserError

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    spec = importlib.util.spec_from_file_location("real_data_script", FOLDER / "real_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(FOLDER))
    return module


def measure(name: str, value: float | None, half: float = 0.01) -> dict[str, Any]:
    ends = {} if value is None else {"low": value - half, "high": value + half}
    return {"name": name, "value": value, "rows": 9} | ends


def result(seed: int, distilled: float | None, lead: float, layer: str = "distilled") -> dict[str, Any]:
    gate = {"gate": "benefit", "status": "pass", "measures": [measure("direct_ahead_auc", lead)]}
    values = {"prior": 0.5, "direct": 0.8, "teacher": 0.82, "distilled": distilled}
    scores = {model: [measure("auc", value, 0 if model == "prior" else 0.01)] for model, value in values.items()}
    task = {"task": "income", "type": "binary", "rows_test": 9, "layer": layer, "layer_reason": "r", "scores": scores}
    report = {"dataset": "census", "seed": seed, "config": {}, "accepted": True, "reason": "r"}
    report |= {"rows": {"train": 6000, "valid": 2000, "test": 2000}}
    report |= {"tasks": [task | {"gates": [gate | {"threshold": "t", "reason": "r"}]}]}
    facts = {"processor": "X", "cores": "2", "memory": "8 GiB", "accelerator": "none", "python": "3", "torch": "1"}
    facts |= {"lightgbm": "1", "numpy": "1", "duckdb": "1"}
    return {"config": {"folds": 3, "preset": "standard"}, "machine": facts, "report": report}


def test_one_seed_shows_its_values_and_intervals(script: ModuleType) -> None:
    *_, row = script.table([result(7, 0.83, -0.02)])
    assert row == (
        "| income | AUC | 0.5000 | 0.8000 [0.7900, 0.8100] | 0.8200 [0.8100, 0.8300] | 0.8300 [0.8200, 0.8400] "
        "| distilled |"
    )


def test_seeds_are_averaged_and_their_layers_counted(script: ModuleType) -> None:
    *_, row = script.table([result(1, 0.83, -0.02), result(2, 0.81, 0.0, layer="direct")])
    assert "0.8200 [0.8100, 0.8300] | distilled 1x, direct 1x |" in row


def test_a_seed_without_a_value_leaves_the_cell_unknown(script: ModuleType) -> None:
    *_, row = script.table([result(1, 0.83, 0.0), result(2, None, 0.0)])
    assert row.endswith("| unknown | distilled |")


def test_footer_counts_paired_wins_ties_and_losses(script: ModuleType) -> None:
    first, second = script.footer([result(1, 0.83, -0.02), result(2, 0.8, 0.0), result(3, 0.7, 0.02)])
    assert "1 better, 1 tied, 1 worse. Accepted by the gates: 3 of 3 runs." in first
    assert "seeds 1, 2, 3. X, 2 cores, 8 GiB;" in second


def test_without_data_it_says_what_to_set(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERSTUDY_DATA", raising=False)
    with pytest.raises(UserError, match="UNDERSTUDY_DATA is not set"):
        script.main(["--quick"])


def test_machine_names_what_a_figure_depends_on(script: ModuleType) -> None:
    facts = script.machine()
    assert int(facts["cores"]) >= 1
    assert all(facts.values())
    assert facts["lightgbm"] in script.one_line(facts)
