"""One small JSON file per (study, dataset, model, seed); committed, so that another machine can go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from understudy.atomic import write_json

__all__ = ["keep", "kept", "scores_by_seed"]

RESULTS = Path(__file__).resolve().parent / "results"


def _path(study: str, dataset: str, model: str, seed: int) -> Path:
    return RESULTS / study / dataset / model / f"{seed}.json"


def keep(study: str, dataset: str, model: str, seed: int, found: dict[str, Any]) -> None:
    """Write the file of one finished job."""
    path = _path(study, dataset, model, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, found)


def kept(study: str, dataset: str, model: str, seed: int) -> dict[str, Any] | None:
    """What was kept of the job, or None."""
    path = _path(study, dataset, model, seed)
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def scores_by_seed(study: str, dataset: str, model: str, measure: str) -> dict[int, dict[str, float]]:
    """seed -> task -> the measure (``skill`` or ``auc``) of every finished run; ``mean`` is the mean over tasks."""
    found: dict[int, dict[str, float]] = {}
    for path in sorted((RESULTS / study / dataset / model).glob("*.json")):
        tasks = json.loads(path.read_bytes())["scores"]
        values = {task: scores[measure] for task, scores in tasks.items() if scores.get(measure) is not None}
        if values:
            found[int(path.stem)] = values | {"mean": sum(values.values()) / len(values)}
    return found
