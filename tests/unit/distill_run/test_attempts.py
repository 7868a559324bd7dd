"""What is remembered of the attempts at a run."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from distill import attempts
from distill.attempts import recorded
from understudy.atomic import write_json
from understudy.contracts.attempts import Attempt, Attempts
from understudy.errors import UserError


def kept(root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((root / "attempts.json").read_bytes())["attempts"]
    return found


def attempt(root: Path, error: BaseException | None = None) -> dict[str, Any]:
    with pytest.raises(type(error)) if error else nullcontext(), recorded(root) as finish:
        if error is not None:
            raise error
        finish(fingerprint="ab" * 32, rows={"train": 3}, features=2, model_version="toy-1", accepted=True)
    return kept(root)[-1]


def test_a_finished_attempt_says_what_it_was_made_of(tmp_path: Path) -> None:
    found = attempt(tmp_path)
    assert (found["outcome"], found["rows"], found["features"]) == ("finished", {"train": 3}, 2)
    assert found["ended"] >= found["began"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (MemoryError(), "out_of_memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory"),
        (UserError("leak", exit_code=4), "refused"),
        (KeyboardInterrupt(), "interrupted"),
        (RuntimeError("bug"), "failed"),
    ],
)
def test_how_an_attempt_ended_is_kept_and_the_error_raised(tmp_path: Path, error: BaseException, outcome: str) -> None:
    found = attempt(tmp_path, error)
    assert found["outcome"] == outcome
    assert found["error"].startswith(type(error).__name__)
    assert found["model_version"] is None


def test_an_attempt_that_is_under_way_or_was_killed_has_no_outcome(tmp_path: Path) -> None:
    with recorded(tmp_path):
        assert [one["outcome"] for one in kept(tmp_path)] == [None]


@pytest.mark.parametrize(("kills", "outcome"), [(4, None), (5, "out_of_memory")])
def test_a_kill_for_memory_is_known_by_the_kernels_counter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, outcome: str | None
) -> None:
    killed = Attempt(began="2026-06-01T00:00:00+00:00", oom_kills=4)
    write_json(tmp_path / "attempts.json", Attempts(attempts=[killed]).model_dump(mode="json"))
    events = tmp_path / "memory.events"
    events.write_text(f"low 0\noom 9\noom_kill {kills}\n")
    monkeypatch.setattr(attempts, "_MEMORY_EVENTS", events)
    attempt(tmp_path)
    assert [one["outcome"] for one in kept(tmp_path)] == [outcome, "finished"]


def test_attempts_add_up_oldest_first(tmp_path: Path) -> None:
    attempt(tmp_path, KeyboardInterrupt())
    attempt(tmp_path)
    assert [one["outcome"] for one in kept(tmp_path)] == ["interrupted", "finished"]
