"""A small log, damaged in every way a person with write access could damage it, in both stores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.atomic import canonical_json
from understudy.audit import Appended, AuditError, AuditLog, FsckReport, Keyring, fsck
from understudy.audit.envelope import unpack
from understudy.audit.heads import pack_head
from understudy.stores import NewEntry, ServingStore, StoreConflictError

LENGTH = 5


@pytest.fixture
def written(store: ServingStore, keyring: Keyring) -> list[Appended]:
    """Five entries of writer w between those of two writers that nobody touches."""
    logs = {name: AuditLog(store, keyring, name) for name in ("a", "w", "z")}
    entries = []
    for i in range(1, LENGTH + 1):
        for name, log in logs.items():
            entry = log.append("model_inference", {"request_id": f"{name}-{i}", "score": i / 7, "text": "추천"})
            entries += [entry] if name == "w" else []
    return entries


@pytest.fixture
def vandal(place: Any, written: list[Appended]) -> Any:
    return place.vandalise()


@pytest.fixture
def found(store: ServingStore, keyring: Keyring) -> Callable[[], tuple[str, int, str]]:
    """Run fsck; its only finding, as (writer, seq, problem)."""

    def run() -> tuple[str, int, str]:
        report = fsck(store, keyring)
        assert report.verdict == "damaged"
        assert report.exit_code == 3
        assert len(report.bad) == 1, report.bad
        bad = report.bad[0]
        assert f"writer {bad.writer}, entry {bad.seq}" in str(bad)
        return bad.writer, bad.seq, bad.problem

    return run


Found = Callable[[], tuple[str, int, str]]


def test_an_untouched_log_is_clean(store: ServingStore, keyring: Keyring, written: list[Appended]) -> None:
    assert fsck(store, keyring) == FsckReport(entries=3 * LENGTH, writers=3)
    assert fsck(store, keyring).exit_code == 0
    prevs = [unpack(entry.body).prev.decode() for entry in written]
    assert prevs == ["0" * 64, *(entry.mac for entry in written[:-1])]


def test_an_empty_log_is_not_called_clean(store: ServingStore, keyring: Keyring) -> None:
    assert fsck(store, keyring).verdict == "empty"
    assert fsck(store, keyring).exit_code == 4


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_an_edited_entry(vandal: Any, found: Found, seq: int) -> None:
    body = json.loads(vandal.body("w", seq))
    body["payload"]["score"] = 0.99
    vandal.put("w", seq, canonical_json(body).decode(), f"w-{seq}")
    assert found() == ("w", seq, "edited")


def test_an_entry_filed_under_another_request(vandal: Any, found: Found) -> None:
    vandal.put("w", 2, vandal.body("w", 2), "w-4")
    assert found() == ("w", 2, "edited")


def test_an_entry_that_is_no_longer_json(vandal: Any, found: Found) -> None:
    vandal.put("w", 2, "[" * 100_000, "w-2")
    assert found() == ("w", 2, "edited")


@pytest.mark.parametrize("seq", range(1, LENGTH))
def test_a_removed_entry(vandal: Any, found: Found, seq: int) -> None:
    vandal.remove("w", seq)
    assert found() == ("w", seq, "removed")


@pytest.mark.parametrize("seq", range(1, LENGTH))
def test_a_removed_entry_with_the_rest_moved_up(vandal: Any, found: Found, seq: int) -> None:
    for place in range(seq, LENGTH):
        vandal.put("w", place, vandal.body("w", place + 1), f"w-{place + 1}")
    vandal.remove("w", LENGTH)
    assert found() == ("w", seq, "removed")


@pytest.mark.parametrize("kept", range(LENGTH))
def test_a_truncated_chain(vandal: Any, found: Found, kept: int) -> None:
    for seq in range(kept + 1, LENGTH + 1):
        vandal.remove("w", seq)
    assert found() == ("w", kept + 1, "truncated")


@pytest.mark.parametrize("kept", range(1, LENGTH))
def test_a_truncated_chain_whose_head_was_set_back(vandal: Any, found: Found, kept: int) -> None:
    head = json.loads(vandal.head("w"))
    head |= {"seq": kept, "mac": json.loads(vandal.body("w", kept))["mac"]}
    for seq in range(kept + 1, LENGTH + 1):
        vandal.remove("w", seq)
    vandal.put_head("w", kept, canonical_json(head).decode())
    assert found() == ("w", kept, "head")


def test_a_truncated_chain_whose_head_was_removed(vandal: Any, found: Found) -> None:
    vandal.remove("w", LENGTH)
    vandal.remove_head("w")
    assert found() == ("w", LENGTH - 1, "head")


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 4), (1, LENGTH), (LENGTH - 1, LENGTH)])
def test_two_entries_that_changed_places(vandal: Any, found: Found, one: int, other: int) -> None:
    bodies = vandal.body("w", one), vandal.body("w", other)
    vandal.put("w", one, bodies[1], f"w-{other}")
    vandal.put("w", other, bodies[0], f"w-{one}")
    assert found() == ("w", one, "reordered")


def test_an_entry_moved_to_the_end(vandal: Any, found: Found) -> None:
    vandal.put("w", LENGTH + 1, vandal.body("w", 2), "w-2")
    vandal.remove("w", 2)
    assert found() == ("w", 2, "reordered")


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_a_copy_at_the_end(vandal: Any, found: Found, seq: int) -> None:
    vandal.put("w", LENGTH + 1, vandal.body("w", seq), f"w-{seq}")
    assert found() == ("w", LENGTH + 1, "duplicated")


@pytest.mark.parametrize(("copied", "over"), [(1, 3), (4, 2), (LENGTH, 1), (3, LENGTH)])
def test_a_copy_over_another_entry(vandal: Any, found: Found, copied: int, over: int) -> None:
    vandal.put("w", over, vandal.body("w", copied), f"w-{copied}")
    assert found() == ("w", over, "duplicated")


@pytest.mark.parametrize("seq", [0, -1])
def test_a_copy_before_the_beginning(vandal: Any, found: Found, seq: int) -> None:
    vandal.put("w", seq, vandal.body("w", 3), "w-3")
    assert found() == ("w", seq, "reordered")


def test_another_writers_entry(vandal: Any, found: Found) -> None:
    vandal.put("w", 3, vandal.body("a", 3), "a-3")
    assert found() == ("w", 3, "foreign")


def test_an_invented_entry_at_the_end(vandal: Any, found: Found) -> None:
    body = json.loads(vandal.body("w", LENGTH))
    invented = body | {"seq": LENGTH + 1, "prev": body["mac"]}
    vandal.put("w", LENGTH + 1, canonical_json(invented).decode(), f"w-{LENGTH}")
    assert found() == ("w", LENGTH + 1, "appended")


def test_an_invented_writer(vandal: Any, found: Found) -> None:
    body = json.loads(vandal.body("w", 1)) | {"writer": "x"}
    vandal.put("x", 1, canonical_json(body).decode(), "w-1")
    assert found() == ("x", 1, "edited")


def test_an_authentic_entry_appended_out_of_turn(
    vandal: Any, found: Found, keyring: Keyring, written: list[Appended]
) -> None:
    """As if the database had been set back, continued, and the two histories joined."""
    fork: Any = _Nowhere(keyring, written[2])
    entry = AuditLog(fork, keyring, "w").append("operation", {"fork": True})
    vandal.put("w", 4, entry.body.decode(), None)
    assert found() == ("w", 5, "appended")


def test_an_authentic_entry_beyond_the_head(
    vandal: Any, found: Found, keyring: Keyring, written: list[Appended]
) -> None:
    nowhere: Any = _Nowhere(keyring, written[-1])
    entry = AuditLog(nowhere, keyring, "w").append("operation", {})
    vandal.put("w", LENGTH + 1, entry.body.decode(), None)
    assert found() == ("w", LENGTH + 1, "appended")


class _Nowhere:
    """A store that takes every entry and keeps none; its writer stands at the given entry."""

    def __init__(self, keyring: Keyring, last: Appended) -> None:
        self._last = last
        head = pack_head(keyring, last.writer, last.seq, last.mac)
        self.get_head = lambda writer: head

    def put_entry(self, entry: NewEntry, changes: Any = ()) -> None:
        if entry.seq != self._last.seq + 1:
            raise StoreConflictError("not next")


@pytest.mark.parametrize("damage", ["", "{}", "other writer", "seal"])
def test_a_forged_head(vandal: Any, found: Found, damage: str) -> None:
    head = json.loads(vandal.head("w"))
    forged = {
        "other writer": canonical_json(json.loads(vandal.head("a"))).decode(),
        "seal": canonical_json(head | {"seal": "0" * 64}).decode(),
    }
    vandal.put_head("w", LENGTH, forged.get(damage, damage or "no head"))
    assert found() == ("w", LENGTH, "head")


def test_each_damaged_writer_is_named(vandal: Any, store: ServingStore, keyring: Keyring) -> None:
    vandal.remove("a", 2)
    vandal.remove("a", 4)
    vandal.remove("z", LENGTH)
    report = fsck(store, keyring)
    assert [(bad.writer, bad.seq, bad.problem) for bad in report.bad] == [("a", 2, "removed"), ("z", 5, "truncated")]


def test_a_log_of_another_key_is_not_accepted(
    store: ServingStore, keyring: Keyring, written: list[Appended], tmp_path: Path
) -> None:
    other = Keyring.create(tmp_path / "other.json")
    assert {(bad.seq, bad.problem) for bad in fsck(store, other).bad} == {(1, "edited")}


def test_keys_rotate(store: ServingStore, written: list[Appended], tmp_path: Path) -> None:
    old = json.loads((tmp_path / "keys.json").read_text())
    new = Keyring.parse(json.dumps(old | {"active": "k2", "k2": "ab" * 32}), where="test")
    assert unpack(AuditLog(store, new, "w").append("operation", {}).body).key_id == b"k2"
    assert fsck(store, new) == FsckReport(entries=3 * LENGTH + 1, writers=3)
    lost = Keyring.parse(json.dumps({"active": "k2", "k2": "ab" * 32}), where="test")
    assert {(bad.writer, bad.seq, bad.problem) for bad in fsck(store, lost).bad} == {
        (writer, 1, "unknown_key") for writer in "awz"
    }


def test_a_writer_started_again_continues_its_chain(
    store: ServingStore, keyring: Keyring, written: list[Appended]
) -> None:
    entry = AuditLog(store, keyring, "w").append("operation", {"started": "again"})
    assert (entry.seq, unpack(entry.body).prev.decode()) == (LENGTH + 1, written[-1].mac)
    assert fsck(store, keyring).verdict == "clean"


def test_two_logs_of_one_writer_take_turns(place: Any, store: ServingStore, keyring: Keyring) -> None:
    logs = [AuditLog(store, keyring, "w"), AuditLog(place.open(), keyring, "w")]
    assert [logs[i % 2].append("operation", {"i": i}).seq for i in range(8)] == list(range(1, 9))
    assert fsck(store, keyring).verdict == "clean"


def test_a_chain_with_a_forged_head_is_not_continued(vandal: Any, store: ServingStore, keyring: Keyring) -> None:
    head = json.loads(vandal.head("w")) | {"seal": "0" * 64}
    vandal.put_head("w", LENGTH, canonical_json(head).decode())
    with pytest.raises(AuditError, match="run fsck"):
        AuditLog(store, keyring, "w").append("operation", {})


def test_entries_appended_while_fsck_reads_are_no_damage(
    store: ServingStore, keyring: Keyring, written: list[Appended]
) -> None:
    log = AuditLog(store, keyring, "w")

    class Busy:
        """Appends once the heads, and again once the entries have been read."""

        def heads(self) -> Any:
            yield from list(store.heads())
            log.append("operation", {})
            AuditLog(store, keyring, "new").append("operation", {})

        def entries(self) -> Any:
            yield from list(store.entries())
            log.append("operation", {})

    assert fsck(Busy(), keyring).bad == []  # type: ignore[arg-type]
