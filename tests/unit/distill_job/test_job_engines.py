"""The whole job on a Ray cluster of two workers, and under SIGKILL: the same bytes as one undisturbed process."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from job_bank import write_bank

from distill.job.__main__ import main

TEACHER = {"members": 1, "epochs": 12, "width": 16, "hidden": 32}
RESULTS = ("bundle.zip", "gates/report.json", "report/report.html", "job.json", "soft/soft.parquet")
# So few rows and epochs need not pass the gates.
ENDED = (0, 3)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bank(tmp_path_factory.mktemp("bank"), rows=900)


def config(bank: Path, out: Path, **changes: Any) -> str:
    run = {"dataset": str(bank), "preset": "quick", "folds": 2, "teacher": TEACHER}
    path = out.with_suffix(".json")
    path.write_text(json.dumps({"run": run, "out": str(out), "executor": {"kind": "serial"}} | changes))
    return str(path)


@pytest.fixture(scope="module")
def undisturbed(bank: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the job leaves that one process ran through."""
    out = tmp_path_factory.mktemp("jobs") / "whole"
    assert main(["--config", config(bank, out)]) in ENDED
    return out


def content(root: Path) -> dict[str, bytes]:
    return {name: (root / name).read_bytes() for name in RESULTS}


def kill_after(path: str, lines: int) -> list[str]:
    """Start the job, and SIGKILL it once it has said so many lines; the events that it told."""
    command = [sys.executable, "-m", "distill.job", "--config", path]
    told = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as job:
        assert job.stderr is not None
        for line in job.stderr:
            told.append(json.loads(line)["event"])
            if len(told) == lines:
                job.kill()
        job.wait()
    assert job.returncode == -9
    return told


def test_a_job_that_is_killed_again_and_again_ends_with_the_same_bytes(
    bank: Path, undisturbed: Path, tmp_path: Path
) -> None:
    path, chance = config(bank, tmp_path / "killed"), random.Random(5)
    # Of the 30 lines or so that it says; a job that goes on says those of the stages that are left.
    for lines in (chance.randint(3, 9), chance.randint(10, 16), chance.randint(13, 18)):
        assert "ended" not in kill_after(path, lines)
    assert main(["--config", path]) in ENDED
    assert content(tmp_path / "killed") == content(undisturbed)


def test_rows_that_only_the_teacher_labels_join_the_lesson_and_nothing_else(
    bank: Path, undisturbed: Path, tmp_path: Path
) -> None:
    path = Path(config(bank, tmp_path / "more"))
    asked = json.loads(path.read_bytes())
    asked["run"]["augment"] = 0.5
    path.write_text(json.dumps(asked))
    assert main(["--config", str(path)]) in ENDED
    labels = [pq.read_table(root / "soft/soft.parquet") for root in (undisturbed, tmp_path / "more")]
    rows = labels[0].num_rows
    assert labels[1].num_rows == rows + 522 // 2
    for name in labels[0].column_names:
        # The same teachers; a row is scored beside other rows, which is felt in the last bits.
        first, second = (table[name].to_numpy()[:rows] for table in labels)
        assert second == pytest.approx(first, rel=1e-4)
    roots = (undisturbed, tmp_path / "more")
    reports = [json.loads((root / "gates/report.json").read_bytes())["rows"] for root in roots]
    assert reports[0] == reports[1]
    assert (tmp_path / "more/bundle.zip").read_bytes() != (undisturbed / "bundle.zip").read_bytes()


def test_two_ray_workers_agree_with_one_process(bank: Path, undisturbed: Path, tmp_path: Path) -> None:
    """Ray Data scores, an actor fits a task, and Ray Train fits the oversized one on two shards."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: its engine was not tested")
    engine = {"kind": "ray", "workers": 2, "oversized": 1200}
    try:
        assert main(["--config", config(bank, tmp_path / "ray", executor=engine)]) in ENDED
    finally:
        ray.shutdown()
    assert (tmp_path / "ray/soft/soft.parquet").read_bytes() == (undisturbed / "soft/soft.parquet").read_bytes()
    for task in ("churn", "spend"):
        for name in ("distilled.txt", "direct.txt"):
            place = f"students/{task}/{name}"
            assert (tmp_path / "ray" / place).read_bytes() == (undisturbed / place).read_bytes()
    losses = [_losses(root / "students/next_family/students.json") for root in (undisturbed, tmp_path / "ray")]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def _losses(path: Path) -> list[float]:
    record = json.loads(path.read_bytes())
    return [record[kind]["choices"]["valid_loss"] for kind in ("distilled", "direct")]
