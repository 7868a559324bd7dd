"""Every route of the API, and the way from a path to the function that answers it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambda_app.batch import recommend_batch
from lambda_app.health import health
from lambda_app.http import HttpError, HttpRequest
from lambda_app.late import Late
from lambda_app.recommend import recommend
from lambda_app.route import Route
from lambda_app.shapes import CURSOR, CUSTOMER, DAY, KIND, LIMIT, PARAMETERS
from understudy.contracts.api import (
    BatchRequest,
    BatchResponse,
    Explanation,
    FieldError,
    Health,
    Preferences,
    RecommendationRequest,
    RecommendationResponse,
)
from understudy.contracts.oversight import (
    KillSwitches,
    KillSwitchRequest,
    Outcomes,
    Review,
    ReviewDecision,
    ReviewPage,
)
from understudy.contracts.rights import (
    Consents,
    Contact,
    ContactRecorded,
    Corrections,
    Erased,
    Export,
    RestrictionRequest,
)

__all__ = ["PARAMETERS", "ROUTES", "find_route", "methods_of"]

# A start waits for what decides; whatever else is asked is imported when it is first asked for.
export_data = Late("lambda_app.access", "export_data")
decide_review = Late("lambda_app.admin_reviews", "decide_review")
read_review = Late("lambda_app.admin_reviews", "read_review")
read_reviews = Late("lambda_app.admin_reviews", "read_reviews")
clear_kill_switch = Late("lambda_app.admin_switches", "clear_kill_switch")
read_kill_switches = Late("lambda_app.admin_switches", "read_kill_switches")
set_kill_switch = Late("lambda_app.admin_switches", "set_kill_switch")
read_consents = Late("lambda_app.choices", "read_consents")
read_preferences = Late("lambda_app.choices", "read_preferences")
read_restriction = Late("lambda_app.choices", "read_restriction")
write_consents = Late("lambda_app.choices", "write_consents")
write_preferences = Late("lambda_app.choices", "write_preferences")
write_restriction = Late("lambda_app.choices", "write_restriction")
record_contact = Late("lambda_app.contacts", "record_contact")
read_corrections = Late("lambda_app.corrections", "read_corrections")
write_corrections = Late("lambda_app.corrections", "write_corrections")
erase_customer = Late("lambda_app.erasure", "erase_customer")
explain = Late("lambda_app.explanation", "explain")
read_outcomes = Late("lambda_app.outcomes", "read_outcomes")
REPORTS, DECISIONS, SEEN = "lambda_app.admin_reports", "lambda_app.admin_decisions", "understudy.contracts.inspection"
ROUTES: dict[str, dict[str, Route]] = {
    "/v1/recommendations": {
        "POST": Route(
            recommend,
            "Recommend products to one customer, with reasons",
            RecommendationResponse,
            (400, 404, 409, 410, 413, 415, 422, 503),
            RecommendationRequest,
            idempotent=True,
        )
    },
    "/v1/recommendations/batch": {
        "POST": Route(
            recommend_batch,
            "Recommend products to several customers; each item has its own outcome",
            BatchResponse,
            (400, 413, 415, 422, 503),
            BatchRequest,
            idempotent=True,
        )
    },
    "/v1/health": {
        "GET": Route(
            health,
            "Which layer speaks for each task",
            Health,
            tagged=True,
            also={503: "Nothing can be decided; `problems` says why."},
        )
    },
    "/v1/customers/{customer_id}/preferences": {
        "GET": Route(read_preferences, "Whether the customer has opted out", Preferences, (400, 404, 503)),
        "PUT": Route(
            write_preferences,
            "Object to automated profiling, or withdraw the objection",
            Preferences,
            (400, 413, 415, 503),
            Preferences,
        ),
    },
    "/v1/customers/{customer_id}/consents": {
        "GET": Route(read_consents, "What the customer said about each channel", Consents, (400, 503)),
        "PUT": Route(
            write_consents,
            "Replace what the customer says about each channel",
            Consents,
            (400, 409, 413, 415, 503),
            Consents,
        ),
    },
    "/v1/customers/{customer_id}/restriction": {
        "GET": Route(read_restriction, "How far processing is restricted", RestrictionRequest, (400, 503)),
        "PUT": Route(
            write_restriction,
            "Restrict the processing of the customer's data, or lift the restriction",
            RestrictionRequest,
            (400, 409, 413, 415, 503),
            RestrictionRequest,
        ),
    },
    "/v1/customers/{customer_id}/corrections": {
        "GET": Route(read_corrections, "The corrections in force", Corrections, (400, 404, 503)),
        "PUT": Route(
            write_corrections,
            "Replace the corrections of the customer's profile and features",
            Corrections,
            (400, 409, 413, 415, 503),
            Corrections,
        ),
    },
    "/v1/customers/{customer_id}/contacts": {
        "POST": Route(
            record_contact,
            "Record that the customer was approached; once, however often it is sent",
            ContactRecorded,
            (400, 409, 413, 415, 503),
            Contact,
        )
    },
    "/v1/customers/{customer_id}/data": {
        "GET": Route(
            export_data,
            "Everything that is held about the customer",
            Export,
            (400, 404, 503),
            query={"after": CURSOR},
        )
    },
    "/v1/customers/{customer_id}": {"DELETE": Route(erase_customer, "Forget the customer", Erased, (400, 409, 503))},
    "/v1/customers/{customer_id}/recommendations/{request_id}": {
        "GET": Route(read_outcomes, "What people decided about a request's recommendations", Outcomes, (400, 404, 503))
    },
    "/v1/admin/kill-switch": {
        "GET": Route(read_kill_switches, "The kill switches in force", KillSwitches, (403, 503)),
        "PUT": Route(
            set_kill_switch,
            "Set a kill switch, or replace the one of the same scope and target",
            KillSwitches,
            (400, 403, 409, 413, 415, 503),
            KillSwitchRequest,
        ),
        "DELETE": Route(
            clear_kill_switch,
            "Clear a kill switch",
            KillSwitches,
            (400, 403, 404, 409, 503),
            query={
                "scope": "^(global|task|product|model)$",
                "target": "^[A-Za-z0-9._:-]{1,128}$",
                "reason": "^.{3,500}$",
            },
        ),
    },
    "/v1/admin/reviews": {
        "GET": Route(
            read_reviews,
            "A page of reviews in one state, earliest due first",
            ReviewPage,
            (400, 403, 503),
            query={
                "state": "^(pending|approved|rejected|modified|expired)$",
                "after": CURSOR,
                "limit": "^([1-9][0-9]?|100)$",
            },
        )
    },
    "/v1/admin/reviews/{review_id}": {"GET": Route(read_review, "One review", Review, (400, 403, 404, 503))},
    "/v1/admin/reviews/{review_id}/decision": {
        "POST": Route(
            decide_review,
            "Let a recommendation pass, with its text or another one, or reject it",
            Review,
            (400, 403, 404, 409, 413, 415, 503),
            ReviewDecision,
        )
    },
    "/v1/admin/reports": {
        "GET": Route(
            Late(REPORTS, "read_reports"),
            "A page of the reports of one kind, newest first, each in a few lines",
            Late(SEEN, "ReportPage"),
            (400, 403, 404, 503),
            query={"kind": KIND, "after": DAY, "limit": LIMIT},
        )
    },
    "/v1/admin/reports/{kind}/{period}": {
        "GET": Route(
            Late(REPORTS, "read_report"), "One report, whole", Late(SEEN, "StoredReport"), (400, 403, 404, 503)
        )
    },
    "/v1/admin/audit": {
        "GET": Route(
            Late(REPORTS, "read_audit_state"),
            "What the last verification of the audit log found",
            Late(SEEN, "AuditState"),
            (403, 503),
        )
    },
    "/v1/admin/decisions/{request_id}": {
        "GET": Route(
            Late(DECISIONS, "read_decision_record"),
            "One decision as the audit log has it; whole, if the customer is named",
            Late(SEEN, "DecisionRecord"),
            (400, 403, 404, 503),
            query={"customer_id": CUSTOMER},
        )
    },
    "/v1/customers/{customer_id}/explanations/{request_id}": {
        "GET": Route(
            explain, "A past decision, as the audit log has it", Explanation, (400, 404, 410, 503), tagged=True
        )
    },
}
_PATTERNS = [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), methods) for path, methods in ROUTES.items()]


def find_route(http: HttpRequest) -> tuple[Route, dict[str, str]]:
    """The route of a request, and its path parameters. HEAD finds the route of GET.

    Raises:
        HttpError: 404 for an unknown path, 405 for a method that it does not have, 400 for a malformed parameter.
    """
    methods, params = _match(http.path)
    method = "GET" if http.method == "HEAD" else http.method
    if method not in methods:
        allowed = _allowed(methods)
        raise HttpError(405, f"This path answers to {allowed}.", headers={"allow": allowed})
    bad = [name for name, value in params.items() if not PARAMETERS[name].fullmatch(value)]
    if bad:
        errors = [FieldError(field=name, message="malformed identifier") for name in bad]
        raise HttpError(400, "The path was refused.", errors=errors)
    return methods[method], params


def _match(path: str) -> tuple[dict[str, Route], dict[str, str]]:
    for pattern, methods in _PATTERNS:
        match = pattern.fullmatch(path)
        if match is not None:
            return methods, match.groupdict()
    raise HttpError(404, "There is no such path.")


def methods_of(path: str) -> str:
    """What an ``Allow`` header says about ``path``.

    Raises:
        HttpError: 404 for an unknown path.
    """
    return _allowed(_match(path)[0])


def _allowed(methods: Mapping[str, Route]) -> str:
    return ", ".join(sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))
