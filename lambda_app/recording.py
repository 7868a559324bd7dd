"""No audit, no answer: an entry is durable before anything leaves the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpError
from lambda_app.logs import current, log
from understudy.audit import Personal, pseudonym
from understudy.audit.log import Changes
from understudy.contracts.api import AuditRef
from understudy.contracts.audit import AuditKind, CustomerKey
from understudy.stores import ChangeConflictError

__all__ = ["record_by_operator", "record_durably"]


def record_durably(
    app: App,
    customer_id: str,
    kind: AuditKind,
    payload: Callable[[str], dict[str, Any]],
    changes: Changes = (),
    *,
    personal: Mapping[str, Any] | None = None,
    key: CustomerKey | None = None,
) -> AuditRef:
    """Append ``payload(pseudonym of the customer)`` to the audit log, and make ``changes`` with it.

    ``personal`` is sealed under the customer's ``key``, as read with their context; None: one is made if there is none.

    Raises:
        ChangeConflictError: a document is not at the version that its change names; nothing was written.
        HttpError: 503 if, for whatever reason, the entry may not be durable.
    """

    def append() -> AuditRef:
        sealed = Personal(customer_id, personal, key) if personal is not None else None
        readable = payload(pseudonym(app.backing.keyring, customer_id)) | {"trace_id": current().trace_id}
        entry = app.backing.log.append(kind, readable, changes, personal=sealed)
        return AuditRef(writer=entry.writer, seq=entry.seq, mac=entry.mac)

    return _or_nothing(kind, append)


def record_by_operator(
    app: App, kind: AuditKind, payload: Mapping[str, Any], operator: str, changes: Changes = ()
) -> AuditRef:
    """Append what ``operator`` does to the audit log, and make ``changes`` with it.

    Raises:
        ChangeConflictError: a document is not at the version that its change names; nothing was written.
        HttpError: 503 if, for whatever reason, the entry may not be durable.
    """

    def append() -> AuditRef:
        entry = app.backing.log.append(kind, {**payload, "operator": operator, "trace_id": current().trace_id}, changes)
        return AuditRef(writer=entry.writer, seq=entry.seq, mac=entry.mac)

    return _or_nothing(kind, append)


def _or_nothing(kind: AuditKind, append: Callable[[], AuditRef]) -> AuditRef:
    try:
        return append()
    except ChangeConflictError:
        raise
    except Exception as error:
        log("audit_failed", kind=kind, error=type(error).__name__)
        raise HttpError(
            503, "The audit entry could not be written, so nothing is answered.", headers={"retry-after": "1"}
        ) from error
