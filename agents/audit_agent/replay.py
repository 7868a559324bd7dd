"""Have a decision made again by what serves, and say in what the answer differs: the same bundle must give the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from understudy.atomic import canonical_json
from understudy.errors import UserError

__all__ = ["LambdaReplay", "Replay", "ReplayError", "Replayed", "differences", "open_replay", "read_replayed"]

BATCH = 50  # of a decision some 10 kB are sent, and an invocation takes 6 MB
PARTS = ("tasks", "missing", "risk_cap", "ranking", "dropped")


class ReplayError(Exception):
    """Nobody decided again; says why."""


@dataclass(frozen=True)
class Replayed:
    """Which model version decided again, and what (None: the decision cannot be made again, for example because the
    previous champion spoke)."""

    model_version: str
    answers: Sequence[Mapping[str, Any] | None]


class Replay(Protocol):
    """What serves, asked to decide again."""

    def __call__(self, contents: Sequence[Mapping[str, Any]]) -> Replayed:
        """Decide again from the opened ``contents`` of ``model_inference`` entries, in their order.

        Raises:
            ReplayError: it cannot.
        """


class LambdaReplay:
    """The serving function itself, by ``lambda:InvokeFunction`` on its alias."""

    def __init__(self, function: str) -> None:
        """``function``: name or ARN, with the alias."""
        import boto3
        from botocore.config import Config

        limits = Config(connect_timeout=2, read_timeout=60, retries={"mode": "standard", "max_attempts": 3})
        self._function = function
        self._client = boto3.client("lambda", config=limits)

    def __call__(self, contents: Sequence[Mapping[str, Any]]) -> Replayed:
        found: list[Replayed] = [
            self._invoke(contents[start : start + BATCH]) for start in range(0, len(contents), BATCH)
        ]
        versions = {one.model_version for one in found}
        if len(versions) != 1:
            raise ReplayError("nothing was asked" if not versions else "the function changed between two invocations")
        return Replayed(versions.pop(), [answer for one in found for answer in one.answers])

    def _invoke(self, contents: Sequence[Mapping[str, Any]]) -> Replayed:
        from botocore.exceptions import BotoCoreError, ClientError

        payload = canonical_json({"replay": [dict(one) for one in contents]})
        try:
            answer = self._client.invoke(FunctionName=self._function, Payload=payload)
            said = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            raise ReplayError(f"the function cannot be invoked: {type(error).__name__}") from error
        if answer.get("FunctionError"):
            raise ReplayError(f"the function failed: {said.get('errorType', 'unknown')}")
        return read_replayed(said)


def read_replayed(said: Mapping[str, Any]) -> Replayed:
    """What the function answered to a ``replay`` event.

    Raises:
        ReplayError: it refused.
    """
    version = said.get("model_version")
    if not isinstance(version, str):
        raise ReplayError(f"the function refused: {said.get('refused', 'no model version')}")
    return Replayed(version, said["answers"])


def open_replay(url: str) -> Replay:
    """``lambda://<name or ARN with alias>``.

    Raises:
        UserError: it is no function.
    """
    name = url.removeprefix("lambda://")
    if name == url or not name:
        raise UserError("no function to ask again", where=repr(url), fix="Use lambda://<name or ARN with its alias>.")
    return LambdaReplay(name)


def differences(content: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """In what ``again`` is not, to the last bit, the decision in ``content``; empty: in nothing.

    Of a reason that a stored sentence told, only its facts are compared: sentences come and go.
    """
    decided = content["answer"]
    stored: dict[str, Any] = {
        "tasks": decided["tasks"],
        "missing": decided["features_missing"],
        "risk_cap": content["risk_cap"],
        "ranking": [[one["product_id"], one["score"], one["drivers"]] for one in content["ranking"]],
        "dropped": decided["dropped"],
    }
    found = [part for part in PARTS if canonical_json(stored[part]) != canonical_json(again[part])]
    shown = sorted([*decided["recommendations"], *content["withheld"]], key=lambda one: int(one["rank"]))
    if len(shown) != len(again["recommendations"]):
        return [*found, "recommendations"]
    pairs = list(zip(shown, again["recommendations"], strict=True))
    if any(_but_reason(was) != _but_reason(now) for was, now in pairs):
        found.append("recommendations")
    if any(not _same_reason(was["reason"], now["reason"]) for was, now in pairs):
        found.append("reasons")
    return found


def _but_reason(recommendation: Mapping[str, Any]) -> bytes:
    return canonical_json({name: value for name, value in recommendation.items() if name != "reason"})


def _same_reason(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if canonical_json(was) == canonical_json(now):
        return True
    if was["source"] not in ("llm", "fallback"):
        return False
    # A template that the gate rejects is told without facts, where a sentence about them had passed.
    return now["source"] in ("fallback", "none") or canonical_json(was["facts"]) == canonical_json(now["facts"])
