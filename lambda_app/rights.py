"""A customer's rights: to object to profiling, and to have a past decision explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.changing import change_document, store_failed
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.past_decision import past_decision
from lambda_app.recording import record_durably
from understudy.audit import Decision
from understudy.contracts.api import AuditRef, Explanation, Preferences
from understudy.contracts.rights import Choices
from understudy.stores import Document
from understudy.stores.customers import choices_key

__all__ = ["explain", "read_preferences", "write_preferences"]


def write_preferences(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Object to profiling, or withdraw the objection; the very next request obeys.

    Any valid id may object, also one whose record is yet to come.
    """
    wanted = read_body(Preferences, http)
    customer_id = params["customer_id"]
    change_document(
        app,
        customer_id,
        choices_key(customer_id),
        lambda found: _choices(found).model_copy(update={"opted_out": wanted.opted_out}).model_dump_json(),
        lambda name: {
            "operation": "set_preferences",
            "request_id": request_id,
            "pseudonym": name,
            "opted_out": wanted.opted_out,
        },
    )
    return answer(200, wanted)


def read_preferences(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """What holds for the customer now."""
    del http, request_id
    try:
        context = app.backing.store.read_context(params["customer_id"])
    except Exception as error:
        raise store_failed("read_context", error) from error
    if context.record is None and not context.opted_out:
        raise HttpError(404, "No customer has this id.")
    return answer(200, Preferences(opted_out=context.opted_out))


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
        audit=AuditRef(writer=decision.writer, seq=decision.seq, mac=decision.mac),
    )


def _choices(found: Document | None) -> Choices:
    return Choices.model_validate_json(found.text) if found else Choices()
