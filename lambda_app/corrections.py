"""The right to have wrong data put right: corrections replace the values of any record, from the next request on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.changing import change_document, parsed, read_document
from lambda_app.http import HttpError, HttpRequest, answer
from understudy.contracts.api import FieldError
from understudy.contracts.features import FeatureDef
from understudy.contracts.rights import Corrections
from understudy.stores.customers import corrections_key

__all__ = ["read_corrections", "write_corrections"]


def write_corrections(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Replace the customer's corrections; a bulk load of records leaves them in force."""
    wanted = read_body(Corrections, http)
    _check(app, wanted)
    customer_id = params["customer_id"]
    change_document(
        app,
        customer_id,
        corrections_key(customer_id),
        lambda _: wanted.model_dump_json(),
        {
            "operation": "set_corrections",
            "request_id": request_id,
            "profile": sorted(wanted.changes()),
            "features": sorted(wanted.features),
        },
        personal={"corrections": wanted.model_dump(mode="json")},
    )
    return answer(200, wanted)


def read_corrections(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """The corrections in force."""
    del http, request_id
    found = parsed(Corrections, read_document(app, corrections_key(params["customer_id"])))
    if found is None:
        raise HttpError(404, "Nothing was corrected for this customer.")
    return answer(200, found)


def _check(app: App, wanted: Corrections) -> None:
    """A correction that no model reads would only seem to be one."""
    features = {feature.name: feature for feature in app.decider.bundle.manifest.features.features}
    wrong = [
        FieldError(field=f"features.{position}", message=problem)
        for position, (name, value) in enumerate(wanted.features.items(), start=1)
        if (problem := _problem(features.get(name), value))
    ]
    if wrong:
        raise HttpError(400, "The body was refused.", errors=wrong[:10])


def _problem(feature: FeatureDef | None, value: float | int | str | None) -> str:
    if feature is None:
        return "the model that is served reads no such feature"
    if value is None:
        return ""
    if feature.kind == "numeric":
        return "must be a number" if isinstance(value, str) else ""
    return "" if isinstance(value, str) and value in (feature.categories or []) else "must be a known category"
