"""Decide again, from what the audit log says was known: the event by which an audit asks for the same answer.

It comes by ``lambda:InvokeFunction`` alone; the gateway cannot make such an event. Nothing is read from the store,
nothing is recorded, and what came in is not logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from lambda_app.app import App
from lambda_app.decision import Decider
from lambda_app.given import limits_of
from lambda_app.http import HttpError
from understudy.contracts.api import CustomerRecord, RecommendationRequest

__all__ = ["is_replay", "replay"]


def is_replay(event: Any) -> bool:
    """Whether the event is the audit's; a request has other keys beside its body."""
    return isinstance(event, dict) and event.keys() == {"replay"}


def replay(app: App, asked: Any) -> dict[str, Any]:
    """One answer for each of ``asked`` (the opened content of ``model_inference`` entries), None where there is none.

    Stored sentences do not speak: whether a text may be told is not decided again, only what it tells of.
    """
    try:
        decider = app.decider.without_sentences()
    except HttpError as error:
        return {"model_version": None, "refused": error.detail, "answers": []}
    answers = [_again(decider, content) for content in asked]
    return {"model_version": decider.bundle.manifest.model_version, "answers": answers}


def _again(decider: Decider, content: Mapping[str, Any]) -> dict[str, Any] | None:
    kept = content.get("given", {})
    orders = kept.get("orders", {})
    if "previous" in {*orders.get("tasks", {}).values(), *orders.get("products", {}).values()}:
        return None
    decision = decider.decide(
        RecommendationRequest.model_validate({**content["request"], "customer_id": "replay"}),
        _record(content["record"]),
        opted_out=content["opted_out"],
        contacts=kept.get("contacts", []),
        now=datetime.fromisoformat(content["answer"]["generated_at"]),
        unfit=kept.get("unfit", ""),
        limits=limits_of(kept),
    )
    again: dict[str, Any] = to_jsonable_python(
        {
            "tasks": decision.scoring.tasks,
            "missing": decision.scoring.missing,
            "risk_cap": {"level": decision.cap.level, "rule": decision.cap.rule},
            "ranking": [[c.product.id, c.score, c.drivers] for c in decision.ranking.eligible],
            "dropped": decision.ranking.dropped,
            "recommendations": decision.recommendations,
        }
    )
    return again


def _record(kept: Mapping[str, Any] | None) -> CustomerRecord | None:
    """The record as it was read; of somebody who objects to profiling no features were kept, nor looked at."""
    if kept is None:
        return None
    return CustomerRecord.model_validate({**kept, "features": kept["features"] or {}, "customer_id": "replay"})
