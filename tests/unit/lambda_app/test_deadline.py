"""A store that does not answer costs what is left of the request's time, and not more."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import tiny_bundle

from lambda_app import handler as entry
from lambda_app.bounded import bounded
from lambda_app.deadline import Deadline, OutOfTimeError, set_deadline


class Context:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


def test_what_is_done_in_time_is_returned_and_what_raises_raises() -> None:
    deadline = Deadline(5)
    assert deadline.call(lambda x, y: x + y, 1, y=2) == 3
    with pytest.raises(TimeoutError, match="its own"):
        deadline.call(_raise, TimeoutError("its own"))
    assert 4 < deadline.left() < 5


def _raise(error: Exception) -> None:
    raise error


def test_what_is_not_done_in_time_is_given_up() -> None:
    release = threading.Event()
    started = time.monotonic()
    with pytest.raises(OutOfTimeError, match="no answer within"):
        Deadline(0.25).call(release.wait, 5)
    assert time.monotonic() - started < 1
    release.set()
    with pytest.raises(OutOfTimeError, match="no time is left"):
        Deadline(0.1).call(release.wait, 5)


def test_without_a_deadline_the_caller_waits_in_its_own_thread() -> None:
    assert Deadline(None).call(threading.get_ident) == threading.get_ident()
    assert Deadline.of_invocation(None).left() == float("inf")


def test_reads_leave_time_for_the_rest() -> None:
    class Slow:
        def read_context(self, customer_id: str) -> str:
            time.sleep(0.3)
            return customer_id

        def put_entry(self, *args: Any) -> str:
            time.sleep(0.3)
            return "written"

    store: Any = bounded(Slow())  # type: ignore[arg-type]
    set_deadline(Deadline(0.6))
    try:
        with pytest.raises(OutOfTimeError):
            store.read_context("c-1")
        set_deadline(Deadline(0.6))
        assert store.put_entry() == "written"
    finally:
        set_deadline(Deadline(None))


def test_a_store_that_hangs_in_reading_is_an_opt_out_in_time(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(function.app.backing.store._store, "read_context", lambda *_, **__: release.wait(20))
    started = time.monotonic()
    response = entry.handler(tiny_bundle.event(body={"customer_id": "c-1"}), Context(1.5))
    assert time.monotonic() - started < 1.5
    release.set()
    assert response["statusCode"] == 200
    assert {t["layer"] for t in json.loads(response["body"])["tasks"].values()} == {"rules"}
    assert len(function.entries()) == 1


def test_a_store_that_hangs_in_writing_is_a_refusal_in_time(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    store = function.app.backing.store._store
    write = store.put_entry

    def slowly(*args: Any, **options: Any) -> None:
        release.wait(20)
        write(*args, **options)

    monkeypatch.setattr(store, "put_entry", slowly)
    started = time.monotonic()
    response = entry.handler(tiny_bundle.event(body={"customer_id": "c-1"}), Context(1.2))
    assert time.monotonic() - started < 1.2
    assert response["statusCode"] == 503
    release.set()  # the write succeeds after all: an entry without an answer, and the chain goes on after it
    monkeypatch.setattr(store, "put_entry", write)
    for _ in range(100):
        if function.entries():
            break
        time.sleep(0.02)
    assert function.recommend()[0] == 200
    assert [e.seq for e in function.entries()] == [1, 2]
    assert function.check_log().verdict == "clean"
