"""The real job inside the executed state machine: ready, rejected, interrupted and gone on with."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flow_machine import Flow, flow_service


@pytest.fixture
def flow() -> Iterator[Flow]:
    with flow_service() as service:
        yield service


def test_an_interrupted_job_goes_on_and_its_bundle_waits_for_a_person(
    troupe: Any, flow: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended_with: list[int] = []

    def job(command: list[str]) -> int:
        with monkeypatch.context() as patch:
            if not ended_with:  # the machine is taken away while students are fitted
                patch.setattr("distill.fit_students", lambda *_a, **_k: os.kill(os.getpid(), signal.SIGTERM))
            ended_with.append(troupe.run(tmp_path / "out").code)
        return ended_with[-1]

    ended = flow.run(job, decision={"outcome": "bootstrap"})
    assert ended_with == [5, 0]
    assert ended.status == "SUCCEEDED"
    assert (tmp_path / "out" / "bundle.zip").exists()


def test_a_rejected_gate_ends_the_flow_under_its_name(troupe: Any, flow: Flow, tmp_path: Path) -> None:
    shuffled = np.random.default_rng(9).permutation(troupe.soft["churn"])
    troupe.distilled["churn"] = troupe.direct["churn"] = shuffled
    ended = flow.run(lambda command: troupe.run(tmp_path / "out").code)
    assert (ended.status, ended.error) == ("FAILED", "GatesRejected")
    assert [message["outcome"] for message in ended.messages] == ["GatesRejected"]
