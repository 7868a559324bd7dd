"""What `ServingStore` promises, asked of every implementation."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from choices import choose, contacted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.audit import AuditLog, Keyring
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.stores import NewEntry, ServingStore, StoreConflictError, StoreError


def record(customer_id: str = "c1", version: str = "v1", as_of: str = "2026-01-01", **features: Any) -> CustomerRecord:
    profile = CustomerProfile(age=40, income_krw=5e7, risk_tolerance=3, owned=["savings"])
    return CustomerRecord(
        customer_id=customer_id, schema_version=version, as_of=as_of, features=features, profile=profile
    )


def entry(writer: str, seq: int, request_id: str | None = "r1") -> NewEntry:
    return NewEntry(writer, seq, request_id, f'{{"writer":"{writer}","seq":{seq}}}'.encode(), b"head %d" % seq)


def test_unknown_customer_has_no_record_and_has_not_objected(store: ServingStore) -> None:
    context = store.read_context("nobody")
    assert (context.record, context.opted_out, context.contacts) == (None, False, [])


def test_a_record_reads_back_as_it_was_put(store: ServingStore) -> None:
    written = record(age=41, ratio=0.1, tiny=5e-324, name="김철수 👩‍👩‍👧", missing=None, big=2**53 + 1, one=1.0)
    assert store.put_records([written]) == 1
    read = store.read_context("c1").record
    assert read == written
    assert read is not None
    assert {k: type(v) for k, v in read.features.items()} == {k: type(v) for k, v in written.features.items()}


def test_another_connection_reads_what_was_written(place: Any, store: ServingStore) -> None:
    store.put_records([record(x=1)])
    choose(store, "c1", opted_out=True)
    context = place.open().read_context("c1")
    assert context.record == record(x=1)
    assert context.opted_out


def test_a_new_record_replaces_the_old_one_of_its_schema(store: ServingStore) -> None:
    store.put_records([record(x=1), record("c2", x=5)])
    assert store.put_records([record(x=2)]) == 1
    assert store.read_context("c1").record == record(x=2)
    assert store.read_context("c2").record == record("c2", x=5)


def test_the_last_of_two_records_in_one_call_wins(store: ServingStore) -> None:
    assert store.put_records([record(x=1), record(x=2)]) == 2
    assert store.read_context("c1").record == record(x=2)


def test_records_of_two_schemas_stand_side_by_side(store: ServingStore) -> None:
    old, new = record(version="v1", as_of="2026-01-01", x=1), record(version="v0-new", as_of="2026-02-01", y=2)
    store.put_records([new, old])
    assert store.read_context("c1", "v1").record == old
    assert store.read_context("c1", "v0-new").record == new
    assert store.read_context("c1").record == new  # the latest, not the last put
    assert store.read_context("c1", "v9").record == new  # for the rules


def test_many_records_come_from_a_generator(store: ServingStore) -> None:
    assert store.put_records(record(f"c{i}", x=i) for i in range(1203)) == 1203
    assert store.read_context("c1202").record == record("c1202", x=1202)
    assert store.put_records([]) == 0


def test_a_large_record_survives(store: ServingStore) -> None:
    large = record(**{f"feature_{i:05}": i / 7 for i in range(6000)})
    store.put_records([large])
    assert store.read_context("c1").record == large


def test_objection_holds_from_the_next_read_until_withdrawn(store: ServingStore) -> None:
    store.put_records([record(x=1)])
    choose(store, "c1", opted_out=True)
    assert store.read_context("c1").opted_out
    assert store.read_context("c1", "v9").opted_out  # whichever record is asked for
    store.put_records([record(x=2)])
    assert store.read_context("c1").opted_out  # a nightly refresh of the features must not undo it
    choose(store, "c1", opted_out=False)
    assert not store.read_context("c1").opted_out


def test_a_customer_without_record_can_object(store: ServingStore) -> None:
    choose(store, "c1", opted_out=True)
    assert store.read_context("c1").opted_out
    assert not store.read_context("c2").opted_out


def test_choices_are_one_document_and_leave_the_contacts_alone(store: ServingStore) -> None:
    times = ["2026-01-01T09:00:00+00:00", "2026-01-02T09:00:00+09:00"]
    contacted(store, "c1", *times)
    choose(store, "c1", opted_out=True, restriction="rules", channels={"sms": True})
    context = store.read_context("c1")
    assert (context.contacts, context.opted_out, context.restriction) == (times, True, "rules")
    assert context.channels == {"sms": True}


def test_an_unreadable_record_is_an_error_and_not_a_missing_customer(place: Any, store: ServingStore) -> None:
    store.put_records([record(x=1)])
    place.vandalise().spoil_record("c1")
    with pytest.raises(StoreError, match="cannot be read"):
        store.read_context("c1")


def test_an_entry_moves_the_head_and_is_found_by_its_request(store: ServingStore) -> None:
    assert store.get_head("w") is None
    first, second = entry("w", 1, "r-1"), entry("w", 2, "r-2")
    store.put_entry(first)
    store.put_entry(second)
    assert store.get_head("w") == second.head
    assert store.get_request("r-1") == first.body
    assert store.get_request("r-2") == second.body
    assert store.get_entry("w", 2) == second.body
    assert store.get_entry("w", 3) is None
    assert list(store.chain("w", 1)) == [(b"w", 2, b"r-2", second.body)]
    assert store.get_request("r-3") is None


def test_the_latest_entry_of_a_request_is_found(store: ServingStore) -> None:
    store.put_entry(entry("w", 1, "r"))
    store.put_entry(entry("v", 1, "r"))
    assert store.get_request("r") == entry("v", 1, "r").body


def test_an_entry_without_a_request_is_found_by_none(store: ServingStore) -> None:
    store.put_entry(entry("w", 1, None))
    assert store.get_request("r1") is None
    assert [row[2] for row in store.entries()] == [None]


@pytest.mark.parametrize("seq", [1, 2, 4])
def test_an_entry_out_of_turn_is_refused_and_changes_nothing(store: ServingStore, seq: int) -> None:
    store.put_entry(entry("w", 1, "r1"))
    store.put_entry(entry("w", 2, "r2"))
    before = (list(store.entries()), list(store.heads()))
    with pytest.raises(StoreConflictError):
        store.put_entry(entry("w", seq, "other"))
    assert (list(store.entries()), list(store.heads())) == before
    assert store.get_request("other") is None


def test_an_entry_is_refused_where_one_stands_though_the_head_was_removed(place: Any, store: ServingStore) -> None:
    store.put_entry(entry("w", 1, "r1"))
    place.vandalise().remove_head("w")
    with pytest.raises(StoreConflictError):
        store.put_entry(entry("w", 1, "other"))
    assert [row[2] for row in store.entries()] == [b"r1"]


def test_a_writer_starts_at_one(store: ServingStore) -> None:
    with pytest.raises(StoreConflictError):
        store.put_entry(entry("w", 2))
    assert list(store.entries()) == []


def test_entries_come_writer_by_writer_in_numeric_order(store: ServingStore) -> None:
    for seq in range(1, 12):
        for writer in ("b", "a", "A"):
            store.put_entry(entry(writer, seq, f"{writer}-{seq}"))
    rows = list(store.entries())
    assert [row[:2] for row in rows] == [(w, s) for w in (b"A", b"a", b"b") for s in range(1, 12)]
    assert sorted(writer for writer, _ in store.heads()) == [b"A", b"a", b"b"]
    assert {row[2] for row in rows} == {f"{w}-{s}".encode() for w in "Aab" for s in range(1, 12)}


def test_threads_share_a_store(store: ServingStore, keyring: Keyring) -> None:
    def work(name: str) -> None:
        log = AuditLog(store, keyring, name)
        for i in range(10):
            log.append("operation", {"i": i})
            choose(store, name, opted_out=i % 2 == 1)
            assert store.read_context(name).opted_out == (i % 2 == 1)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row[:2] for row in store.entries()] == [(b"w%d" % n, s) for n in range(4) for s in range(1, 11)]


text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)
value = st.one_of(st.none(), text, st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(features=st.dictionaries(text, value, max_size=8), opted_out=st.booleans())
def test_any_record_and_choice_read_back(store: ServingStore, features: dict[str, Any], opted_out: bool) -> None:
    written = CustomerRecord(
        customer_id="c1", schema_version="v1", as_of="2026-01-01", features=features, profile=CustomerProfile()
    )
    store.put_records([written])
    choose(store, "c1", opted_out=opted_out)
    context = store.read_context("c1")
    assert context.record == written
    assert context.opted_out == opted_out
