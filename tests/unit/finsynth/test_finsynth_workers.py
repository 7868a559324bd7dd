import os
from pathlib import Path

import pytest

from teacher.datasets.finsynth.workers import default_workers, run_jobs
from understudy.errors import UserError


def touch(path: Path) -> None:
    path.write_text(str(os.getpid()))


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(tmp_path: Path, workers: int) -> None:
    jobs = [tmp_path / str(number) for number in range(5)]
    assert len(list(run_jobs(os.mkdir, jobs, workers))) == 5
    assert all(job.is_dir() for job in jobs)


def test_one_job_needs_no_process(tmp_path: Path) -> None:
    list(run_jobs(touch, [tmp_path / "a"], 4))
    assert (tmp_path / "a").read_text() == str(os.getpid())


def test_a_worker_that_is_killed_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fewer workers"):
        list(run_jobs(os._exit, [9, 9], 2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_job_is_raised(tmp_path: Path, workers: int) -> None:
    with pytest.raises(FileNotFoundError):
        list(run_jobs(os.rmdir, [tmp_path / "a", tmp_path / "b"], workers))


def test_memory_bounds_the_number_of_workers() -> None:
    assert default_workers(1e9) == 1
    assert 1 <= default_workers(1.0) <= (os.cpu_count() or 1)
