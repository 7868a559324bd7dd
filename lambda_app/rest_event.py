"""The event of a REST API, as an HTTP API would have sent it: only a REST API has private endpoints and a firewall.

Formats 1.0 and 2.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

__all__ = ["as_http_event"]


def as_http_event(event: Any) -> Any:
    """Payload format 1.0 as 2.0; whatever is not 1.0 as it is.

    The caller of a REST API with IAM authorisation stands in ``identity``, and a query is given as decoded lists.
    """
    if not isinstance(event, Mapping) or not isinstance(event.get("httpMethod"), str):
        return event
    context = _mapping(event.get("requestContext"))
    identity = _mapping(context.get("identity"))
    query = _mapping(event.get("multiValueQueryStringParameters"))
    return {
        "version": "2.0",
        "rawPath": event.get("path"),
        "rawQueryString": urlencode({name: values for name, values in query.items() if values}, doseq=True),
        "headers": event.get("headers"),
        "requestContext": {
            # `path` is without the stage already.
            "http": {"method": event["httpMethod"]},
            "authorizer": {"iam": {"userArn": identity.get("userArn")}},
        },
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded"),
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
