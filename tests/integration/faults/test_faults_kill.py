"""Environments are killed while they answer: a short version of ``benchmarks/load.py``, on the source tree."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import tiny_bundle

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def load() -> Iterator[ModuleType]:
    folder = str(ROOT / "benchmarks")
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location("load_script", ROOT / "benchmarks" / "load.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["load_script"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["load_script"]
    sys.path.remove(folder)


def test_killed_environments_lose_no_entry_and_no_answer(load: ModuleType, tmp_path: Path) -> None:
    records = [tiny_bundle.customer(f"c-{i}") for i in range(5)]
    bundle = tiny_bundle.write(tmp_path / "bundle")
    with load.stage(ROOT, bundle, records, 3) as on:
        plan = load.Plan(on.function.url, on.customers, rate=20.0, seconds=5.0, threads=6, attempts=12)
        shots, killed = load.kill_while(on, plan)
        found = load.summary(shots) | load.verify(on, shots)
    assert killed >= 2
    assert found["requests"] == 100
    assert found["writers"] > 3
    assert load.promises_kept(found), found


def test_a_broken_promise_is_seen(load: ModuleType) -> None:
    good = {"errors": 0, "answers_without_entry": 0, "keys_decided_twice": 0, "fsck": "clean"}
    assert load.promises_kept(good)
    for name, value in {"errors": 1, "answers_without_entry": 1, "keys_decided_twice": 1, "fsck": "damaged"}.items():
        assert not load.promises_kept(good | {name: value})
