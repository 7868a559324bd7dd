"""The store fails in reading, in writing, in time, or says yes and is not heard."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import Any

import pytest

from understudy.stores import StoreError


def _fail(*args: Any, **options: Any) -> None:
    raise StoreError("no quorum")


def test_a_failed_read_is_an_opt_out_and_is_recorded(around: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as fault:
        fault.setattr(around.app.backing.store, "read_context", _fail)
        assert around.layers() == {"rules"}
        assert around.recommend()[1]["recommendations"] == []
    assert "distilled" in around.layers()
    assert len(around.entries()) == 3


@pytest.mark.parametrize(
    "error", [StoreError("disk full"), OSError("I/O error"), MemoryError(), sqlite3.OperationalError("locked")]
)
def test_a_failed_write_is_no_answer(around: Any, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise error

    with monkeypatch.context() as fault:
        fault.setattr(around.app.backing.store, "put_entry", fail)
        assert around.recommend()[0] == 503
        assert around.ask("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})[0] == 503
    assert around.entries() == []
    assert around.layers() != {"rules"}, "an objection that was refused does not hold"


def test_a_write_whose_success_is_not_heard_leaves_an_entry_and_a_whole_chain(
    around: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = around.app.backing.store
    write = store.put_entry

    def deaf(*args: Any, **options: Any) -> None:
        write(*args, **options)
        raise StoreError("the connection was reset")

    around.recommend()
    with monkeypatch.context() as fault:
        fault.setattr(store, "put_entry", deaf)
        assert around.recommend()[0] == 503
        assert around.recommend()[0] == 503
    assert around.recommend()[0] == 200
    assert [e["seq"] for e in around.entries()] == [1, 2, 3, 4]
    assert len(around.answers) == 2


def test_reads_and_writes_fail_at_random_and_nothing_is_lost(around: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = around.app.backing.store
    calls = iter(range(10_000))

    def now_and_then(method: Any, every: int) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            if next(calls) % every == 0:
                raise StoreError("no quorum")
            return method(*args, **options)

        return call

    monkeypatch.setattr(store, "read_context", now_and_then(store.read_context, 3))
    monkeypatch.setattr(store, "put_entry", now_and_then(store.put_entry, 5))
    found = [around.recommend("c-2")[0] for _ in range(60)]
    assert set(found) == {200, 503}
    assert len(around.entries()) == found.count(200)


def test_a_locked_database_costs_the_time_that_there_is(around: Any, remaining: Any) -> None:
    around.recommend()
    lock = sqlite3.connect(around.database, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    assert around.recommend(context=remaining(1.0))[0] == 503
    assert time.monotonic() - started < 1.0
    lock.execute("ROLLBACK")
    lock.close()
    # The write that was given up may still be made; the chain goes on after it.
    assert around.recommend(context=remaining(20))[0] == 200


def test_a_slow_read_is_an_opt_out_in_time(around: Any, remaining: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    with monkeypatch.context() as fault:
        fault.setattr(around.app.backing.store._store, "read_context", lambda *_, **__: release.wait(20))
        assert around.layers(context=remaining(1.0)) == {"rules"}
    release.set()


def test_a_damaged_database_is_never_a_defect(around: Any) -> None:
    around.recommend()
    vandal = sqlite3.connect(around.database, isolation_level=None)
    changed = vandal.execute("UPDATE customers SET body = '{' WHERE owner = 'c-1' AND item LIKE 'record#%'").rowcount
    vandal.close()
    assert changed == 1
    assert around.layers() == {"rules"}


def test_a_store_that_cannot_be_opened_is_tried_again(around: Any) -> None:
    around.recommend()
    moved = around.database.with_name("elsewhere")
    folder = around.database
    for suffix in ("", "-wal", "-shm"):
        path = folder.with_name(folder.name + suffix)
        if path.exists():
            path.rename(moved.with_name(moved.name + suffix))
    around.database.mkdir()
    around.start()
    assert around.recommend()[0] == 503
    assert around.ask("GET", "/v1/health")[0] == 200
    around.database.rmdir()
    for suffix in ("", "-wal", "-shm"):
        path = moved.with_name(moved.name + suffix)
        if path.exists():
            path.rename(folder.with_name(folder.name + suffix))
    assert around.recommend()[0] == 200
