"""What a customer chooses: objection to profiling, restriction of processing, and the channels they agree to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.changing import change_document, parsed, read_document, read_documents, store_failed
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.pseudonyms import erasure_keys, pseudonyms
from understudy.contracts.api import Preferences
from understudy.contracts.rights import Choices, Consents, RestrictionRequest
from understudy.stores import Change, Delete, Document
from understudy.stores.customers import choices_key

__all__ = [
    "read_consents",
    "read_preferences",
    "read_restriction",
    "write_consents",
    "write_preferences",
    "write_restriction",
]


def write_preferences(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Object to profiling, or withdraw the objection; the very next request obeys.

    Any valid id may object, also one whose record is yet to come. A customer who was erased counts as one who objects,
    until they consent anew by withdrawing the objection.
    """
    wanted = read_body(Preferences, http)
    customer_id = params["customer_id"]
    payload = {"operation": "set_preferences", "request_id": request_id, "opted_out": wanted.opted_out}
    also = [] if wanted.opted_out else _forget_erasure(app, customer_id)
    _choose(app, customer_id, {"opted_out": wanted.opted_out}, payload, also=also)
    return answer(200, wanted)


def read_preferences(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """What holds for the customer now."""
    del http, request_id
    customer_id = params["customer_id"]
    try:
        context = app.backing.store.read_context(customer_id, erased_as=pseudonyms(app, customer_id))
    except Exception as error:
        raise store_failed("read_context", error) from error
    if context.record is None and not context.opted_out:
        raise HttpError(404, "No customer has this id.")
    return answer(200, Preferences(opted_out=context.opted_out))


def write_consents(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Replace what the customer says about the channels."""
    wanted = read_body(Consents, http)
    payload = {"operation": "set_consents", "request_id": request_id}
    changed = {"channels": wanted.channels}
    _choose(app, params["customer_id"], changed, payload, personal=changed)
    return answer(200, wanted)


def read_consents(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """What the customer said about the channels; empty for one who said nothing."""
    del http, request_id
    return answer(200, Consents(channels=_stored(app, params["customer_id"]).channels))


def write_restriction(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Restrict the processing of the customer's data, or lift the restriction."""
    wanted = read_body(RestrictionRequest, http)
    payload = {"operation": "set_restriction", "request_id": request_id, "restriction": wanted.restriction}
    _choose(app, params["customer_id"], {"restriction": wanted.restriction}, payload)
    return answer(200, wanted)


def read_restriction(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """How far processing is restricted; ``none`` for a customer who said nothing."""
    del http, request_id
    return answer(200, RestrictionRequest(restriction=_stored(app, params["customer_id"]).restriction))


def _choose(
    app: App,
    customer_id: str,
    changed: Mapping[str, Any],
    payload: Mapping[str, Any],
    *,
    personal: Mapping[str, Any] | None = None,
    also: Sequence[Change] = (),
) -> None:
    """Change some of the choices, and leave the others as they are."""

    def change(found: Document | None) -> str:
        return (parsed(Choices, found) or Choices()).model_copy(update=dict(changed)).model_dump_json()

    change_document(app, customer_id, choices_key(customer_id), change, payload, personal=personal, also=also)


def _stored(app: App, customer_id: str) -> Choices:
    return parsed(Choices, read_document(app, choices_key(customer_id))) or Choices()


def _forget_erasure(app: App, customer_id: str) -> list[Change]:
    """Remove the note of an erasure: the customer has consented anew."""
    try:
        keys = erasure_keys(app, customer_id)
    except Exception as error:
        raise store_failed("keyring", error) from error
    return [Delete(key, document.version) for key, document in read_documents(app, keys).items()]
