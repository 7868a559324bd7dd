"""``DELETE /v1/customers/{id}``: forget a customer, without forgetting that they may not be profiled.

The audit log stays whole: what it says about the customer is sealed under their key, and the key is destroyed. A note
under the pseudonym remains, so that a record which some bulk load brings back is that of somebody who objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_app.app import App
from lambda_app.changing import ATTEMPTS, overtaken, parsed, read_documents, store_failed
from lambda_app.clock import utc_now
from lambda_app.http import HttpRequest, answer
from lambda_app.recording import record_durably
from understudy.audit import pseudonym
from understudy.contracts.rights import DecisionRef, Erased
from understudy.stores import Change, ChangeConflictError, Delete, Document, Key, Put, audit_key
from understudy.stores.customers import choices_key, erasure_key
from understudy.stores.oversight import DECISION, closed_review_key, open_review_key

__all__ = ["erase_customer"]

PAGE = 200


def erase_customer(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Destroy the customer's key and remove everything that is held about them; asked again, it goes on where it ended.

    Key, choices, note and audit entry change in one transaction. The rest follows: without the key and with the note it
    can do no harm, and a removal that fails is answered with 503 and finished by the next attempt.
    """
    del http
    customer_id = params["customer_id"]
    destroyed = _destroy_key(app, customer_id, request_id)
    removed: dict[str, int] = {}
    while found := _listed(app, customer_id):
        reviews = _reviews(found)
        _remove(app, [*reviews, *(document.key for document in found)])
        for document in found:
            kind = document.key.item.partition("#")[0]
            removed[kind] = removed.get(kind, 0) + 1
        if reviews:
            removed["review"] = removed.get("review", 0) + len(reviews) // 2
    return answer(200, Erased(removed=removed, key_destroyed=destroyed))


def _destroy_key(app: App, customer_id: str, request_id: str) -> bool:
    """Returns whether there was a key to destroy."""
    try:
        note = erasure_key(pseudonym(app.backing.keyring, customer_id))
    except Exception as error:
        raise store_failed("keyring", error) from error
    own = (audit_key(customer_id), choices_key(customer_id))
    for _ in range(ATTEMPTS):
        found = read_documents(app, [*own, note])
        changes: list[Change] = [Delete(key, found[key].version) for key in own if key in found]
        if note not in found:
            changes.append(Put(note, f'{{"erased": "{utc_now().date().isoformat()}"}}', before=0))
        try:
            record_durably(
                app,
                customer_id,
                "operation",
                lambda name: {"operation": "erase_customer", "request_id": request_id, "pseudonym": name},
                changes,
            )
        except ChangeConflictError:
            continue
        return own[0] in found
    raise overtaken()


def _listed(app: App, customer_id: str) -> list[Document]:
    try:
        return app.backing.store.list_documents("customers", customer_id, limit=PAGE)
    except Exception as error:
        raise store_failed("list_documents", error) from error


def _reviews(documents: Sequence[Document]) -> list[Key]:
    """Where the reviews of the decisions among ``documents`` may be."""
    refs = [parsed(DecisionRef, one) for one in documents if one.key.item.startswith(DECISION)]
    ids = [review_id for ref in refs if ref is not None for review_id in ref.reviews]
    return [make(review_id) for review_id in ids for make in (open_review_key, closed_review_key)]


def _remove(app: App, keys: Sequence[Key]) -> None:
    try:
        app.backing.store.remove_documents(keys)
    except Exception as error:
        raise store_failed("remove_documents", error) from error
