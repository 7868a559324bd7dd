"""No audit, no answer: an entry is durable before anything leaves the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpError
from lambda_app.logs import log
from understudy.audit import pseudonym
from understudy.contracts.api import AuditRef
from understudy.contracts.audit import AuditKind

__all__ = ["record_durably"]


def record_durably(app: App, customer_id: str, kind: AuditKind, payload: Callable[[str], dict[str, Any]]) -> AuditRef:
    """Append ``payload(pseudonym of the customer)`` to the audit log.

    Raises:
        HttpError: 503 if, for whatever reason, the entry may not be durable.
    """
    try:
        log_of_environment = app.backing.log
        entry = log_of_environment.append(kind, payload(pseudonym(app.backing.keyring, customer_id)))
    except Exception as error:
        log("audit_failed", kind=kind, error=type(error).__name__)
        raise HttpError(
            503, "The audit entry could not be written, so nothing is answered.", headers={"retry-after": "1"}
        ) from error
    return AuditRef(writer=entry.writer, seq=entry.seq, mac=entry.mac)
