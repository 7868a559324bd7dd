"""A repeated request gets the first answer: found by its idempotency key, rebuilt from its audit entry.

No write is added: the claim on a key is part of the transaction that writes the entry. No read is added either: it is
looked up in the same round trip as the customer's context, and a repeated request reads its entry instead of writing
one. What two requests race for, the claim's condition decides.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from lambda_app.app import App
from lambda_app.changing import store_failed
from lambda_app.http import HttpError, HttpRequest
from lambda_app.logs import current, log
from lambda_app.past_decision import open_decision
from understudy.atomic import canonical_json
from understudy.contracts._model import Contract
from understudy.contracts.api import AuditRef, FieldError, RecommendationResponse
from understudy.stores import Key, Put, RequestContext
from understudy.stores.idempotency import CLAIM_TIME, Claim, claim_key

__all__ = ["IdempotencyKey", "earlier_answer", "idempotency_key"]

HEADER = "idempotency-key"
SHAPE = re.compile(r"[\x21-\x7e]{1,255}")
PURPOSE = "idempotency"


@dataclass(frozen=True)
class IdempotencyKey:
    """A key as one caller used it on one route with one body.

    ``digests``: digest of the key -> fingerprint of the body; one pair for each key of the ring, the active one first,
    so that a rotation between a request and its repetition does no harm. The store sees only these: callers are apt to
    put their customers' ids into such keys.
    """

    digests: Mapping[str, str]

    @property
    def fingerprints(self) -> dict[Key, str]:
        """Where the claim may be -> the fingerprint that it must have there."""
        return {claim_key(digest): fingerprint for digest, fingerprint in self.digests.items()}

    @property
    def places(self) -> list[Key]:
        """Where the claim may be."""
        return list(self.fingerprints)

    def item(self, place: int) -> IdempotencyKey:
        """The key of one item of a batch: bound to the whole batch's body."""
        return IdempotencyKey({sha256(f"{one}:{place}".encode()).hexdigest(): f for one, f in self.digests.items()})

    def claim(self, writer: str, seq: int, now: datetime) -> Put:
        """The change that claims the key for the entry ``seq`` of ``writer``, for a day."""
        place, fingerprint = next(iter(self.fingerprints.items()))
        text = Claim(writer=writer, seq=seq, fingerprint=fingerprint).model_dump_json()
        return Put(place, text, before=0, expires_at=int((now + CLAIM_TIME).timestamp()))


def idempotency_key(app: App, http: HttpRequest, body: Contract) -> IdempotencyKey | None:
    """The request's key, if it has one.

    Raises:
        HttpError: 400 if the key is malformed; 503 if the audit keys cannot be read.
    """
    value = http.headers.get(HEADER)
    if value is None:
        return None
    if not SHAPE.fullmatch(value):
        fault = FieldError(field=HEADER, message="1 to 255 printable ASCII characters without spaces")
        raise HttpError(400, "A header was refused.", errors=[fault])
    try:
        keyring = app.backing.keyring
    except Exception as error:
        log("audit_failed", kind="keys", error=type(error).__name__)
        detail = "The audit keys cannot be read, so no audit entry could be written and nothing is answered."
        raise HttpError(503, detail, headers={"retry-after": "1"}) from error
    name = canonical_json(["key", http.caller.principal, http.method, http.path, value])
    content = canonical_json(["body", body.model_dump(mode="json")])
    macs = ((keyring.derived_mac(i, PURPOSE, name), keyring.derived_mac(i, PURPOSE, content)) for i in keyring.ids)
    return IdempotencyKey(dict(macs))


def earlier_answer(
    app: App, key: IdempotencyKey, context: RequestContext, customer_id: str
) -> RecommendationResponse | None:
    """The answer that this key was given before; None if it is new.

    Raises:
        HttpError: 422 if the key was used with another body; 410 if the customer was erased since; 503 if the answer
            cannot be read, or its entry does not verify.
    """
    fingerprints = key.fingerprints
    place = next((place for place in fingerprints if place in context.beside), None)
    if place is None:
        return None
    try:
        claim = Claim.model_validate_json(context.beside[place].text)
    except ValueError as error:
        raise store_failed("claim", error) from None
    if not hmac.compare_digest(claim.fingerprint, fingerprints[place]):
        raise HttpError(422, "This idempotency key was used before, with another body.")
    found = open_decision(app, customer_id, lambda: (app.backing.store.get_entry(claim.writer, claim.seq), context.key))
    audit = AuditRef(writer=found.writer, seq=found.seq, mac=found.mac)
    current().counts["Replayed"] += 1
    return RecommendationResponse.model_validate({**found.content["answer"], "audit": audit})
