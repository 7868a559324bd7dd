"""Processes and a Ray cluster of two workers give the bytes that one process gives; their faults are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pieces import die, scored, ten, times

from distill import DistillConfig, fit_students
from distill.executor import Executor, ExecutorConfig, Serial, open_executor
from distill.executor._cluster import _join
from understudy.errors import UserError
from understudy.progress import Silent

KINDS = ["serial", "processes", "ray"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One local Ray cluster of two workers for the module: its start is most of its time."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: its engine was not tested")
    _join(ray, 2)
    yield
    ray.shutdown()


@pytest.fixture(params=KINDS)
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "ray":
        request.getfixturevalue("cluster")
    return open_executor(ExecutorConfig(kind=request.param, workers=2), 0)


def test_every_item_comes_back_with_its_result(executor: Executor) -> None:
    assert dict(executor.run(ten, times, [3, 1, 2])) == {3: 30, 1: 10, 2: 20}
    assert list(executor.run(ten, times, [])) == []
    with pytest.raises(UserError, match="-1 is negative") as refused:
        list(executor.run(ten, times, [1, -1]))
    assert refused.value.exit_code == 4


def test_rows_come_back_in_their_order(executor: Executor) -> None:
    rows = np.random.default_rng(0).permutation(25).astype(np.int64)
    found = executor.map_rows(ten, scored, rows, 4)
    assert found["one"].tolist() == [10.0 * row for row in rows]
    assert found["two"].tolist() == [[row, -row] for row in rows.tolist()]
    with pytest.raises(UserError, match="a negative row") as refused:
        executor.map_rows(ten, scored, np.array([3, -1]), 4)
    assert refused.value.exit_code == 4


def test_students_are_the_same_bytes(
    bank: Any, config: DistillConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of processes; of Ray in the tests of the job."""
    folders = [tmp_path_factory.mktemp("students") for _ in range(2)]
    executors = (open_executor(ExecutorConfig(kind="processes", workers=2), 0), Serial())
    for folder, where in zip(folders, executors, strict=True):
        fit_students(bank.dataset, bank.soft, config, folder, Silent(), where)
    first, second = (_content(folder) for folder in folders)
    assert len(first) == 9
    assert first == second


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_worker_that_dies_is_transient() -> None:
    executor = open_executor(ExecutorConfig(kind="processes", workers=2), 0)
    with pytest.raises(UserError, match="a worker process died") as refused:
        list(executor.run(ten, die, [1, 2]))
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(("rows", "kind"), [(100, "Serial"), (50_000, "Processes")])
def test_auto_takes_processes_where_rows_keep_them_busy(rows: int, kind: str) -> None:
    config = ExecutorConfig(workers=2)
    assert type(open_executor(config, rows)).__name__ == kind
    assert type(open_executor(ExecutorConfig(workers=1), rows)).__name__ == "Serial"


def test_oversized_tasks_need_ray() -> None:
    assert ExecutorConfig(kind="ray", oversized=10).oversized == 10
    with pytest.raises(ValueError, match="set kind to ray"):
        ExecutorConfig(kind="processes", oversized=10)


def test_ray_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError, match="Ray is not installed"):
        open_executor(ExecutorConfig(kind="ray"), 0)
    assert partial(open_executor, ExecutorConfig(kind="serial"))(0).workers == 1
