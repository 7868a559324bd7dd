"""A snapshot of the started function (SnapStart) is restored many times: no two restored environments share a secret.

Two processes forked from one that has started the function stand for two restored environments.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle
from built_zip import built_zip

from understudy.audit import Keyring, fsck, open_keyring
from understudy.stores import open_store

# Started as Lambda starts it, then answers once in each of three children; prints what each answered.
PROGRAM = """
import json, os, random, sys
os.environ["AWS_LAMBDA_RUNTIME_API"] = "unused"
import lambda_app.handler as entry
event = json.loads(sys.stdin.read())
backing = entry.application().backing
opened = [name for name, value in vars(backing).items() if type(value).__name__ in
          ("SqliteStore", "DynamoStore", "Keyring", "AuditLog", "LocalKeyring")]
descriptors = sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if int(fd) > 2
                     and os.path.exists(f"/proc/self/fd/{fd}"))
answers = []
for _ in range(3):
    read, write = os.pipe()
    if os.fork() == 0:
        out = os.dup(1)
        os.dup2(2, 1)
        try:
            response = [entry.handler(event, None) for _ in range(2)]
            os.write(write, json.dumps(response).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        answers.append(json.loads(stream.read()))
    os.wait()
print(json.dumps({"opened": opened, "descriptors": descriptors, "answers": answers}))
"""


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("snapshot")
    with zipfile.ZipFile(built_zip(folder)) as archive:
        archive.extractall(folder / "task")
    Keyring.create(folder / "keys.json")
    store = open_store(f"sqlite://{folder / 'store.sqlite'}")
    store.put_records([tiny_bundle.customer()])
    store.close()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder / "task"),
        "UNDERSTUDY_BUNDLE": str(tiny_bundle.write(folder / "bundle.zip")),
        "UNDERSTUDY_STORE": f"sqlite://{folder / 'store.sqlite'}",
        "UNDERSTUDY_AUDIT_KEYS": f"file://{folder / 'keys.json'}",
    }
    event = json.dumps(tiny_bundle.event(body={"customer_id": "c-1"}))
    command = [sys.executable, "-S", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, input=event, capture_output=True, text=True, check=True)
    return folder, json.loads(done.stdout.splitlines()[-1])


def _bodies(seen: dict[str, Any]) -> list[list[dict[str, Any]]]:
    assert {response["statusCode"] for pair in seen["answers"] for response in pair} == {200}
    return [[json.loads(response["body"]) for response in pair] for pair in seen["answers"]]


def test_the_snapshot_holds_no_connection_and_no_key(restored: tuple[Path, dict[str, Any]]) -> None:
    _, seen = restored
    assert seen["opened"] == []
    assert not [name for name in seen["descriptors"] if "socket" in name or "sqlite" in name or "keys" in name]


def test_each_restored_environment_writes_a_chain_of_its_own(restored: tuple[Path, dict[str, Any]]) -> None:
    folder, seen = restored
    bodies = _bodies(seen)
    writers = [{body["audit"]["writer"] for body in pair} for pair in bodies]
    assert all(len(names) == 1 for names in writers)
    assert len(set.union(*writers)) == 3
    store = open_store(f"sqlite://{folder / 'store.sqlite'}")
    report = fsck(store, open_keyring(f"file://{folder / 'keys.json'}"))
    assert report.verdict == "clean", report.bad
    store.close()


def test_no_id_comes_twice(restored: tuple[Path, dict[str, Any]]) -> None:
    ids = [body["request_id"] for pair in _bodies(restored[1]) for body in pair]
    assert len(set(ids)) == len(ids) == 6


def test_all_answer_alike(restored: tuple[Path, dict[str, Any]]) -> None:
    answers = [body["recommendations"] for pair in _bodies(restored[1]) for body in pair]
    assert all(answer == answers[0] for answer in answers)
