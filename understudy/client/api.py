"""The API as methods: contracts in, contracts out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

from pydantic import ValidationError

from understudy.client.errors import ApiError, NoAnswerError
from understudy.client.retrying import Retries
from understudy.client.signing import Signer
from understudy.client.transport import Answer, Transport
from understudy.contracts._model import Contract
from understudy.contracts.api import (
    BatchRequest,
    BatchResponse,
    Explanation,
    Health,
    Preferences,
    Problem,
    RecommendationRequest,
    RecommendationResponse,
)

__all__ = ["UnderstudyClient"]

C = TypeVar("C", bound=Contract)

# Sent twice they leave what they leave sent once.
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


class UnderstudyClient:
    """One endpoint. Threads may share it; each keeps a connection of its own.

    A request that may be repeated is sent again after a transient failure. A POST may be repeated because it carries
    an idempotency key, its own by default: the endpoint decides once, whatever is lost on the way.

    Args:
        url: Base URL (``http://127.0.0.1:8080``, ``https://<id>.execute-api.<region>.amazonaws.com``).
        timeout: Seconds that one attempt may take.
        retries: How often, and after what waits, a request is repeated.
        signer: Signs each attempt (`understudy.client.sigv4`); a deployed endpoint wants that, the local one does not.

    Raises:
        UserError: ``url`` is not a base URL.
    """

    def __init__(
        self, url: str, *, timeout: float = 30.0, retries: Retries | None = None, signer: Signer | None = None
    ) -> None:
        self._transport = Transport(url, timeout)
        self._retries = retries or Retries()
        self._signer = signer

    @property
    def url(self) -> str:
        """The endpoint's base URL."""
        return self._transport.url

    def recommend(
        self, request: RecommendationRequest, *, idempotency_key: str | None = None
    ) -> RecommendationResponse:
        """Recommendations for one customer. Raises as `call` does."""
        return self.call(
            "POST", "/v1/recommendations", RecommendationResponse, request, idempotency_key=idempotency_key
        )

    def recommend_batch(
        self, requests: Sequence[RecommendationRequest], *, idempotency_key: str | None = None
    ) -> BatchResponse:
        """Recommendations for several customers, in their order; an item may have failed. Raises as `call` does."""
        body = BatchRequest(items=list(requests))
        return self.call("POST", "/v1/recommendations/batch", BatchResponse, body, idempotency_key=idempotency_key)

    def health(self) -> Health:
        """Which layer speaks for each task, also when nothing can be decided. Raises as `call` does."""
        return self.call("GET", "/v1/health", Health)

    def preferences(self, customer_id: str) -> Preferences:
        """What holds for the customer now. Raises as `call` does."""
        return self.call("GET", f"/v1/customers/{quote(customer_id, safe='')}/preferences", Preferences)

    def set_preferences(self, customer_id: str, wanted: Preferences) -> Preferences:
        """Object to profiling, or withdraw the objection. Raises as `call` does."""
        return self.call("PUT", f"/v1/customers/{quote(customer_id, safe='')}/preferences", Preferences, wanted)

    def explanation(self, customer_id: str, request_id: str) -> Explanation:
        """A past decision, as the audit log has it. Raises as `call` does."""
        path = f"/v1/customers/{quote(customer_id, safe='')}/explanations/{quote(request_id, safe='')}"
        return self.call("GET", path, Explanation)

    def call(
        self,
        method: str,
        path: str,
        answer: type[C],
        body: Contract | Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> C:
        """Any route: send ``body`` and read the answer as ``answer``.

        Raises:
            ApiError: the API refused, or failed at the last attempt.
            NoAnswerError: there was no answer, or it is not what the contract says.
        """
        headers = {"accept": "application/json"}
        content = _encoded(body)
        if content is not None:
            headers["content-type"] = "application/json"
        if method == "POST":
            headers["idempotency-key"] = idempotency_key or str(uuid.uuid4())
        target = path + (f"?{urlencode(query)}" if query else "")
        found = self._ask(method, target, headers, content)
        try:
            if found.headers.get("content-type") != "application/problem+json":
                return answer.model_validate_json(found.body)
        except ValidationError as error:
            if found.status >= 400:
                raise ApiError(found.status, None) from None
            what = f"{method} {path}: the answer is not the contract's {answer.__name__}"
            raise NoAnswerError(f"{what}: {error.error_count()} fields differ") from None
        raise ApiError(found.status, _problem(found))

    def _ask(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._transport.send(method, target, self._signed(method, target, headers, body), body)
            except NoAnswerError:
                if not self._may_repeat(method, headers) or not self._retries.wait(attempt, None, None):
                    raise
                continue
            again = answer.status >= 400 and self._may_repeat(method, headers)
            if not again or not self._retries.wait(attempt, answer.status, answer.headers.get("retry-after")):
                return answer

    @staticmethod
    def _may_repeat(method: str, headers: Mapping[str, str]) -> bool:
        return method in REPEATABLE or "idempotency-key" in headers

    def _signed(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Mapping[str, str]:
        if self._signer is None:
            return headers
        return self._signer(method, self._transport.url + target, headers, body or b"")

    def close(self) -> None:
        """Close this thread's connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _encoded(body: Contract | Mapping[str, Any] | None) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, Contract):
        # What was not set is left to the endpoint: a correction that names no age must not say that the age is null.
        return body.model_dump_json(exclude_unset=True).encode()
    return json.dumps(body).encode()


def _problem(answer: Answer) -> Problem | None:
    try:
        return Problem.model_validate_json(answer.body)
    except ValidationError:
        return None
