"""Who may use the admin routes; the operator's name is what the authoriser says, never what a body says."""

from __future__ import annotations

import hmac

from lambda_app.app import App
from lambda_app.http import HttpError, HttpRequest
from lambda_app.logs import log
from lambda_app.recording import record_by_operator

__all__ = ["authorised_operator"]


def authorised_operator(app: App, http: HttpRequest, request_id: str) -> str:
    """The name of the operator who calls.

    In the cloud the gateway says who it is (the ARN of an IAM caller, the subject of a JWT), and the settings say which
    ARNs and which scope may pass. On a laptop, where no gateway says anything, the token of the settings does; where
    none is set, nobody passes.

    Raises:
        HttpError: 403 for everybody else; an attempt by somebody known is recorded.
    """
    settings, caller = app.settings, http.caller
    if caller.principal:
        if settings.understudy_admin_scope in caller.scopes or _listed(caller.principal, settings.understudy_admins):
            return caller.principal
        record_by_operator(
            app, "data_access", {"operation": "admin_refused", "request_id": request_id}, caller.principal
        )
    elif settings.understudy_admin_token is not None:
        operator, _, secret = settings.understudy_admin_token.partition(":")
        scheme, _, given = http.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), secret.encode()):
            return operator
    log("admin_refused")
    raise HttpError(403, "The admin routes are not open to this caller.")


def _listed(principal: str, admins: str) -> bool:
    """Whether a pattern of ``admins`` fits; a final ``*`` stands for the session name of an assumed role."""
    return any(
        principal == pattern or (pattern.endswith("/*") and principal.startswith(pattern[:-1]))
        for pattern in admins.split()
    )
