"""The queue's promises, on both implementations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from understudy.errors import UserError
from understudy.queues import JobQueue, QueueError, open_queue
from understudy.queues.protocol import MAX_DELIVERIES, VISIBILITY_SECONDS
from understudy.queues.sqlite import SqliteQueue


@pytest.fixture(params=["sqlite", "sqs"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobQueue]:
    if request.param == "sqlite":
        opened = open_queue(f"sqlite://{tmp_path / 'jobs.sqlite'}")
    else:
        request.getfixturevalue("aws")
        opened = open_queue(boto3.client("sqs").create_queue(QueueName=f"jobs-{uuid4().hex[:8]}")["QueueUrl"])
    yield opened
    opened.close()


def test_jobs_come_out_once_and_are_gone_when_done(queue: JobQueue) -> None:
    queue.send([f"job {n} 한글" for n in range(12)])
    first = queue.receive(10)
    rest = queue.receive(10)
    assert sorted(one.body for one in first + rest) == sorted(f"job {n} 한글" for n in range(12))
    assert queue.receive() == [], "delivered jobs are hidden"
    queue.done(first + rest)
    assert queue.receive() == []


def test_nothing_is_nothing(queue: JobQueue) -> None:
    queue.send([])
    queue.done([])
    assert queue.receive() == []


def test_what_is_not_done_comes_back_and_is_set_aside_in_the_end(tmp_path: Path) -> None:
    now = [1000.0]
    queue = SqliteQueue(tmp_path / "jobs.sqlite", clock=lambda: now[0])
    queue.send(["again"])
    for _ in range(MAX_DELIVERIES):
        assert [one.body for one in queue.receive()] == ["again"]
        now[0] += VISIBILITY_SECONDS
    assert queue.receive() == []


def test_a_waiting_job_is_not_added_twice(tmp_path: Path) -> None:
    queue = open_queue(f"sqlite://{tmp_path / 'jobs.sqlite'}")
    queue.send(["a", "a"])
    queue.send(["a"])
    assert len(queue.receive()) == 1


def test_what_is_no_queue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        open_queue("redis://x")
    (tmp_path / "text").write_text("this is no database, and long enough to be taken for one" * 40)
    with pytest.raises(QueueError):
        open_queue(f"sqlite://{tmp_path / 'text'}")
