"""Change a stored document together with the audit entry that says so: neither ever stands without the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from lambda_app.app import App
from lambda_app.http import HttpError
from lambda_app.logs import log
from lambda_app.recording import record_durably
from understudy.contracts._model import Contract
from understudy.contracts.audit import CustomerKey
from understudy.stores import Change, ChangeConflictError, Document, Key, Put, audit_key

__all__ = ["ATTEMPTS", "change_document", "overtaken", "parsed", "read_document", "read_documents", "store_failed"]

C = TypeVar("C", bound=Contract)

ATTEMPTS = 5  # others may change the document between our reading and our writing


def change_document(
    app: App,
    customer_id: str,
    key: Key,
    change: Callable[[Document | None], str | None],
    payload: Mapping[str, Any],
    *,
    personal: Mapping[str, Any] | None = None,
    also: Sequence[Change] = (),
    expires_at: int | None = None,
) -> bool:
    """Replace the document at ``key`` by ``change(what stands there)``; None leaves everything as it is.

    Args:
        app: The application.
        customer_id: Whose document it is.
        key: Where it is.
        change: From the document, or None, to its new text.
        payload: The entry's payload, but for the customer's pseudonym; readable as long as the log is kept.
        personal: What of the payload is sealed under the customer's key.
        also: Further changes of the same transaction.
        expires_at: When the document may be forgotten, in seconds since 1970.

    Returns:
        Whether there was something to change.

    Raises:
        HttpError: 503 if entry and change may not be durable; 409 if others kept changing the document.
    """
    for _ in range(ATTEMPTS):
        stored = read_documents(app, [key, audit_key(customer_id)])
        found = stored.get(key)
        text = change(found)
        if text is None:
            return False
        put = Put(key, text, found.version if found else 0, expires_at)
        try:
            record_durably(
                app,
                customer_id,
                "operation",
                lambda name: {**payload, "pseudonym": name},
                [put, *also],
                personal=personal,
                key=parsed(CustomerKey, stored.get(audit_key(customer_id))),
            )
        except ChangeConflictError:
            continue
        return True
    raise overtaken()


def overtaken() -> HttpError:
    """The answer when others changed the same thing again and again."""
    return HttpError(409, "Others are changing this at the same time; try again.", headers={"retry-after": "1"})


def read_document(app: App, key: Key) -> Document | None:
    """The document at ``key``. Raises as `read_documents` does."""
    return read_documents(app, [key]).get(key)


def read_documents(app: App, keys: Sequence[Key]) -> dict[Key, Document]:
    """The documents at ``keys``.

    Raises:
        HttpError: 503 if the store cannot say.
    """
    try:
        return app.backing.store.read_documents(keys)
    except Exception as error:
        raise store_failed("read_documents", error) from error


def parsed(contract: type[C], document: Document | None) -> C | None:
    """The content of ``document``; None if there is none.

    Raises:
        HttpError: 503 if it cannot be read: what was chosen or stored is unknown, and not nothing.
    """
    if document is None:
        return None
    try:
        return contract.model_validate_json(document.text)
    except ValidationError as error:
        raise store_failed("parse", error) from error


def store_failed(what: str, error: Exception) -> HttpError:
    """The answer when the store could not answer; the log says what was asked, and nothing about whom."""
    log("store_failed", what=what, error=type(error).__name__)
    return HttpError(503, "The store could not answer; try again.", headers={"retry-after": "1"})
