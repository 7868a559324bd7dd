from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studies import _jobs, _page, _results


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_results, "RESULTS", tmp_path / "results")
    dataset = SimpleNamespace(fingerprint="f", rows=lambda split: np.arange(3))
    monkeypatch.setattr(_jobs, "dataset_of", lambda job, runs: dataset)


def asked(tmp_path: Path, **changes: Any) -> argparse.Namespace:
    return argparse.Namespace(**({"models": [], "minutes": 60.0, "runs": tmp_path / "runs"} | changes))


JOBS = [_jobs.Job("toy", model, seed) for seed in (1, 2) for model in ("a", "b")]


def measured(done: list[_jobs.Job]) -> Any:
    def measure(job: _jobs.Job, dataset: Any, out: Path) -> dict[str, Any]:
        done.append(job)
        return {"scores": {"x": {"skill": job.seed / 10}, "y": {"skill": None}}}

    return measure


def test_what_is_kept_is_not_run_again(tmp_path: Path) -> None:
    done: list[_jobs.Job] = []
    _jobs.run_missing("study", JOBS[:3], measured(done), asked(tmp_path))
    assert done == JOBS[:3]
    _jobs.run_missing("study", JOBS, measured(done), asked(tmp_path))
    assert done == JOBS
    kept = json.loads((tmp_path / "results/study/toy/a/2.json").read_bytes())
    assert (kept["model"], kept["seed"], kept["fingerprint"]) == ("a", 2, "f")
    assert _results.scores_by_seed("study", "toy", "a", "skill") == {
        1: {"x": 0.1, "mean": 0.1},
        2: {"x": 0.2, "mean": 0.2},
    }


def test_only_the_models_and_the_time_that_were_asked_for(tmp_path: Path) -> None:
    done: list[_jobs.Job] = []
    _jobs.run_missing("study", JOBS, measured(done), asked(tmp_path, models=["b"]))
    assert [job.model for job in done] == ["b", "b"]
    _jobs.run_missing("study", JOBS, measured(done), asked(tmp_path, minutes=-1.0))
    assert len(done) == 2


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    _page.publish("one", "First", ["old"], 1, 4, page)
    _page.publish("two", "Second", ["kept"], 4, 4, page)
    _page.publish("one", "First", ["new"], 2, 4, page)
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.count("<!-- one:begin -->") == 1
    assert "`python -m studies.one`: 2 of 4 runs so far." in text
    assert text.index("new") < text.index("kept")
