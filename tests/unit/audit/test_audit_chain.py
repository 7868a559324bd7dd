"""Every byte of a stored log counts."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.audit import AuditLog, Keyring, fsck
from understudy.audit.chain import Chain
from understudy.contracts.audit import AuditHead
from understudy.stores import open_store


class Rows:
    """A store of rows in memory, as fsck reads it."""

    def __init__(self, rows: list[dict[str, Any]], heads: list[dict[str, Any]]) -> None:
        self.entries = lambda: iter(rows)
        self.heads = lambda: iter(heads)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Keyring, list[dict[str, Any]], list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("log")
    keyring = Keyring.create(folder / "keys.json")
    store = open_store(f"sqlite://{folder}/store.sqlite")
    chain = AuditLog(store, keyring, "w")
    for i in range(4):
        chain.append("model_inference", {"request_id": f"r{i}", "score": 0.25 * i, "text": "적금 추천"})
    return keyring, list(store.entries()), list(store.heads())


def flipped(text: str, position: int, bit: int) -> str:
    raw = bytearray(text.encode())
    raw[position] ^= 1 << bit
    return bytes(raw).decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_any_changed_byte_of_any_entry_is_found_and_located(log: Any, bit: int) -> None:
    keyring, rows, heads = log
    for place, row in enumerate(rows):
        for position in range(len(row["body"].encode())):
            damaged = [*rows[:place], row | {"body": flipped(row["body"], position, bit)}, *rows[place + 1 :]]
            report = fsck(Rows(damaged, heads), keyring)  # type: ignore[arg-type]
            assert [bad.seq for bad in report.bad] == [place + 1], position
            assert report.bad[0].problem in ("edited", "unknown_key"), position


def test_any_removed_or_doubled_byte_is_found(log: Any) -> None:
    keyring, rows, heads = log
    body = rows[1]["body"]
    for position in range(len(body)):
        for changed in (body[:position] + body[position + 1 :], body[: position + 1] + body[position:]):
            damaged = [rows[0], rows[1] | {"body": changed}, *rows[2:]]
            assert [bad.seq for bad in fsck(Rows(damaged, heads), keyring).bad] == [2]  # type: ignore[arg-type]


def test_any_changed_byte_of_the_head_is_found(log: Any) -> None:
    keyring, rows, heads = log
    body = heads[0]["body"]
    for position in range(len(body.encode())):
        damaged = [heads[0] | {"body": flipped(body, position, 0)}]
        report = fsck(Rows(rows, damaged), keyring)  # type: ignore[arg-type]
        assert [bad.problem for bad in report.bad] == ["head"], position


def test_any_order_but_the_right_one_is_found(log: Any) -> None:
    from itertools import permutations

    keyring, rows, heads = log
    for order in permutations(range(4)):
        shuffled = [rows[i] | {"seq": place + 1} for place, i in enumerate(order)]
        report = fsck(Rows(shuffled, heads), keyring)  # type: ignore[arg-type]
        first = next((place + 1 for place, i in enumerate(order) if i != place), None)
        assert [(b.seq, b.problem) for b in report.bad] == ([(first, "reordered")] if first else [])


def test_a_row_that_the_store_holds_twice_is_found(log: Any) -> None:
    keyring, rows, heads = log
    for i in range(4):
        report = fsck(Rows([*rows[: i + 1], *rows[i:]], heads), keyring)  # type: ignore[arg-type]
        assert [(bad.seq, bad.problem) for bad in report.bad] == [(i + 1, "reordered")]


@pytest.mark.parametrize("field", [None, 7, b"bytes"])
def test_a_body_that_is_not_text_is_an_edit(log: Any, field: Any) -> None:
    keyring, rows, heads = log
    report = fsck(Rows([rows[0] | {"body": field}, *rows[1:]], heads), keyring)  # type: ignore[arg-type]
    assert [(bad.seq, bad.problem) for bad in report.bad] == [(1, "edited")]


def test_a_place_that_is_not_a_number_is_found(log: Any) -> None:
    keyring, rows, heads = log
    report = fsck(Rows([rows[0], rows[1] | {"seq": "2.5"}, *rows[2:]], heads), keyring)  # type: ignore[arg-type]
    assert [(bad.seq, bad.problem) for bad in report.bad] == [("2.5", "reordered")]


def test_a_sealed_head_over_another_entry_is_found(log: Any) -> None:
    keyring, rows, heads = log
    chain = Chain("w", keyring, mark=4)
    for row in rows:
        chain.take(row)
    head = AuditHead.model_validate_json(heads[0]["body"])
    assert chain.finish(head, head) is None
    bad = chain.finish(head.model_copy(update={"mac": "f" * 64}), head)
    assert bad is not None
    assert (bad.seq, bad.problem) == (4, "head")
