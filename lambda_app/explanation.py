"""A customer's right to have a past decision explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpRequest, answer
from lambda_app.past_decision import past_decision
from lambda_app.recording import record_durably
from lambda_app.teaching import shares
from understudy.audit import Decision
from understudy.contracts.api import AuditRef, Explanation

__all__ = ["explain"]


def explain(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """A past decision about this customer, as the audit log has it; whoever looks leaves an entry too."""
    del http
    customer_id, asked = params["customer_id"], params["request_id"]
    decision = past_decision(app, customer_id, asked)
    record_durably(
        app,
        customer_id,
        "data_access",
        lambda name: {
            "operation": "explain",
            "request_id": request_id,
            "pseudonym": name,
            "explained": asked,
        },
    )
    return answer(200, _explanation(decision))


def _explanation(decision: Decision) -> Explanation:
    content = decision.content
    decided = content["answer"]
    return Explanation(
        request_id=content["request_id"],
        model_version=content["model_version"],
        decided_at=decided["generated_at"],
        opted_out=content["opted_out"],
        features=(content["record"] or {}).get("features") or {},
        recommendations=decided["recommendations"],
        dropped=decided["dropped"],
        tasks=decided["tasks"],
        teacher={task: shares(gates) for task, gates in content.get("teacher", {}).items()},
        audit=AuditRef(writer=decision.writer, seq=decision.seq, mac=decision.mac),
    )
