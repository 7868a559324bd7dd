"""What `DocumentStore` promises, and that changes and their entry are one transaction."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from understudy.audit import AuditLog, Keyring
from understudy.stores import ChangeConflictError, Delete, Key, Put, ServingStore, StoreError

KEY = Key("oversight", "things", "a")


@pytest.fixture
def log(store: ServingStore, keyring: Keyring) -> AuditLog:
    return AuditLog(store, keyring, "w")


def seqs(store: ServingStore) -> list[int]:
    return [row[1] for row in store.entries()]


def test_a_change_is_made_with_its_entry(store: ServingStore, log: AuditLog) -> None:
    log.append("operation", {}, [Put(KEY, '{"n": 1}', before=0)])
    document = store.read_documents([KEY])[KEY]
    assert (document.version, document.json()) == (1, {"n": 1})
    log.append("operation", {}, [Put(KEY, '{"n": 2}', before=1)])
    assert store.read_documents([KEY])[KEY].version == 2
    log.append("operation", {}, [Delete(KEY, before=2)])
    assert store.read_documents([KEY]) == {}
    assert seqs(store) == [1, 2, 3]


@pytest.mark.parametrize("change", [Put(KEY, "{}", before=0), Put(KEY, "{}", before=2), Delete(KEY, before=3)])
def test_a_change_of_another_version_is_refused_with_its_entry(
    store: ServingStore, log: AuditLog, change: Put | Delete
) -> None:
    other = Key("customers", "c1", "contacts")
    log.append("operation", {}, [Put(KEY, '"first"', before=0)])
    with pytest.raises(ChangeConflictError):
        log.append("operation", {}, [Put(other, "{}", before=0), change])
    assert store.read_documents([KEY])[KEY].json() == "first"
    assert store.read_documents([other]) == {}
    assert seqs(store) == [1]
    assert log.append("operation", {}, [Put(KEY, "{}", before=1)]).seq == 2  # the chain goes on


def test_documents_of_both_places_come_in_one_read(store: ServingStore, log: AuditLog) -> None:
    keys = [Key("customers", "c1", "x"), Key("customers", "c2", "x"), Key("oversight", "c1", "x")]
    log.append("operation", {}, [Put(key, f'"{n}"', before=0) for n, key in enumerate(keys)])
    found = store.read_documents([*keys, Key("customers", "c3", "x")])
    assert {key: document.json() for key, document in found.items()} == {k: str(n) for n, k in enumerate(keys)}


def test_what_has_expired_is_as_if_it_had_never_been(
    store: ServingStore, log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("operation", {}, [Put(KEY, '"old"', before=0, expires_at=2_000_000_000)])
    assert store.read_documents([KEY])
    for kind in ("sqlite", "dynamodb"):
        monkeypatch.setattr(f"understudy.stores.{kind}.documents.now_seconds", lambda: 2_000_000_000)
    assert store.read_documents([KEY]) == {}
    assert store.list_documents("oversight", "things") == []
    log.append("operation", {}, [Put(KEY, '"new"', before=0)])
    assert store.read_documents([KEY])[KEY].json() == "new"


def test_a_partition_is_listed_in_order_and_in_part(store: ServingStore, log: AuditLog) -> None:
    log.append("operation", {}, [Put(Key("oversight", "q", item), "{}", before=0) for item in "dbac"])
    log.append("operation", {}, [Put(Key("oversight", "r", "b"), "{}", before=0)])

    def listed(**bounds: Any) -> str:
        return "".join(one.key.item for one in store.list_documents("oversight", "q", **bounds))

    assert listed() == "abcd"
    assert listed(start="b", end="d") == "bc"
    assert listed(start="b") == "bcd"
    assert listed(end="c") == "ab"
    assert listed(limit=2) == "ab"
    assert listed(start="b", end="d", limit=2) == "bc"
    assert store.list_documents("customers", "q") == []


def test_documents_are_put_and_removed_in_bulk(store: ServingStore) -> None:
    keys = [Key("customers", f"c{n}", "x") for n in range(60)]
    assert store.put_documents((key, "{}") for key in [*keys, keys[0]]) == 61
    assert len(store.read_documents(keys)) == 60
    store.remove_documents([*keys[:59], Key("oversight", "c59", "x")])
    assert list(store.read_documents(keys)) == [keys[59]]


def test_a_document_is_found_in_every_partition_that_has_it(store: ServingStore) -> None:
    assert list(store.documents_named("customers", "x")) == []
    keys = [Key("customers", f"c{n}", item) for n in range(30) for item in ("w", "x")]
    store.put_documents((key, f'"{key.partition}"') for key in keys)
    found = {one.key: one.json() for one in store.documents_named("customers", "x")}
    assert found == {key: key.partition for key in keys if key.item == "x"}
    assert list(store.documents_named("oversight", "x")) == []


def test_of_two_at_once_one_wins(place: Any, keyring: Keyring) -> None:
    stores = [place.open() for _ in range(4)]
    barrier = threading.Barrier(len(stores))
    won: list[int] = []
    lost: list[StoreError] = []

    def race(number: int) -> None:
        log = AuditLog(stores[number], keyring, f"w{number}")
        barrier.wait()
        try:
            log.append("operation", {}, [Put(KEY, str(number), before=0)])
            won.append(number)
        except ChangeConflictError as error:
            lost.append(error)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 3)
    assert stores[0].read_documents([KEY])[KEY].json() == won[0]
    for store in stores:
        store.close()


def test_a_long_document_and_a_long_entry_come_back_as_they_went(store: ServingStore, log: AuditLog) -> None:
    text = '{"text": "' + "한국어, 그리고 0123456789. " * 500 + '"}'
    entry = log.append("operation", {"text": text}, [Put(KEY, text, before=0)])
    assert store.read_documents([KEY])[KEY].text == text
    assert store.get_entry("w", 1) == entry.body
    assert [row[3] for row in store.entries()] == [entry.body]
