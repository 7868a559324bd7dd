"""The state machine, executed: each exit code of the job leads where it should."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_machine import Flow, flow_service

from infra.distillation_flow import OUTCOMES, TRIES, distillation_flow
from understudy.cli.sign_off import WaitingFlow
from understudy.contracts.promotion import Promotion
from understudy.errors import UserError

READY = {"outcome": "approve"}


for module in ("antlr4", "jsonpath_ng"):
    pytest.importorskip(module, reason=f"{module} IS NOT INSTALLED: the state machine was not executed")


@pytest.fixture
def flow() -> Iterator[Flow]:
    with flow_service() as service:
        yield service


def worker_of(*codes: int | None) -> object:
    """A job that ends with the first code at its first try, and so on; the last code stays."""
    left = list(codes)
    return lambda command: left.pop(0) if len(left) > 1 else left[0]


def test_a_good_bundle_waits_for_a_person_and_is_then_promoted(flow: Flow) -> None:
    ended = flow.run(worker_of(0), decision=READY)
    assert ended.status == "SUCCEEDED"
    assert ended.commands == [["python", "-m", "distill.job", "--config", "s3://b/config.json"]]
    (message,) = ended.messages
    assert message["outcome"] == "Ready"
    assert message["config"] == "s3://b/config.json"


@pytest.mark.parametrize("decision", [None, {"outcome": "reject"}, {"said": "nothing"}])
def test_without_a_persons_yes_nothing_is_promoted(flow: Flow, decision: dict[str, str] | None) -> None:
    ended = flow.run(worker_of(0), decision=decision)
    assert (ended.status, ended.error) == ("FAILED", "NotPromoted")


def record(outcome: str) -> Promotion:
    return Promotion.model_validate({
        "outcome": outcome, "challenger": "m-2", "champion": "m-1", "operator": "Kim Min-seo",
        "reason": "measured", "registry": "r",
        "checks": [{"name": "integrity", "status": "pass", "reason": "whole"}],
    })  # fmt: skip


@pytest.mark.parametrize(("outcome", "ends"), [("approve", "SUCCEEDED"), ("force", "SUCCEEDED"), ("reject", "FAILED")])
def test_what_promote_decided_is_sent_with_the_token(flow: Flow, outcome: str, ends: str) -> None:
    def decide(token: str) -> None:
        waiting = WaitingFlow(token)
        waiting.check()
        waiting.answer(record(outcome))

    assert flow.run(worker_of(0), decision=decide).status == ends


def test_a_decision_of_nobody_is_no_promotion(flow: Flow) -> None:
    ended = flow.run(worker_of(0), decision=lambda token: None, sign_off_seconds=2)
    assert (ended.status, ended.error) == ("FAILED", "NotPromoted")


def test_a_token_that_nobody_waits_for_stops_the_promotion_before_it_decides(flow: Flow) -> None:
    with pytest.raises(UserError, match="did not take it") as raised:
        WaitingFlow("no-such-token").check()
    assert "token" in raised.value.fix


@pytest.mark.parametrize("code", sorted(OUTCOMES))
def test_what_a_further_try_cannot_mend_ends_at_once_and_somebody_is_told(flow: Flow, code: int) -> None:
    ended = flow.run(worker_of(code, 0))
    assert (ended.status, ended.error) == ("FAILED", OUTCOMES[code][0])
    assert len(ended.commands) == 1
    assert [message["outcome"] for message in ended.messages] == [OUTCOMES[code][0]]


@pytest.mark.parametrize("interruption", [5, 137, None])
def test_an_interruption_is_tried_again_with_the_same_config(flow: Flow, interruption: int | None) -> None:
    ended = flow.run(worker_of(interruption, 0), decision=READY)
    assert ended.status == "SUCCEEDED"
    assert len(ended.commands) == 2
    assert ended.commands[0] == ended.commands[1]


def test_it_gives_up_after_five_tries(flow: Flow) -> None:
    ended = flow.run(worker_of(5))
    assert (ended.status, ended.error) == ("FAILED", "GaveUp")
    assert len(ended.commands) == TRIES


def test_the_real_job_refuses_a_wrong_config_and_the_flow_says_so(flow: Flow, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"out": "x"}')

    def job(command: list[str]) -> int:
        real = [sys.executable, *command[1:-1], str(tmp_path / "config.json")]
        return subprocess.run(real, capture_output=True, check=False).returncode

    ended = flow.run(job)
    assert (ended.status, ended.error) == ("FAILED", "BadConfig")


def test_every_state_is_reached_from_another_and_every_next_exists() -> None:
    states = distillation_flow(queue="q", definition="d", topic="t")["States"]
    named = {"Begin"}
    for state in states.values():
        named |= {state[key] for key in ("Next", "Default") if key in state}
        named |= {choice["Next"] for kind in ("Choices", "Catch") for choice in state.get(kind, [])}
    assert named == set(states)
