"""Four ways to ask Bedrock's Converse API for JSON, and where each puts the answer.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and, for ``outputConfig`` and strict
tools, https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from agents.bedrock.errors import LlmRefusedError
from agents.bedrock.models import OutputMode
from understudy.contracts._model import Contract

__all__ = ["CLEAN_STOP", "TOOL", "json_schema", "read_json", "request_fields"]

TOOL = "answer"
# Where each mode ends when nothing went wrong. Any other stop reason, known or new, is a failure.
CLEAN_STOP: dict[OutputMode, str] = {
    "native": "end_turn",
    "strict_tool_auto": "tool_use",
    "forced_tool": "tool_use",
    "json_text": "end_turn",
}
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)


def json_schema(answer: type[Contract]) -> dict[str, Any]:
    """The JSON schema of ``answer``, without the constraints that Bedrock's grammar does not take.

    Contracts within contracts are written out: not every model follows references. Lengths, ranges and patterns are
    checked by pydantic when the answer is read.
    """
    whole = answer.model_json_schema()
    schema: dict[str, Any] = _plain(whole, whole.pop("$defs", {}))
    return schema


_UNSUPPORTED = {"minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems", "title", "default"}


def _plain(value: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _plain(parts[value["$ref"].rpartition("/")[2]], parts)
        # Below "properties" stand field names, which may read like constraints.
        return {
            key: {name: _plain(field, parts) for name, field in inner.items()}
            if key == "properties"
            else _plain(inner, parts)
            for key, inner in value.items()
            if key not in _UNSUPPORTED
        }
    if isinstance(value, list):
        return [_plain(item, parts) for item in value]
    return value


def request_fields(mode: OutputMode, schema: Mapping[str, Any], system: str) -> dict[str, Any]:
    """``system`` and the fields that ask for an answer of ``schema`` in ``mode``."""
    if mode == "native":
        definition = {"name": TOOL, "schema": json.dumps(schema, sort_keys=True)}
        text_format = {"type": "json_schema", "structure": {"jsonSchema": definition}}
        return {"system": [{"text": system}], "outputConfig": {"textFormat": text_format}}
    if mode == "json_text":
        asked = f"{system}\nAnswer with one JSON object and nothing else. Its JSON schema: {json.dumps(schema)}"
        return {"system": [{"text": asked}]}
    tool: dict[str, Any] = {"name": TOOL, "description": "Give the answer.", "inputSchema": {"json": dict(schema)}}
    if mode == "strict_tool_auto":
        asked = f"{system}\nGive the answer by calling the tool {TOOL!r} exactly once."
        tools = {"tools": [{"toolSpec": tool | {"strict": True}}], "toolChoice": {"auto": {}}}
        return {"system": [{"text": asked}], "toolConfig": tools}
    forced = {"tools": [{"toolSpec": tool}], "toolChoice": {"tool": {"name": TOOL}}}
    return {"system": [{"text": system}], "toolConfig": forced}


def read_json(mode: OutputMode, content: list[dict[str, Any]]) -> Any:
    """The JSON value in the blocks of an answer.

    Raises:
        LlmRefusedError: there is none, or more than one.
        ValueError: the text is not JSON (worth one repair).
    """
    if mode in ("strict_tool_auto", "forced_tool"):
        calls = [block["toolUse"] for block in content if "toolUse" in block]
        if len(calls) != 1 or calls[0].get("name") != TOOL:
            raise LlmRefusedError("wrong_tool", f"{len(calls)} calls")
        return calls[0].get("input")
    text = "".join(str(block["text"]) for block in content if "text" in block)
    fenced = _FENCE.match(text) if mode == "json_text" else None
    try:
        return json.loads(fenced[1] if fenced else text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
