"""A customer's rights: to object to profiling, and to have a past decision explained."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.logs import log
from lambda_app.recording import record_durably
from understudy.audit import Keyring, pseudonym
from understudy.audit.sealing import mac_of
from understudy.contracts.api import AuditRef, Explanation, Preferences
from understudy.contracts.audit import AuditEntry

__all__ = ["explain", "read_preferences", "write_preferences"]

UNAVAILABLE = "The store could not answer; try again."


def write_preferences(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Object to profiling, or withdraw the objection; the very next request obeys.

    Any valid id may object, also one whose record is yet to come. The intention is recorded first: consent given
    without a trace would be worse than a trace of a change that then failed, and is asked for again.
    """
    wanted = read_body(Preferences, http)
    customer_id = params["customer_id"]
    record_durably(
        app,
        customer_id,
        "operation",
        lambda name: {
            "operation": "set_preferences",
            "request_id": request_id,
            "pseudonym": name,
            "opted_out": wanted.opted_out,
        },
    )
    try:
        app.backing.store.set_opt_out(customer_id, wanted.opted_out)
    except Exception as error:
        raise _unavailable("set_opt_out", error) from error
    return answer(200, wanted)


def read_preferences(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """What holds for the customer now."""
    del http, request_id
    try:
        context = app.backing.store.read_context(params["customer_id"])
    except Exception as error:
        raise _unavailable("read_context", error) from error
    if context.record is None and not context.opted_out:
        raise HttpError(404, "No customer has this id.")
    return answer(200, Preferences(opted_out=context.opted_out))


def explain(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """A past decision about this customer, as the audit log has it; whoever looks leaves an entry too."""
    del http
    customer_id, asked = params["customer_id"], params["request_id"]
    try:
        entry = app.backing.store.get_request(asked)
        keyring = app.backing.keyring
    except Exception as error:
        raise _unavailable("get_request", error) from error
    if entry is None or not _concerns(entry, customer_id, keyring):
        raise HttpError(404, "No decision about this customer has this id.")
    if not hmac.compare_digest(mac_of(keyring, entry.model_dump()), entry.mac):
        log("entry_altered", writer=entry.writer, seq=entry.seq)
        raise HttpError(503, "The stored decision does not verify; the audit log has to be checked.")
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
    return answer(200, _explanation(entry))


def _concerns(entry: AuditEntry, customer_id: str, keyring: Keyring) -> bool:
    stored = str(entry.payload["pseudonym"])
    key_id = stored.partition(".")[0]
    return key_id in keyring and hmac.compare_digest(stored, pseudonym(keyring, customer_id, key_id))


def _explanation(entry: AuditEntry) -> Explanation:
    payload = entry.payload
    decided = payload["answer"]
    return Explanation(
        request_id=payload["request_id"],
        model_version=payload["model_version"],
        decided_at=decided["generated_at"],
        opted_out=payload["opted_out"],
        features=(payload["record"] or {}).get("features") or {},
        recommendations=decided["recommendations"],
        dropped=decided["dropped"],
        tasks=decided["tasks"],
        audit=AuditRef(writer=entry.writer, seq=entry.seq, mac=entry.mac),
    )


def _unavailable(what: str, error: Exception) -> HttpError:
    log("store_failed", what=what, error=type(error).__name__)
    return HttpError(503, UNAVAILABLE, headers={"retry-after": "1"})
