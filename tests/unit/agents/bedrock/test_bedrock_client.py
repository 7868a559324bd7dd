"""The client against a server that speaks Converse, well behaved or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import Field

from agents.bedrock import (
    BudgetSpentError,
    CallRecord,
    CircuitBreaker,
    Guardrail,
    LlmRefusedError,
    LlmUnavailableError,
    OutputMode,
    Prompt,
)
from agents.bedrock.client import BedrockModel
from agents.bedrock.modes import CLEAN_STOP
from understudy.contracts._model import Contract
from understudy.local.fake_bedrock import FakeBedrock
from understudy.stores import ServingStore

MODES = get_args(OutputMode)
PROMPT = Prompt("reason_sentence@1", "Write.", 'language: "en"\ntone: "app"\nslots: ["{product}", "{fact1}"]')
Make = Callable[..., BedrockModel]


class Sentence(Contract):
    sentence: str = Field(min_length=3, max_length=400)


def left() -> float:
    return 20.0


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_in_every_output_mode(mode: str, model: Make, bedrock: FakeBedrock, calls: list[CallRecord]) -> None:
    answer = model(mode).ask(PROMPT, Sentence, remaining=left)
    assert "{product}" in answer.value.sentence
    (record,) = calls
    assert (record.outcome, record.stop_reason) == ("ok", CLEAN_STOP[mode])  # type: ignore[index]
    assert len(record.request_sha256) == len(record.response_sha256) == 64
    assert record.micro_usd == record.input_tokens + 5 * record.output_tokens > 0


def test_each_mode_asks_in_its_own_way(model: Make, bedrock: FakeBedrock) -> None:
    for mode in MODES:
        model(mode).ask(PROMPT, Sentence, remaining=left)
    native, strict, forced, plain = (body for _, body in bedrock.received)
    schema = json.loads(native["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])
    assert (schema["required"], schema["additionalProperties"]) == (["sentence"], False)
    assert "maxLength" not in json.dumps(schema), "Bedrock's grammar takes no lengths"
    assert strict["toolConfig"]["tools"][0]["toolSpec"]["strict"] is True
    assert strict["toolConfig"]["toolChoice"] == {"auto": {}}
    assert forced["toolConfig"]["toolChoice"] == {"tool": {"name": "answer"}}
    assert "toolConfig" not in plain
    assert "JSON schema" in plain["system"][0]["text"]


def test_a_model_that_refuses_sampling_parameters_gets_none(model: Make, bedrock: FakeBedrock) -> None:
    model("strict_tool_auto", config={"sampling": False}).ask(PROMPT, Sentence, remaining=left)
    model("strict_tool_auto").ask(PROMPT, Sentence, remaining=left)
    assert ["temperature" in body["inferenceConfig"] for _, body in bedrock.received] == [False, True]


def test_fenced_json_is_read(model: Make, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    real = bedrock.answer

    def fenced(name: str, request: Any) -> Any:
        status, headers, body = real(name, request)
        content = json.loads(body)
        block = content["output"]["message"]["content"][0]
        block["text"] = f"```json\n{block['text']}\n```"
        return status, headers, json.dumps(content).encode()

    monkeypatch.setattr(bedrock, "answer", fenced)
    assert model("json_text").ask(PROMPT, Sentence, remaining=left).value.sentence
    with pytest.raises(LlmRefusedError):
        model("native").ask(PROMPT, Sentence, remaining=left)


@pytest.mark.parametrize("mode", MODES)
def test_one_repair_and_no_more(mode: str, model: Make, bedrock: FakeBedrock, calls: list[CallRecord]) -> None:
    bedrock.mode = "repairable"
    assert model(mode).ask(PROMPT, Sentence, remaining=left).value.sentence
    assert [call.outcome for call in calls] == ["invalid_answer", "ok"]
    second = bedrock.received[1][1]["messages"]
    assert [turn["role"] for turn in second] == ["user", "assistant", "user"]
    assert "sentence" in json.dumps(second[2])
    bedrock.mode = "schema"
    with pytest.raises(LlmRefusedError, match="invalid_answer"):
        model(mode).ask(PROMPT, Sentence, remaining=left)
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("behaviour", "error", "outcome"),
    [
        ("throttling", LlmUnavailableError, "throttled"),
        ("unavailable", LlmUnavailableError, "service_error"),
        ("reset", LlmUnavailableError, "no_answer"),
        ("slow", LlmUnavailableError, "no_answer"),
        ("truncated", LlmRefusedError, "stop_max_tokens"),
        ("guardrail", LlmRefusedError, "stop_guardrail_intervened"),
        ("not_json", LlmRefusedError, "invalid_answer"),
    ],
)
def test_every_misbehaviour_is_an_error_and_recorded(
    behaviour: Any, error: type[Exception], outcome: str, model: Make, bedrock: FakeBedrock, calls: list[CallRecord]
) -> None:
    bedrock.mode, bedrock.delay = behaviour, 2.5
    with pytest.raises(error, match=outcome):
        model().ask(PROMPT, Sentence, remaining=left)
    assert calls[-1].outcome == outcome


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "stop",
    ["max_tokens", "stop_sequence", "guardrail_intervened", "content_filtered", "malformed_model_output",
     "malformed_tool_use", "model_context_window_exceeded", "tool_use", "end_turn", "invented_tomorrow"],
)  # fmt: skip
def test_every_stop_reason_but_the_clean_one_fails_closed(
    stop: str, mode: Any, model: Make, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bedrock.answer

    def stopped(name: str, request: Any) -> Any:
        status, headers, body = real(name, request)
        return status, headers, json.dumps(json.loads(body) | {"stopReason": stop}).encode()

    monkeypatch.setattr(bedrock, "answer", stopped)
    if stop == CLEAN_STOP[mode]:  # type: ignore[index]
        assert model(mode).ask(PROMPT, Sentence, remaining=left).value.sentence
    else:
        with pytest.raises(LlmRefusedError, match=f"stop_{stop}"):
            model(mode).ask(PROMPT, Sentence, remaining=left)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b"<html>", b'{"output": {"message": {"content": []}}}'])
def test_an_answer_without_form_is_no_answer(
    body: bytes, model: Make, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bedrock, "answer", lambda *_: (200, {"content-type": "application/json"}, body))
    with pytest.raises((LlmUnavailableError, LlmRefusedError)):
        model().ask(PROMPT, Sentence, remaining=left)


def test_too_little_time_asks_nothing(model: Make, bedrock: FakeBedrock, ledger: ServingStore) -> None:
    asked = model()
    with pytest.raises(LlmUnavailableError, match="no_time"):
        asked.ask(PROMPT, Sentence, remaining=lambda: 0.6)
    assert bedrock.received == []
    assert ledger.spent(asked._budget.account)["tokens"] == 0


def test_the_budget_stops_spending_before_it_is_exceeded(
    model: Make, bedrock: FakeBedrock, ledger: ServingStore, calls: list[CallRecord]
) -> None:
    limited = model(tokens=6000)
    while True:
        try:
            limited.ask(PROMPT, Sentence, remaining=left)
        except BudgetSpentError:
            break
    spent = ledger.spent(limited._budget.account)
    assert 0 < spent["tokens"] <= 6000
    assert spent["tokens"] == sum(call.input_tokens + call.output_tokens for call in calls)
    assert spent["micro_usd"] == sum(call.micro_usd for call in calls)
    asked = len(bedrock.received)
    with pytest.raises(BudgetSpentError):
        model(tokens=6000).ask(PROMPT, Sentence, remaining=left)  # another environment, the same books
    assert len(bedrock.received) == asked
    assert calls[-1].outcome == "budget_spent"


def test_money_is_a_limit_of_its_own(model: Make, bedrock: FakeBedrock) -> None:
    with pytest.raises(BudgetSpentError):
        model(micro_usd=100).ask(PROMPT, Sentence, remaining=left)
    assert bedrock.received == []


def test_a_call_without_an_answer_counts_as_spent_a_throttled_one_does_not(
    model: Make, bedrock: FakeBedrock, ledger: ServingStore
) -> None:
    asked = model()
    bedrock.mode = "throttling"
    with pytest.raises(LlmUnavailableError):
        asked.ask(PROMPT, Sentence, remaining=left)
    assert ledger.spent(asked._budget.account)["tokens"] == 0
    bedrock.mode = "reset"
    with pytest.raises(LlmUnavailableError):
        asked.ask(PROMPT, Sentence, remaining=left)
    assert ledger.spent(asked._budget.account)["tokens"] > 0


def test_an_open_circuit_asks_nothing(model: Make, bedrock: FakeBedrock, calls: list[CallRecord]) -> None:
    now = [0.0]
    asked = model(breaker=CircuitBreaker(threshold=2, cooldown=10, clock=lambda: now[0]))
    bedrock.mode = "unavailable"
    for _ in range(5):
        with pytest.raises(LlmUnavailableError):
            asked.ask(PROMPT, Sentence, remaining=left)
    assert len(bedrock.received) == 2
    assert calls[-1].outcome == "circuit_open"
    bedrock.mode, now[0] = "success", 11.0
    assert asked.ask(PROMPT, Sentence, remaining=left).value.sentence


def test_the_guardrail_travels_with_every_call(model: Make, bedrock: FakeBedrock) -> None:
    model(guardrail=Guardrail(identifier="gr-1", version="3")).ask(PROMPT, Sentence, remaining=left)
    assert bedrock.received[0][1]["guardrailConfig"] == {"guardrailIdentifier": "gr-1", "guardrailVersion": "3"}


def test_a_record_holds_hashes_and_no_words(model: Make, calls: list[CallRecord]) -> None:
    model().ask(PROMPT, Sentence, remaining=left)
    assert "Write." not in calls[0].model_dump_json()
    assert "{product}" not in calls[0].model_dump_json()
