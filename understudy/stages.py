"""A run directory whose finished stages are remembered, so that a killed run goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy.atomic import canonical_json, write_json

__all__ = ["RunDirectory", "fingerprint"]


def fingerprint(inputs: Any) -> str:
    """sha256 (hex) of the canonical JSON of ``inputs``."""
    return hashlib.sha256(canonical_json(inputs)).hexdigest()


class RunDirectory:
    """``<root>/<stage>/`` per stage, and ``<root>/stages/<stage>.json`` once the stage is finished.

    A stage is finished only if its record holds the fingerprint of the very inputs asked for: a changed config or an
    upstream change makes it run again. A stage that was interrupted keeps its folder, and may resume from it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, stage: str) -> Path:
        """The stage's folder, made if need be."""
        path = self.root / stage
        path.mkdir(parents=True, exist_ok=True)
        return path

    def finished(self, stage: str, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the stage recorded when it finished with these inputs, or None."""
        try:
            record = json.loads((self.root / "stages" / f"{stage}.json").read_bytes())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        result: dict[str, Any] = record["result"]
        return result if record.get("fingerprint") == fingerprint(inputs) else None

    def finish(self, stage: str, inputs: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Record that ``stage`` ended with ``result`` (small, JSON) for ``inputs``."""
        record = {"stage": stage, "fingerprint": fingerprint(inputs), "inputs": inputs, "result": result}
        write_json(self.root / "stages" / f"{stage}.json", record)
