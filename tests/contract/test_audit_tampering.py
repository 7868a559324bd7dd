"""A log with sealed parts and checkpoints, damaged at random behind the store's back, and set back as a whole."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from understudy.audit import AuditLog, CustomerKeys, ErasedError, Keyring, Personal, fsck, pseudonym, read_decision
from understudy.audit.checkpoint_store import open_checkpoints
from understudy.audit.checkpointing import DamagedLogError, make_checkpoint
from understudy.audit.coverage import Coverage
from understudy.audit.envelope import unpack
from understudy.audit.heads import pack_head
from understudy.audit.signing import PublicKeys, create_signing_key, open_signer
from understudy.stores import NewEntry, ServingStore, audit_key

SEED = 20261121
DAMAGES = 60
LENGTHS = {"a": 4, "b": 7, "c": 1}


@dataclass
class Log:
    """A log and who may sign it."""

    store: ServingStore
    keyring: Keyring
    folder: Path

    def append(self, writer: str, n: int) -> None:
        customer = f"c{n % 3}"
        readable = {"request_id": f"{writer}-{n}", "pseudonym": pseudonym(self.keyring, customer)}
        personal = Personal(customer, {"n": n, "text": "추천"}, self.store.read_context(customer).key)
        AuditLog(self.store, self.keyring, writer).append("model_inference", readable, personal=personal)

    def sign(self) -> Any:
        if not (self.folder / "key.pem").exists():
            create_signing_key(self.folder / "key.pem")
        signer = open_signer(f"file://{self.folder}/key.pem")
        return make_checkpoint(self.store, self.keyring, signer, open_checkpoints(f"file://{self.folder}/checkpoints"))

    def check(self, *, checkpoints: bool = False) -> list[tuple[str, int, str]]:
        coverage = None
        if checkpoints:
            keys = PublicKeys((self.folder / "key.pem.pub").read_bytes(), where="test")
            coverage = Coverage(open_checkpoints(f"file://{self.folder}/checkpoints").read(), keys)
        return [(bad.writer, bad.seq, bad.problem) for bad in fsck(self.store, self.keyring, coverage).bad]


@pytest.fixture
def log(store: ServingStore, keyring: Keyring, tmp_path: Path) -> Log:
    made = Log(store, keyring, tmp_path)
    for writer, length in LENGTHS.items():
        for n in range(1, length + 1):
            made.append(writer, n)
    return made


def ascii_flip(text: str, draw: random.Random) -> str:
    """``text`` with one byte changed, and still a text (the unit tests change every bit of every byte)."""
    at = draw.choice([n for n, c in enumerate(text) if c.isascii()])
    return text[:at] + chr(ord(text[at]) ^ (1 << draw.randrange(2))) + text[at + 1 :]


def damage(vandal: Any, draw: random.Random) -> tuple[str, int, Callable[[], None]]:
    """Damage the log in one way; returns the writer, the first seq that is no longer right, and the way back."""
    writer = draw.choice(["a", "b", "c"])
    length = LENGTHS[writer]
    seq, other = draw.randint(1, length), draw.randint(1, length)
    bodies, head = {n: vandal.body(writer, n) for n in range(1, length + 1)}, vandal.head(writer)

    def back() -> None:
        for n, body in bodies.items():
            vandal.put(writer, n, body, f"{writer}-{n}")
        for n in range(length + 1, length + 3):
            vandal.remove(writer, n)
        vandal.put_head(writer, length, head)

    kind = draw.choice(["flip", "file", "remove", "swap", "copy", "append", "truncate", "head", "no head"])
    if kind in ("swap", "copy") and seq == other:
        kind = "remove"
    if kind == "flip":
        vandal.put(writer, seq, ascii_flip(bodies[seq], draw), f"{writer}-{seq}")
    elif kind == "file":
        vandal.put(writer, seq, bodies[seq], f"{writer}-{seq + 1}")
    elif kind == "remove":
        vandal.remove(writer, seq)
    elif kind == "swap":
        vandal.put(writer, seq, bodies[other], f"{writer}-{other}")
        vandal.put(writer, other, bodies[seq], f"{writer}-{seq}")
        seq = min(seq, other)
    elif kind == "copy":
        vandal.put(writer, seq, bodies[other], f"{writer}-{other}")
    elif kind == "append":
        vandal.put(writer, length + 1, bodies[other], f"{writer}-{other}")
        seq = length + 1
    elif kind == "truncate":
        for n in range(seq, length + 1):
            vandal.remove(writer, n)
    elif kind == "head":
        vandal.put_head(writer, length, ascii_flip(head, draw))
        seq = length
    else:
        vandal.remove_head(writer)
        seq = length
    return writer, seq, back


def test_any_damage_is_found_and_located(place: Any, log: Log) -> None:
    vandal, draw = place.vandalise(), random.Random(SEED)
    for n in range(DAMAGES):
        writer, seq, back = damage(vandal, draw)
        found = log.check()
        assert [bad[:2] for bad in found] == [(writer, seq)], n
        back()
    assert log.check() == []


def test_a_log_set_back_to_a_valid_state_of_its_own_is_found(place: Any, log: Log) -> None:
    vandal = place.vandalise()
    before = {writer: vandal.head(writer) for writer in LENGTHS}
    log.sign()
    for n in (8, 9):
        log.append("b", n)
    log.append("d", 1)
    assert log.sign().number == 2
    assert log.check(checkpoints=True) == []
    for n in (8, 9):
        vandal.remove("b", n)
    vandal.put_head("b", 7, before["b"])
    vandal.remove("d", 1)
    vandal.remove_head("d")
    assert log.check() == []  # chains and heads alone cannot tell
    assert log.check(checkpoints=True) == [("b", 8, "rolled_back"), ("d", 1, "rolled_back")]
    with pytest.raises(DamagedLogError, match="writer b, entry 8: rolled_back"):
        log.sign()


def test_a_history_rewritten_by_a_holder_of_the_keys_is_found(place: Any, log: Log) -> None:
    log.sign()
    vandal = place.vandalise()
    fork: Any = _Forger(vandal, "b", 3)
    forger = AuditLog(fork, log.keyring, "b")
    last = unpack(vandal.body("b", 3).encode())
    fork.head = pack_head(log.keyring, "b", 3, last.mac.decode())
    for n in range(4, 8):
        forger.append("model_inference", {"request_id": f"b-{n}", "forged": n})
    assert log.check() == []
    assert log.check(checkpoints=True) == [("b", 4, "rewritten")]


class _Forger:
    """Somebody who overwrites a chain from an entry on, with a key of the ring."""

    def __init__(self, vandal: Any, writer: str, after: int) -> None:
        self._vandal, self._writer, self._after = vandal, writer, after
        self.head = b""

    def get_head(self, writer: str) -> bytes:
        return self.head

    def put_entry(self, entry: NewEntry, changes: Any = ()) -> None:
        from understudy.stores import StoreConflictError

        if entry.seq <= self._after:
            raise StoreConflictError("taken")
        self._vandal.put(self._writer, entry.seq, entry.body.decode(), entry.request_id)
        self._vandal.put_head(self._writer, entry.seq, entry.head.decode())


def test_a_damaged_log_is_not_signed(place: Any, log: Log) -> None:
    vandal = place.vandalise()
    vandal.remove("b", 2)
    with pytest.raises(DamagedLogError, match="writer b, entry 2: removed"):
        log.sign()
    assert list(open_checkpoints(f"file://{log.folder}/checkpoints").read()) == []


def test_erasing_a_customer_leaves_the_log_whole_and_the_others_readable(store: ServingStore, log: Log) -> None:
    log.sign()
    store.remove_documents([audit_key("c1")])
    assert log.check(checkpoints=True) == []
    keys = CustomerKeys(log.keyring)
    erased, kept = store.get_request("b-1"), store.get_request("b-2")
    assert erased is not None
    assert kept is not None
    with pytest.raises(ErasedError):
        read_decision(erased, log.keyring, keys, "c1", store.read_context("c1").key)
    assert read_decision(kept, log.keyring, keys, "c2", store.read_context("c2").key).content["n"] == 2
    log.append("b", 10)  # of c1, under a new key
    again = store.get_request("b-10")
    assert again is not None
    assert read_decision(again, log.keyring, keys, "c1", store.read_context("c1").key).content["n"] == 10


def test_two_writers_make_one_key(place: Any, store: ServingStore, keyring: Keyring) -> None:
    logs = [AuditLog(store, keyring, "one"), AuditLog(place.open(), keyring, "two")]
    name = pseudonym(keyring, "c9")
    bodies = [
        log.append("operation", {"pseudonym": name}, personal=Personal("c9", {"n": n}, None)).body
        for n, log in enumerate(logs)
    ]
    key = store.read_context("c9").key
    found = [read_decision(body, keyring, CustomerKeys(keyring), "c9", key).content["n"] for body in bodies]
    assert found == [0, 1]
    assert len({json.loads(body)["payload"]["sealed"]["key"] for body in bodies}) == 1
