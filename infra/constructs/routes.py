"""What the function answers, and what the gateway notes of it."""

from __future__ import annotations

__all__ = ["ACCESS_LOG", "ROUTES"]

# A path that is not here never reaches the function.
ROUTES: dict[str, list[str]] = {
    "/v1/recommendations": ["POST"],
    "/v1/recommendations/batch": ["POST"],
    "/v1/health": ["GET"],
    "/v1/customers/{customer_id}/preferences": ["GET", "PUT"],
    "/v1/customers/{customer_id}/explanations/{request_id}": ["GET"],
    "/v1/customers/{customer_id}/consents": ["GET", "PUT"],
    "/v1/customers/{customer_id}/restriction": ["GET", "PUT"],
    "/v1/customers/{customer_id}/corrections": ["GET", "PUT"],
    "/v1/customers/{customer_id}/contacts": ["POST"],
    "/v1/customers/{customer_id}/data": ["GET"],
    "/v1/customers/{customer_id}": ["DELETE"],
    "/v1/customers/{customer_id}/recommendations/{request_id}": ["GET"],
    "/v1/admin/kill-switch": ["GET", "PUT", "DELETE"],
    "/v1/admin/reviews": ["GET"],
    "/v1/admin/reviews/{review_id}": ["GET"],
    "/v1/admin/reviews/{review_id}/decision": ["POST"],
    "/v1/admin/reports": ["GET"],
    "/v1/admin/reports/{kind}/{period}": ["GET"],
    "/v1/admin/audit": ["GET"],
    "/v1/admin/decisions/{request_id}": ["GET"],
}
# The route and not the path: paths carry customer ids.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "caller": "$context.identity.userArn",
    "sourceIp": "$context.identity.sourceIp",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationError": "$context.integrationErrorMessage",
    "authorizerError": "$context.authorizer.error",
}
