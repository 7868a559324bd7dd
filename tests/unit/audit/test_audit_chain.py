"""Every byte of a stored log counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from understudy.audit import AuditLog, Keyring, Personal, fsck, open_keyring, pseudonym
from understudy.audit.chain import Chain
from understudy.audit.heads import read_head
from understudy.audit.rotation import rotate
from understudy.contracts.audit import AuditHead
from understudy.stores import StoredEntry, open_store

Log = tuple[Keyring, list[StoredEntry], list[tuple[bytes, bytes]]]


class Rows:
    """A store of rows in memory, as fsck reads it."""

    def __init__(self, rows: list[Any], heads: list[Any]) -> None:
        self.entries = lambda: iter(rows)
        self.heads = lambda: iter(heads)


def with_body(row: StoredEntry, body: Any) -> StoredEntry:
    return (*row[:3], body)


def at(row: StoredEntry, seq: Any) -> StoredEntry:
    return (row[0], seq, *row[2:])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder = tmp_path_factory.mktemp("log")
    keyring = Keyring.create(folder / "keys.json")
    store = open_store(f"sqlite://{folder}/store.sqlite")
    chain = AuditLog(store, keyring, "w")
    for i in range(4):
        payload = {"request_id": f"r{i}", "pseudonym": pseudonym(keyring, "c1"), "score": 0.25 * i, "text": "적금 추천"}
        personal = Personal("c1", {"age": 41, "i": i}, store.read_context("c1").key)
        chain.append("model_inference", payload, personal=personal)
    return keyring, list(store.entries()), list(store.heads())


def flipped(body: bytes, position: int, bit: int) -> bytes:
    raw = bytearray(body)
    raw[position] ^= 1 << bit
    return bytes(raw)


@pytest.mark.parametrize("bit", range(8))
def test_any_changed_byte_of_any_entry_is_found_and_located(log: Any, bit: int) -> None:
    keyring, rows, heads = log
    for place, row in enumerate(rows):
        for position in range(len(row[3])):
            damaged = [*rows[:place], with_body(row, flipped(row[3], position, bit)), *rows[place + 1 :]]
            report = fsck(Rows(damaged, heads), keyring)
            assert [bad.seq for bad in report.bad] == [place + 1], position
            assert report.bad[0].problem in ("edited", "unknown_key"), position


def test_any_removed_or_doubled_byte_is_found(log: Any) -> None:
    keyring, rows, heads = log
    body = rows[1][3]
    for position in range(len(body)):
        for changed in (body[:position] + body[position + 1 :], body[: position + 1] + body[position:]):
            damaged = [rows[0], with_body(rows[1], changed), *rows[2:]]
            assert [bad.seq for bad in fsck(Rows(damaged, heads), keyring).bad] == [2]


def test_any_changed_byte_of_the_head_is_found(log: Any) -> None:
    keyring, rows, heads = log
    writer, body = heads[0]
    for position in range(len(body)):
        damaged = [(writer, flipped(body, position, 0))]
        report = fsck(Rows(rows, damaged), keyring)
        assert [bad.problem for bad in report.bad] == ["head"], position


def test_any_order_but_the_right_one_is_found(log: Any) -> None:
    from itertools import permutations

    keyring, rows, heads = log
    for order in permutations(range(4)):
        shuffled = [at(rows[i], place + 1) for place, i in enumerate(order)]
        report = fsck(Rows(shuffled, heads), keyring)
        first = next((place + 1 for place, i in enumerate(order) if i != place), None)
        assert [(b.seq, b.problem) for b in report.bad] == ([(first, "reordered")] if first else [])


def test_a_row_that_the_store_holds_twice_is_found(log: Any) -> None:
    keyring, rows, heads = log
    for i in range(4):
        report = fsck(Rows([*rows[: i + 1], *rows[i:]], heads), keyring)
        assert [(bad.seq, bad.problem) for bad in report.bad] == [(i + 1, "reordered")]


@pytest.mark.parametrize("field", [None, 7, "text", b"", b"{}", b"[" * 100_000])
def test_a_body_that_is_not_text_is_an_edit(log: Any, field: Any) -> None:
    keyring, rows, heads = log
    report = fsck(Rows([with_body(rows[0], field), *rows[1:]], heads), keyring)
    assert [(bad.seq, bad.problem) for bad in report.bad] == [(1, "edited")]


def test_a_place_that_is_not_a_number_is_found(log: Any) -> None:
    keyring, rows, heads = log
    report = fsck(Rows([rows[0], at(rows[1], "2.5"), *rows[2:]], heads), keyring)
    assert [(bad.seq, bad.problem) for bad in report.bad] == [("2.5", "reordered")]


def test_a_sealed_head_over_another_entry_is_found(log: Any) -> None:
    keyring, rows, heads = log
    chain = Chain("w", keyring, mark=4)
    assert all(chain.take((b"w", *row[1:])) for row in rows)
    head = read_head(keyring, "w", heads[0][1])
    assert isinstance(head, AuditHead)
    assert chain.finish(head, head) is None
    bad = chain.finish(head.model_copy(update={"mac": "f" * 64}), head)
    assert bad is not None
    assert (bad.seq, bad.problem) == (4, "head")


def test_a_mac_moved_to_any_other_place_is_found(log: Log) -> None:
    """The mac is computed over the other bytes, wherever it stands; where it stands is checked too."""
    keyring, rows, heads = log
    body = rows[2][3]
    at = body.index(b'"mac":"')
    mac, rest = body[at : at + 73], body[:at] + body[at + 73 :]
    assert rest[:at] + mac + rest[at:] == body
    for place in range(len(rest) + 1):
        moved = rest[:place] + mac + rest[place:]
        report = fsck(Rows([*rows[:2], with_body(rows[2], moved), rows[3]], heads), keyring)
        assert [bad.seq for bad in report.bad] == ([] if place == at else [3])


def test_entries_of_different_kinds_and_keys_stand_in_one_chain(log: Log, tmp_path: Path) -> None:
    store = open_store(f"sqlite://{tmp_path}/store.sqlite")
    Keyring.create(tmp_path / "keys.json")
    for _ in range(2):
        ring = open_keyring(f"file://{tmp_path}/keys.json")
        chain = AuditLog(store, ring, "w")
        for kind in ("operation", "model_inference", "model_inference", "data_access"):
            chain.append(kind, {"request_id": kind, "payload": {"payload": {}}})  # type: ignore[arg-type]
        rotate(f"file://{tmp_path}/keys.json")
    rows, heads = list(store.entries()), list(store.heads())
    assert fsck(Rows(rows, heads), ring).verdict == "clean"
    for place, row in enumerate(rows):
        damaged = [*rows[:place], with_body(row, row[3].replace(b'"payload":{"payload"', b'"payload":{"payl0ad"'))]
        assert [bad.seq for bad in fsck(Rows([*damaged, *rows[place + 1 :]], heads), ring).bad] == [place + 1]
