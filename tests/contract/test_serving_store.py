"""What `ServingStore` promises, asked of every implementation."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.audit import AuditLog, Keyring
from understudy.audit.sealing import head_of
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.audit import AuditEntry
from understudy.stores import ServingStore, StoreConflictError, StoreError
from understudy.stores.protocol import MAX_CONTACTS


def record(customer_id: str = "c1", version: str = "v1", as_of: str = "2026-01-01", **features: Any) -> CustomerRecord:
    profile = CustomerProfile(age=40, income_krw=5e7, risk_tolerance=3, owned=["savings"])
    return CustomerRecord(
        customer_id=customer_id, schema_version=version, as_of=as_of, features=features, profile=profile
    )


def entry(writer: str, seq: int, request_id: str = "r1", kind: str = "model_inference") -> AuditEntry:
    return AuditEntry.model_validate(
        {
            "kind": kind,
            "writer": writer,
            "seq": seq,
            "at": "2026-01-01T00:00:00.000000+00:00",
            "key_id": "k1",
            "prev": "0" * 64,
            "payload": {"request_id": request_id},
            "mac": f"{seq:064x}",
        }
    )


def put(store: ServingStore, keyring: Keyring, one: AuditEntry) -> None:
    store.put_entry(one, head_of(keyring, one))


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
    store.set_opt_out("c1", True)
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
    assert store.read_context("c1", "v9").record is None


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
    store.set_opt_out("c1", True)
    assert store.read_context("c1").opted_out
    assert store.read_context("c1", "v9").opted_out  # whichever record is asked for
    store.put_records([record(x=2)])
    assert store.read_context("c1").opted_out  # a nightly refresh of the features must not undo it
    store.set_opt_out("c1", False)
    assert not store.read_context("c1").opted_out


def test_a_customer_without_record_can_object(store: ServingStore) -> None:
    store.set_opt_out("c1", True)
    assert store.read_context("c1").opted_out
    assert not store.read_context("c2").opted_out


def test_contacts_are_kept_in_order_and_leave_the_objection_alone(store: ServingStore) -> None:
    store.set_opt_out("c1", True)
    for day in (3, 1, 2):
        store.add_contact("c1", f"2026-01-0{day}T09:00:00+00:00")
    context = store.read_context("c1")
    assert context.contacts == [f"2026-01-0{day}T09:00:00+00:00" for day in (1, 2, 3)]
    assert context.opted_out
    store.set_opt_out("c1", False)
    assert len(store.read_context("c1").contacts) == 3


def test_only_the_newest_contacts_are_kept(store: ServingStore) -> None:
    for n in range(MAX_CONTACTS + 2):
        store.add_contact("c1", f"2026-01-01T09:{n // 60:02}:{n % 60:02}+00:00")
    contacts = store.read_context("c1").contacts
    assert len(contacts) == MAX_CONTACTS
    assert contacts[0] == "2026-01-01T09:00:02+00:00"


def test_an_unreadable_record_is_an_error_and_not_a_missing_customer(place: Any, store: ServingStore) -> None:
    store.put_records([record(x=1)])
    place.vandalise().spoil_record("c1")
    with pytest.raises(StoreError, match="cannot be read"):
        store.read_context("c1")


def test_an_entry_moves_the_head_and_is_found_by_its_request(store: ServingStore, keyring: Keyring) -> None:
    assert store.get_head("w") is None
    first, second = entry("w", 1, "r-1"), entry("w", 2, "r-2")
    put(store, keyring, first)
    put(store, keyring, second)
    assert store.get_head("w") == head_of(keyring, second)
    assert store.get_request("r-1") == first
    assert store.get_request("r-2") == second
    assert store.get_request("r-3") is None


def test_the_latest_entry_of_a_request_is_found(store: ServingStore, keyring: Keyring) -> None:
    put(store, keyring, entry("w", 1, "r"))
    put(store, keyring, entry("v", 1, "r"))
    found = store.get_request("r")
    assert found is not None
    assert found.writer == "v"


def test_only_inferences_are_found_by_request(store: ServingStore, keyring: Keyring) -> None:
    put(store, keyring, entry("w", 1, "r", kind="operation"))
    assert store.get_request("r") is None


@pytest.mark.parametrize("seq", [1, 2, 4])
def test_an_entry_out_of_turn_is_refused_and_changes_nothing(store: ServingStore, keyring: Keyring, seq: int) -> None:
    put(store, keyring, entry("w", 1, "r1"))
    put(store, keyring, entry("w", 2, "r2"))
    before = (list(store.entries()), list(store.heads()))
    with pytest.raises(StoreConflictError):
        put(store, keyring, entry("w", seq, "other"))
    assert (list(store.entries()), list(store.heads())) == before
    assert store.get_request("other") is None


def test_an_entry_is_refused_where_one_stands_though_the_head_was_removed(
    place: Any, store: ServingStore, keyring: Keyring
) -> None:
    put(store, keyring, entry("w", 1, "r1"))
    place.vandalise().remove_head("w")
    with pytest.raises(StoreConflictError):
        put(store, keyring, entry("w", 1, "other"))
    assert [row["request_id"] for row in store.entries()] == ["r1"]


def test_a_writer_starts_at_one(store: ServingStore, keyring: Keyring) -> None:
    with pytest.raises(StoreConflictError):
        put(store, keyring, entry("w", 2))
    assert list(store.entries()) == []


def test_entries_come_writer_by_writer_in_numeric_order(store: ServingStore, keyring: Keyring) -> None:
    for seq in range(1, 12):
        for writer in ("b", "a", "A"):
            put(store, keyring, entry(writer, seq, f"{writer}-{seq}"))
    rows = list(store.entries())
    assert [(r["writer"], r["seq"]) for r in rows] == [(w, s) for w in ("A", "a", "b") for s in range(1, 12)]
    assert sorted(row["writer"] for row in store.heads()) == ["A", "a", "b"]
    assert {row["request_id"] for row in rows} == {f"{w}-{s}" for w in "Aab" for s in range(1, 12)}


def test_threads_share_a_store(store: ServingStore, keyring: Keyring) -> None:
    def work(name: str) -> None:
        log = AuditLog(store, keyring, name)
        for i in range(10):
            log.append("operation", {"i": i})
            store.set_opt_out(name, i % 2 == 1)
            assert store.read_context(name).opted_out == (i % 2 == 1)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(r["writer"], r["seq"]) for r in store.entries()] == [(f"w{n}", s) for n in range(4) for s in range(1, 11)]


text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)
value = st.one_of(st.none(), text, st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(features=st.dictionaries(text, value, max_size=8), opted_out=st.booleans())
def test_any_record_and_choice_read_back(store: ServingStore, features: dict[str, Any], opted_out: bool) -> None:
    written = CustomerRecord(
        customer_id="c1", schema_version="v1", as_of="2026-01-01", features=features, profile=CustomerProfile()
    )
    store.put_records([written])
    store.set_opt_out("c1", opted_out)
    context = store.read_context("c1")
    assert context.record == written
    assert context.opted_out == opted_out
