"""The scripts that measure the generated bank, at a size that a test can afford."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


@pytest.fixture
def scale() -> ModuleType:
    import finsynth_scale

    return finsynth_scale


@pytest.fixture
def ceiling() -> ModuleType:
    import finsynth_ceiling

    return finsynth_ceiling


def test_the_memory_of_children_counts(scale: ModuleType) -> None:
    code = "import time; x = b'1' * (300 << 20); time.sleep(0.7)"
    found = scale.watch(subprocess.call, ([sys.executable, "-c", code],))
    assert 300 < found["megabytes"] < 600
    assert 0.7 < found["seconds"] < 30


def test_work_that_fails_is_no_figure(scale: ModuleType, tmp_path: Path) -> None:
    from understudy.errors import UserError

    with pytest.raises(UserError, match="ended with 1"):
        scale.watch(scale.generate_bank, (tmp_path, 1, 1))


def test_the_exponent_is_the_slope_of_the_logs(scale: ModuleType) -> None:
    exact = {str(n): {"generate": {"seconds": 3 * n**1.25}, "features": {"seconds": 2.0 * n}} for n in (10, 100, 1000)}
    found = scale.growth(exact)
    assert found["generate"] == pytest.approx([1.25, 1.25, 1.25])
    assert found["features"] == pytest.approx([1, 1, 1])
    noisy = exact | {"10": {"generate": {"seconds": 60.0}, "features": {"seconds": 20.0}}}
    slope, low, high = scale.growth(noisy)["generate"]
    assert low < slope < high
    assert scale.growth({"10": exact["10"]})["generate"] == [None, None, None]


def test_a_size_is_measured_once(scale: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "scale.json"
    asked = ["--sizes", "200", "--workers", "1", "--scratch", str(tmp_path), "--results", str(results)]
    scale.main(asked)
    first = results.read_bytes()
    found = json.loads(first)["sizes"]["200"]
    assert found["generate"]["seconds"] > 0
    assert found["features"]["gigabytes"] > 0
    assert not list(tmp_path.glob("finsynth-scale-*"))
    scale.main(asked)
    assert results.read_bytes() == first
    assert "| 200 |" in capsys.readouterr().out


def test_the_ceiling_is_measured_once_and_told(
    ceiling: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        "--customers", "800", "--seeds", "1", "--off-seeds", "--tasks", "will_acquire_investments", "--workers", "1",
        "--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "ceiling.json"),
    ]  # fmt: skip
    ceiling.main(asked)
    (row,) = json.loads((tmp_path / "ceiling.json").read_bytes())["rows"]
    assert row["plain"] < row["ceiling"]
    assert row["signals"] == ["optimal_transport"]
    value, low, high = row["ceiling_minus_structural"]
    assert low < value < high
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*")}
    ceiling.main(asked)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*")} == kept
    assert "| will_acquire_investments | AUC | optimal_transport |" in capsys.readouterr().out


def test_who_predicts_the_class_shares_has_no_skill(ceiling: ModuleType) -> None:
    from teacher.datasets import load_spec

    task = next(task for task in load_spec("finsynth").spec.tasks if task.name == "nba_primary")
    labels = np.array([0.0, 0.0, 1.0, 2.0])
    prior = np.array([0.5, 0.2, 0.2, 0.025, 0.025, 0.025, 0.025])
    ones, keep = np.ones((1, 4)), np.arange(4)
    same = ceiling.skill(task, labels, np.tile(prior, (4, 1)), keep, prior)(ones)
    right = ceiling.skill(task, labels, np.eye(7)[[0, 0, 1, 2]], keep, prior)(ones)
    assert same == pytest.approx(0.0, abs=1e-9)
    assert right == pytest.approx(1.0, abs=1e-5)


def test_intervals_are_paired(ceiling: ModuleType, tmp_path: Path) -> None:
    """The difference of two noisy scores that move together is known well."""
    asked: Any = ceiling._parse(["--runs", str(tmp_path), "--customers", "500"])
    noise = np.random.default_rng(0).normal(0, 0.1, 501)
    path = ceiling._kept(asked, ("on", 1, "churn_signal"))
    path.parent.mkdir(parents=True)
    np.savez(path, plain=0.6 + noise, structural=0.7 + noise, ceiling=0.8 + noise)
    (row,) = ceiling.summarise([("on", 1, "churn_signal")], asked)
    assert row["structural_minus_plain"] == pytest.approx([0.1, 0.1, 0.1])
    assert row["closed"] == pytest.approx([0.5, 0.5, 0.5])
