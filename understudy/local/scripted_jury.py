"""A stand-in for Bedrock whose jurors follow a script: they agree, split, invent evidence, die or are slow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from understudy.local.fake_bedrock import FakeBedrock, _converse, _message, _said

__all__ = ["FakeJury", "JurorMode"]

# as_measured: votes what the checklist said. swayed: as pass at first, then with the other two.
JurorMode = Literal[
    "as_measured", "pass", "warn", "fail", "swayed", "invent", "die", "throttling", "unavailable", "slow", "schema",
    "truncated", "not_json",
]  # fmt: skip
_FIELD = re.compile(r"^(item|exhibits|cases|others): (.*)$", re.MULTILINE)
_PERSPECTIVES = {
    "conservative": "Your perspective is conservative",
    "statistical": "Your perspective is statistical",
    "business": "Your perspective is that of the business",
}


class FakeJury(FakeBedrock):
    """``script`` says how the juror of each perspective behaves, ``otherwise`` how one does that it does not name."""

    def __init__(
        self,
        script: Mapping[str, JurorMode] | None = None,
        *,
        otherwise: JurorMode = "as_measured",
        port: int = 0,
        delay: float = 5.0,
    ) -> None:
        super().__init__(port=port, delay=delay)
        self.script: dict[str, JurorMode] = dict(script or {})
        self.otherwise: JurorMode = otherwise

    def answer(self, model: str, request: Any) -> tuple[int, dict[str, str], bytes]:
        self.received.append((model, request))
        mode = self._juror(request)
        if (outage := self.outage(mode)) is not None:
            return outage
        if mode == "not_json":
            return _converse(request, {"role": "assistant", "content": [{"text": "My vote is: {"}]}, None)
        value = ballot(_said(request), mode)
        text = json.dumps(value, ensure_ascii=False)
        if mode == "truncated":
            return _converse(request, _message(request, text[: len(text) // 2]), "max_tokens")
        return _converse(request, _message(request, text, value), None)

    def resets(self, request: Any) -> bool:
        return self._juror(request) == "die"

    def _juror(self, request: Any) -> JurorMode:
        said = "\n".join(block["text"] for block in request["system"])
        perspective = next((name for name, words in _PERSPECTIVES.items() if words in said), "")
        return self.script.get(perspective, self.otherwise)


def ballot(said: str, mode: JurorMode) -> dict[str, Any]:
    """What a juror answers to a request."""
    shown: dict[str, Any] = {name: json.loads(value) for name, value in _FIELD.findall(said)}
    exhibits, others = shown["exhibits"], shown["others"]
    vote = {"pass": "PASS", "warn": "WARN", "fail": "FAIL", "swayed": "PASS"}.get(mode, exhibits["E1"]["status"])
    if mode == "swayed" and others:
        vote = others[0]["vote"]
    if mode == "schema":
        return {"vote": "MAYBE", "confidence": 0.9}
    cited = ["E1", "E99"] if mode == "invent" else ["E1", *list(shown["cases"])[:1]]
    reason = f"{shown['item']['title']}: {exhibits['E1']['measured']} is {exhibits['E1']['value']}, so I say {vote}."
    return {"vote": vote, "reason": reason, "evidence": cited}
