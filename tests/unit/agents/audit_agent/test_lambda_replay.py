"""The function is asked again by invocation, in batches, and every way of not answering is said."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from agents.audit_agent.replay import BATCH, LambdaReplay, ReplayError, open_replay
from understudy.errors import UserError


class _Client:
    def __init__(self, *answers: Any, failed: bool = False) -> None:
        self.answers, self.failed = list(answers), failed
        self.asked: list[Mapping[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.asked.append({"function": FunctionName, **json.loads(Payload)})
        answer = self.answers.pop(0) if self.answers else {"model_version": "m-1", "answers": self._each()}
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return {"Payload": io.BytesIO(body)} | ({"FunctionError": "Unhandled"} if self.failed else {})

    def _each(self) -> Sequence[Any]:
        return [{"n": one["n"]} for one in self.asked[-1]["replay"]]


def replay(client: _Client) -> LambdaReplay:
    made = LambdaReplay.__new__(LambdaReplay)
    made._function, made._client = "serving:live", client
    return made


def test_batches_are_put_together_in_their_order() -> None:
    client = _Client()
    found = replay(client)([{"n": n} for n in range(2 * BATCH + 1)])
    assert [one["n"] for one in found.answers if one] == list(range(2 * BATCH + 1))
    assert [len(asked["replay"]) for asked in client.asked] == [BATCH, BATCH, 1]
    assert {asked["function"] for asked in client.asked} == {"serving:live"}


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (_Client({"errorType": "Sandbox.Timedout"}, failed=True), "the function failed: Sandbox.Timedout"),
        (_Client(b"<html>"), "cannot be invoked"),
        (_Client({"model_version": None, "refused": "the bundle is refused"}), "the bundle is refused"),
        (
            _Client({"model_version": "m-1", "answers": [{}] * BATCH}, {"model_version": "m-2", "answers": [{}]}),
            "changed",
        ),
    ],
)
def test_a_function_that_does_not_answer(client: _Client, said: str) -> None:
    with pytest.raises(ReplayError, match=said):
        replay(client)([{"n": n} for n in range(BATCH + 1)])


def test_only_a_function_can_be_asked() -> None:
    with pytest.raises(UserError, match="no function to ask again"):
        open_replay("https://example.org")
