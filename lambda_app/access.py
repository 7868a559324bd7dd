"""``GET /v1/customers/{id}/data``: everything that is held about a customer, past decisions included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.changing import parsed, store_failed
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.past_decision import past_decision
from lambda_app.recording import record_durably
from understudy.contracts.api import CustomerRecord, FieldError
from understudy.contracts.rights import Choices, Contacts, Corrections, DecisionRef, Export, ExportedDecision
from understudy.stores import Document
from understudy.stores.customers import RECORD
from understudy.stores.oversight import DECISION

__all__ = ["export_data"]

# Each decision is read back from the audit log and verified; a page of them must end in time.
PAGE = 20
OTHERS = 1000
DECISIONS_END = "decision$"  # the character after #


def export_data(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Records, choices, corrections and contacts, and a page of the decisions, each as the audit log has it."""
    customer_id, after = params["customer_id"], http.query.get("after", "")
    if len(after) > 64 or not all(c.isascii() and (c.isalnum() or c == "-") for c in after):
        raise HttpError(400, "The query was refused.", errors=[FieldError(field="after", message="not a cursor")])
    start = f"{DECISION}{after}\x01" if after else DECISION
    decisions = _list(app, customer_id, start, DECISIONS_END, PAGE + 1)
    before, behind = _list(app, customer_id, "", DECISION, OTHERS), _list(app, customer_id, DECISIONS_END, None, OTHERS)
    others = {document.key.item: document for document in (*before, *behind)}
    if not decisions and not others:
        raise HttpError(404, "Nothing is held about a customer of this id.")
    refs = [ref for one in decisions[:PAGE] if (ref := parsed(DecisionRef, one))]
    contacts = parsed(Contacts, others.get("contacts"))
    export = Export(
        customer_id=customer_id,
        records=[_record(one) for item, one in sorted(others.items()) if item.startswith(RECORD)],
        choices=parsed(Choices, others.get("choices")) or Choices(),
        corrections=parsed(Corrections, others.get("corrections")),
        contacts=contacts.contacts if contacts else [],
        decisions=[_decision(app, customer_id, ref) for ref in refs],
        next=refs[-1].request_id if len(decisions) > PAGE else None,
    )
    record_durably(
        app,
        customer_id,
        "data_access",
        lambda name: {"operation": "export_data", "request_id": request_id, "pseudonym": name, "decisions": len(refs)},
    )
    return answer(200, export)


def _list(app: App, customer_id: str, start: str, end: str | None, limit: int) -> list[Document]:
    try:
        return app.backing.store.list_documents("customers", customer_id, start=start, end=end, limit=limit)
    except Exception as error:
        raise store_failed("list_documents", error) from error


def _record(document: Document) -> dict[str, Any]:
    record = parsed(CustomerRecord, document)
    return record.model_dump(mode="json", exclude={"customer_id"}) if record else {}


def _decision(app: App, customer_id: str, ref: DecisionRef) -> ExportedDecision:
    """A decision that is gone or erased is listed without its content; one that cannot be read fails the export."""
    try:
        content = past_decision(app, customer_id, ref.request_id).content
    except HttpError as error:
        if error.status not in (404, 410):
            raise
        content = None
    return ExportedDecision(ref=ref, decision=content)
