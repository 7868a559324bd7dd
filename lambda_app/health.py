"""``GET /v1/health``: which layer speaks for each task now, and why not the better one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpRequest, answer
from understudy.contracts.api import Health

__all__ = ["health"]


def health(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """200 while recommendations can be made (``degraded``: by lower layers than planned), else 503."""
    del http, request_id, params
    if app.refusal is not None:
        refused = Health(status="degraded", model_version=None, layers={}, problems=[app.refusal])
        return answer(503, refused)
    manifest = app.decider.bundle.manifest
    layers, problems = app.decider.router.standing()
    if not manifest.accepted:
        problems.append("the gates rejected this bundle")
    status = Health(
        status="degraded" if problems else "ok",
        model_version=manifest.model_version,
        layers=layers,
        problems=problems,
    )
    return answer(200, status)
