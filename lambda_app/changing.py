"""Change a stored document together with the audit entry that says so: neither ever stands without the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpError
from lambda_app.logs import log
from lambda_app.recording import record_durably
from understudy.contracts.audit import AuditKind
from understudy.stores import ChangeConflictError, Document, Key, Put

__all__ = ["ATTEMPTS", "change_document", "overtaken", "read_document", "store_failed"]

ATTEMPTS = 5  # others may change the document between our reading and our writing


def change_document(
    app: App,
    customer_id: str,
    key: Key,
    change: Callable[[Document | None], str | None],
    payload: Callable[[str], dict[str, Any]],
    *,
    kind: AuditKind = "operation",
    expires_at: int | None = None,
) -> bool:
    """Replace the document at ``key`` by ``change(what stands there)``; None leaves everything as it is.

    Args:
        app: The application.
        customer_id: Whose document it is.
        key: Where it is.
        change: From the document, or None, to its new text.
        payload: From the customer's pseudonym to the entry's payload.
        kind: Kind of the entry.
        expires_at: When the document may be forgotten, in seconds since 1970.

    Returns:
        Whether there was something to change.

    Raises:
        HttpError: 503 if entry and change may not be durable; 409 if others kept changing the document.
    """
    for _ in range(ATTEMPTS):
        found = read_document(app, key)
        text = change(found)
        if text is None:
            return False
        put = Put(key, text, found.version if found else 0, expires_at)
        try:
            record_durably(app, customer_id, kind, payload, [put])
        except ChangeConflictError:
            continue
        return True
    raise overtaken()


def overtaken() -> HttpError:
    """The answer when others changed the same thing again and again."""
    return HttpError(409, "Others are changing this at the same time; try again.", headers={"retry-after": "1"})


def read_document(app: App, key: Key) -> Document | None:
    """The document at ``key``.

    Raises:
        HttpError: 503 if the store cannot say.
    """
    try:
        return app.backing.store.read_documents([key]).get(key)
    except Exception as error:
        raise store_failed("read_documents", error) from error


def store_failed(what: str, error: Exception) -> HttpError:
    """The answer when the store could not answer; the log says what was asked, and nothing about whom."""
    log("store_failed", what=what, error=type(error).__name__)
    return HttpError(503, "The store could not answer; try again.", headers={"retry-after": "1"})
