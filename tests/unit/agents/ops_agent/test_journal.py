"""Promotions and calls of language models, read from the log one day at a time."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agents.evidence import History
from agents.ops_agent.journal import Journal, read_journal
from understudy.audit import AuditLog, Keyring, open_keyring
from understudy.clock import turned
from understudy.contracts.promotion import Promotion
from understudy.objects import open_objects
from understudy.stores import open_store


class Bank:
    """A log that is written at any time."""

    def __init__(self, root: Path) -> None:
        self.path = root / "store.sqlite"
        self.store = open_store(f"sqlite://{self.path}")
        Keyring.create(root / "keys.json")
        self.keyring = open_keyring(f"file://{root / 'keys.json'}")
        self.history = History(open_objects(str(root / "reports")))
        self.logs = {name: AuditLog(self.store, self.keyring, name) for name in ("promotion", "sentences")}

    def at(self, moment: str, writer: str, kind: Any, payload: dict[str, Any]) -> None:
        with turned(lambda: datetime.fromisoformat(moment).replace(tzinfo=UTC)):
            self.logs[writer].append(kind, payload)

    def promote(self, moment: str, version: str, outcome: str = "approve") -> None:
        record = Promotion(
            outcome=outcome,  # type: ignore[arg-type]
            challenger=version,
            champion=None,
            operator="lee",
            reason="better",
            registry="file:///registry",
        )
        self.at(moment, "promotion", "model_promotion", record.model_dump(mode="json"))

    def call(self, moment: str, outcome: str) -> None:
        self.at(moment, "sentences", "operation", {"operation": "llm_call", "outcome": outcome})

    def read(self, day: str) -> Journal:
        return read_journal(self.store, self.keyring, day, self.history)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    made = Bank(tmp_path)
    made.promote("2026-05-01T10:00:00", "bank-1")
    made.call("2026-06-01T08:00:00", "ok")
    made.promote("2026-06-01T10:00:00", "bank-2", "reject")
    made.call("2026-06-01T23:59:59", "service_error")
    made.call("2026-06-02T00:00:01", "invalid_answer")
    made.call("2026-06-02T09:00:00", "circuit_open")
    made.promote("2026-06-02T10:00:00", "bank-3")
    return made


def test_the_first_night_reads_what_was_before_and_later_nights_one_day(bank: Bank) -> None:
    first = bank.read("2026-06-01")
    assert [(one.version, one.promoted) for one in first.promotions] == [("bank-1", True), ("bank-2", False)]
    assert dict(first.calls.outcomes) == {"ok": 1, "service_error": 1}
    assert (first.calls.made, first.calls.failed) == (2, 1)
    second = bank.read("2026-06-02")
    assert [one.version for one in second.promotions] == ["bank-1", "bank-2", "bank-3"]
    assert dict(second.calls.outcomes) == {"invalid_answer": 1, "circuit_open": 1}
    assert second.calls.failed == 1, "an answer that is refused was given"
    assert second.calls.failures == ["sentences/4"]
    assert second.promotions[-1].evidence.ref == "promotion/3"


def test_a_night_that_is_read_again_is_the_same(bank: Bank) -> None:
    bank.read("2026-06-01")
    assert bank.read("2026-06-02") == bank.read("2026-06-02")


def test_a_forged_promotion_is_none(bank: Bank) -> None:
    connection = sqlite3.connect(bank.path)
    connection.execute("DROP TRIGGER entries_never_change")
    connection.execute("UPDATE entries SET body = replace(body, 'reject', 'approve')")
    connection.commit()
    connection.close()
    assert [one.version for one in bank.read("2026-06-01").promotions] == ["bank-1"]
