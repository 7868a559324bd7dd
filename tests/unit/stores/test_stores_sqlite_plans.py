"""No request may read a whole table: the time of an answer would grow with the customers of the bank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from understudy.audit import AuditLog, Keyring, Personal
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.stores import Delete, Put, open_store
from understudy.stores.customers import choices_key, corrections_key
from understudy.stores.oversight import open_review_key

TABLES = ("customers", "oversight", "entries", "heads", "sentences")


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = open_store(f"sqlite://{tmp_path / 'store.sqlite'}")
    opened.put_records(
        CustomerRecord(
            customer_id=f"c{number}",
            schema_version="v1",
            as_of="2026-01-01",
            features={},
            profile=CustomerProfile(),
        )
        for number in range(100)
    )
    yield opened
    opened.close()


def plans(store: Any, statements: list[str]) -> list[tuple[str, str]]:
    """(statement, step of its plan); the statements hold their values already."""
    return [
        (text, step[3])
        for text in dict.fromkeys(statements)
        if text.split()[0] not in ("BEGIN", "COMMIT", "PRAGMA")
        for step in store._connection.execute(f"EXPLAIN QUERY PLAN {text}")
    ]


def whole_tables(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(text, step) for text, step in found if step.startswith("SCAN") and step.split()[1] in TABLES]


def test_no_statement_of_a_request_reads_a_whole_table(store: Any, tmp_path: Path) -> None:
    log = AuditLog(store, Keyring.create(tmp_path / "keys.json"), "w")
    said: list[str] = []
    store._connection.set_trace_callback(said.append)
    context = store.read_context("c1", "v1", also=["v0"], erased_as=["k1.ab"], beside=[open_review_key("r")])
    assert context.record.customer_id == "c1"
    store.read_context("c1", "v2")  # and one whose record is of another schema
    store.read_documents([choices_key("c1"), corrections_key("c1"), open_review_key("r")])
    store.list_documents("oversight", "reviews-open", start="a", end="b", limit=10)
    changes = [Put(choices_key("c1"), "{}", 0, 4_000_000_000), Put(open_review_key("r"), "{}", 0)]
    payload = {"request_id": "r-1", "pseudonym": "k1.ab"}
    log.append("model_inference", payload, changes, personal=Personal("c1", {"x": 1}, None))
    log.append("operation", {}, [Put(choices_key("c1"), "{}", 1), Delete(open_review_key("r"), 1)])
    assert store.get_request("r-1")
    assert store.get_entry("w", 1)
    assert store.get_head("w")
    store.read_sentences(["a", "b"])
    store._connection.set_trace_callback(None)
    found = plans(store, said)
    assert len(found) >= 10
    assert whole_tables(found) == []


def test_a_statement_that_reads_a_whole_table_is_noticed(store: Any) -> None:
    found = plans(store, ["SELECT * FROM customers WHERE (owner, item) IN (VALUES ('c1', 'a'), ('c1', 'b'))"])
    assert [step for _, step in whole_tables(found)] == ["SCAN customers"]


def test_nothing_is_asked_for_nothing(store: Any) -> None:
    assert store.read_documents([]) == {}
