"""``POST /v1/customers/{id}/contacts``: the bank says when it approached the customer, so as not to do it too often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.changing import change_document, parsed, read_document
from lambda_app.clock import utc_now
from lambda_app.consent import contact_refusal
from lambda_app.http import HttpError, HttpRequest, answer
from understudy.contracts.api import FieldError
from understudy.contracts.rights import Choices, Contact, ContactRecorded, Contacts
from understudy.stores import Document
from understudy.stores.customers import choices_key, contacts_key

__all__ = ["record_contact"]

# Fatigue looks back over days; a quarter is kept, and never more contacts than a document may hold.
KEPT = timedelta(days=90)
MOST = 100
# Clocks differ. A contact may be a little ahead of ours, and no more: one in the far future would tire for ever.
AHEAD = timedelta(minutes=5)


def record_contact(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Record a contact once, however often it is sent.

    It happened, so it counts, even where it should not have happened: then the answer and the entry say why.
    """
    contact = read_body(Contact, http)
    customer_id = params["customer_id"]
    now, at = utc_now(), datetime.fromisoformat(contact.at)
    if not now - KEPT <= at <= now + AHEAD:
        message = "lies in the future" if at > now else f"is more than {KEPT.days} days ago"
        raise HttpError(400, "The body was refused.", errors=[FieldError(field="at", message=message)])
    choices = parsed(Choices, read_document(app, choices_key(customer_id))) or Choices()
    refusal = contact_refusal(contact.channel, choices.channels, app.decider.bundle.catalog.contact, at)

    def change(found: Document | None) -> str | None:
        known = parsed(Contacts, found) or Contacts(contacts=[])
        same = next((one for one in known.contacts if one.contact_id == contact.contact_id), None)
        if same == contact:
            return None
        if same is not None:
            raise HttpError(409, "A contact with this id and other content was recorded before.")
        fresh = [one for one in [*known.contacts, contact] if datetime.fromisoformat(one.at) >= now - KEPT]
        newest = sorted(fresh, key=lambda one: (datetime.fromisoformat(one.at), one.contact_id))[-MOST:]
        return Contacts(contacts=newest).model_dump_json()

    recorded = change_document(
        app,
        customer_id,
        contacts_key(customer_id),
        change,
        {"operation": "record_contact", "request_id": request_id, "allowed": refusal is None},
        personal={"contact": contact.model_dump(mode="json"), "refusal": refusal},
        expires_at=int((now + KEPT).timestamp()),
    )
    return answer(200, ContactRecorded(contact_id=contact.contact_id, recorded=recorded, refusal=refusal))
