"""The audit commands, from a served log to a proof that a third party verifies."""

from __future__ import annotations

import json
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from understudy.audit import AuditLog, Personal, open_keyring, pseudonym
from understudy.cli.app import app
from understudy.cli.serving import ServePaths
from understudy.errors import UserError
from understudy.stores import audit_key, open_store


@dataclass
class Served:
    """A run that has served: its folder, and a way to call the program on it."""

    root: Path

    def __call__(self, *arguments: Any, exit_code: int = 0, run: bool = True) -> str:
        place = ["--run", str(self.root)] if run else []
        result = CliRunner().invoke(app, ["audit", *map(str, arguments), *place])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result.output

    @property
    def paths(self) -> ServePaths:
        return ServePaths(self.root)

    def decide(self, request_id: str, customer: str = "c-1") -> None:
        store, keyring = open_store(self.paths.store), open_keyring(self.paths.keys)
        readable = {"request_id": request_id, "pseudonym": pseudonym(keyring, customer), "model_version": "m1"}
        personal = Personal(customer, {"features": {"income": 41.5}}, store.read_context(customer).key)
        AuditLog(store, keyring, f"writer-{request_id}").append("model_inference", readable, personal=personal)
        store.close()


@pytest.fixture
def served(tmp_path: Path) -> Served:
    made = Served(tmp_path / "run")
    made.paths.prepare()
    for number in range(5):
        made.decide(f"r{number}")
    return made


def test_fsck_says_what_it_could_not_see(served: Served) -> None:
    assert "5 entries of 5 writers: clean" in served("fsck")
    assert "would not be seen" in served("fsck")
    assert "checkpoint 1: 5 entries" in served("checkpoint")
    assert "1 signed checkpoints cover 5 of them" in served("fsck")
    assert "nothing new" in served("checkpoint")
    assert stat.S_IMODE(Path(served.paths.signing_key.removeprefix("file://")).stat().st_mode) == 0o600


def test_a_writer_removed_with_everything_it_left_is_found_by_checkpoints_alone(served: Served) -> None:
    served("checkpoint")
    connection = sqlite3.connect(served.paths.store.removeprefix("sqlite://"), isolation_level=None)
    connection.execute("DROP TRIGGER entries_stay")
    for table in ("entries", "heads"):
        connection.execute(f"DELETE FROM {table} WHERE writer = 'writer-r2'")
    connection.close()
    assert "writer writer-r2, entry 1: rolled_back" in served("fsck", exit_code=3)
    with pytest.raises(UserError, match="does not verify"):
        served("checkpoint")


def test_a_proof_is_verified_with_the_public_key_alone(served: Served, tmp_path: Path) -> None:
    served("checkpoint")
    served.decide("r5")
    served("checkpoint")
    proof, public = tmp_path / "proof.json", served.paths.public_key_file
    served("prove", "r3", "--out", proof, "--since", 1)
    said = served("verify-proof", proof, "--public-key", public, run=False)
    assert "entry 1 of writer writer-r3" in said
    assert "6 entries" in said
    assert "since checkpoint 1" in said
    assert "income" not in said

    forged = json.loads(proof.read_text())
    forged["index"] += 1
    proof.write_text(json.dumps(forged))
    with pytest.raises(UserError, match="does not hold") as raised:
        served("verify-proof", proof, "--public-key", public, run=False)
    assert raised.value.exit_code == 3


def test_a_disclosed_proof_shows_the_content_and_leaves_a_trace(served: Served, tmp_path: Path) -> None:
    served("checkpoint")
    proof, public = tmp_path / "proof.json", served.paths.public_key_file
    served("prove", "r3", "--out", proof, "--disclose", "c-1")
    assert '"income": 41.5' in served("verify-proof", proof, "--public-key", public, run=False)
    last = [json.loads(row[3]) for row in open_store(served.paths.store).entries() if row[0].startswith(b"operator-")]
    assert [(entry["kind"], entry["payload"]["explained"]) for entry in last] == [("data_access", "r3")]
    with pytest.raises(UserError, match="another, or was destroyed"):
        served("prove", "r3", "--out", proof, "--disclose", "c-2")
    open_store(served.paths.store).remove_documents([audit_key("c-1")])
    with pytest.raises(UserError, match="another, or was destroyed"):
        served("prove", "r3", "--out", proof, "--disclose", "c-1")
    served("prove", "r3", "--out", proof)  # that it was made can still be proven


def test_what_is_not_covered_yet_cannot_be_proven(served: Served) -> None:
    with pytest.raises(UserError, match="there are no checkpoints"):
        served("prove", "r1")
    served("checkpoint")
    served.decide("r6")
    with pytest.raises(UserError, match="no checkpoint covers"):
        served("prove", "r6")
    with pytest.raises(UserError, match="no decision has this id"):
        served("prove", "r99")


def test_keys_rotate_and_everything_still_verifies(served: Served) -> None:
    served("checkpoint")
    assert "k2" in served("rotate")
    served.decide("r7")
    served("checkpoint")
    assert "6 entries of 6 writers: clean" in served("fsck")
    ring = json.loads(served.paths.keys_file.read_text())
    assert (ring["active"], sorted(ring)) == ("k2", ["active", "k1", "k2"])
    assert stat.S_IMODE(served.paths.keys_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("command", ["fsck", "checkpoint", "rotate"])
def test_a_command_without_a_log_says_what_to_give(command: str) -> None:
    result = CliRunner().invoke(app, ["audit", command])
    assert isinstance(result.exception, UserError)
    assert "--run" in str(result.exception)
