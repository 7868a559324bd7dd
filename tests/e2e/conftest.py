"""One built zip for all of these tests, and one function that serves it."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import packaged
import pytest
import tiny_bundle
import watch_reports
from built_zip import built_zip
from rich.console import Console

from distill.pipeline import Pipeline, RunConfig
from understudy.cli.path import walk
from understudy.contracts.api import RecommendationResponse
from understudy.progress import Silent

# Gates may send a task of so small a bank to its direct student, never past the report.
CONFIG = RunConfig(dataset="finsynth", customers=1500, folds=2, preset="quick", on_fidelity_failure="fallback")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_zip(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def served(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[packaged.Served]:
    """By day, with a predecessor, a customer who may buy anything (``bold``) and some who may not.

    Whatever was asked, the log is whole afterwards, and the function's own log names no customer.
    """
    folder = tmp_path_factory.mktemp("served")
    tasks = tiny_bundle.tasks()
    tasks[0]["distilled"]["calibrator"] = {"kind": "platt", "a": 1.0, "b": -4.0}
    older = packaged.bundle(folder / "older", seed=2, tasks=tasks)
    other = tiny_bundle.customer("other-schema").model_copy(update={"schema_version": "1" * 16})
    bold = tiny_bundle.customer("bold", profile={"risk_tolerance": 5})
    records = [*(tiny_bundle.customer(name) for name in ("c-1", "c-2")), bold, other]
    settings = {
        "UNDERSTUDY_PREVIOUS_BUNDLE": str(older),
        "UNDERSTUDY_REPORTS": f"file://{watch_reports.write(folder / 'reports', first=28)}",
    }
    with packaged.serve(package, folder, packaged.bundle(folder / "bundle"), records, **settings) as running:
        yield running
        assert running.verdict() == "clean"
    log = (folder / "log").read_text(encoding="utf-8")
    assert '"event":"request"' in log or '"event": "request"' in log
    assert not [name for name in ("c-1", "c-2", "bold", "other-schema", "5000000") if f'"{name}"' in log]


@pytest.fixture(scope="session")
def distilled_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whole run up to its bundle, which the workers of a test session share: the first to come makes it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = shared / "distilled-run"
    with (shared / "distilled-run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "bundle.zip").exists():
            _ = Pipeline(CONFIG, root, None, Silent()).run()
    return root


@pytest.fixture(scope="session")
def walked(
    distilled_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Pipeline, RecommendationResponse, str]:
    """The rest of the path on a copy of that run: a request that is answered and audited."""
    root = tmp_path_factory.mktemp("walked") / "run"
    shutil.copytree(distilled_run, root)
    pipeline = Pipeline(CONFIG, root, None, Silent())
    console = Console(file=io.StringIO(), width=160, highlight=False)
    answer = walk(console, pipeline, customer=None, locales=["ko", "en"])
    return pipeline, answer, console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def finished_run(walked: tuple[Pipeline, RecommendationResponse, str]) -> Path:
    """The directory of that run; whoever changes something in it works on a copy."""
    return walked[0].root
