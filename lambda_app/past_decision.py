"""A decision that was made before, read back from the audit log."""

from __future__ import annotations

from collections.abc import Callable

from lambda_app.app import App
from lambda_app.changing import store_failed
from lambda_app.http import HttpError
from lambda_app.logs import log
from understudy.audit import AlteredError, Decision, ErasedError, ForeignError, read_decision
from understudy.contracts.audit import CustomerKey
from understudy.stores import audit_key

__all__ = ["open_decision", "past_decision"]


def past_decision(app: App, customer_id: str, request_id: str) -> Decision:
    """What the log holds about the decision ``request_id`` on this customer, verified and opened.

    Raises:
        HttpError: 404 if there is none about this customer; 410 if its key was destroyed; 503 if the log, or a key,
            cannot be read, or the entry does not verify.
    """

    def find() -> tuple[bytes | None, CustomerKey | None]:
        store, key = app.backing.store, audit_key(customer_id)
        body = store.get_request(request_id)
        found = store.read_documents([key]).get(key) if body is not None else None
        return body, CustomerKey.model_validate_json(found.text) if found else None

    return open_decision(app, customer_id, find)


def open_decision(app: App, customer_id: str, find: Callable[[], tuple[bytes | None, CustomerKey | None]]) -> Decision:
    """The decision on this customer in the entry that ``find`` returns, with the customer's key.

    Raises as `past_decision` does.
    """
    try:
        backing = app.backing
        body, stored = find()
        decision = read_decision(body, backing.keyring, backing.customer_keys, customer_id, stored) if body else None
    except ForeignError:
        decision = None
    except ErasedError:
        raise HttpError(410, "What this decision was based on has been erased.") from None
    except AlteredError:
        log("entry_altered")
        raise HttpError(503, "The stored decision does not verify; the audit log has to be checked.") from None
    except Exception as error:
        raise store_failed("get_request", error) from error
    if decision is None:
        raise HttpError(404, "No decision about this customer has this id.")
    return decision
