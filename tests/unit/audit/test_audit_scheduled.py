"""The function that signs by the clock, on a store and keys of its own."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from understudy.audit import AuditLog, Keyring
from understudy.audit.checkpointing import DamagedLogError
from understudy.audit.scheduled import CheckpointSettings, handler
from understudy.audit.signing import create_signing_key
from understudy.errors import UserError
from understudy.stores import open_store


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    """An empty log, and the environment that names it."""
    keyring = Keyring.create(tmp_path / "keys.json")
    create_signing_key(tmp_path / "signing.pem")
    monkeypatch.setenv("UNDERSTUDY_STORE", f"sqlite://{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("UNDERSTUDY_AUDIT_KEYS", f"file://{tmp_path / 'keys.json'}")
    monkeypatch.setenv("UNDERSTUDY_CHECKPOINTS", f"file://{tmp_path / 'checkpoints'}")
    monkeypatch.setenv("UNDERSTUDY_SIGNING_KEY", f"file://{tmp_path / 'signing.pem'}")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "understudy-dev-checkpoint")
    return AuditLog(open_store(f"sqlite://{tmp_path / 'store.sqlite'}"), keyring, "w")


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    assert found["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["function"]]
    assert found["function"] == "understudy-dev-checkpoint"
    return found


def test_it_signs_what_is_new_and_says_so(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        log.append("operation", {"operation": f"o{number}"})
    made = handler({}, None)
    assert (made["made"], made["size"]) == (1, 3)
    line = emitted(capsys)
    assert (line["Checkpoints"], line["CheckpointDamage"]) == (1, 0)


def test_with_nothing_new_the_log_counts_as_covered(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    log.append("operation", {"operation": "o"})
    handler({}, None)
    capsys.readouterr()
    assert handler({}, None) == {"made": None, "why": "nothing new since the last one"}
    assert emitted(capsys)["Checkpoints"] == 1


def test_a_damaged_log_is_not_signed_and_raises_the_alarm(
    log: AuditLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        log.append("operation", {"operation": f"o{number}"})
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        (table,) = (
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if {"writer", "seq", "body"} <= {row[1] for row in database.execute(f"PRAGMA table_info({name})")}
            and "head" not in name
        )
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute(f"UPDATE {table} SET body = replace(body, 'o1', 'o9') WHERE seq = 2")
    with pytest.raises(DamagedLogError):
        handler({}, None)
    line = emitted(capsys)
    assert (line["Checkpoints"], line["CheckpointDamage"]) == (0, 1)
    assert not list((tmp_path / "checkpoints").glob("*.json"))


def test_what_cannot_be_reached_is_neither_covered_nor_damage(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNDERSTUDY_SIGNING_KEY", "file:///nowhere/key.pem")
    with pytest.raises(UserError, match="signing key"):
        handler({}, None)
    line = emitted(capsys)
    assert (line["Checkpoints"], line["CheckpointDamage"]) == (0, 0)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(UserError, match="understudy_signing_key"):
        CheckpointSettings.from_environment({"UNDERSTUDY_STORE": "x"})
