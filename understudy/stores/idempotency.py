"""Which answer a request was given that may be repeated: a claim on its idempotency key, for a day."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from understudy.contracts._model import Contract
from understudy.stores.documents import Key

__all__ = ["CLAIM_TIME", "Claim", "claim_key"]

CLAIM_TIME = timedelta(hours=24)


class Claim(Contract):
    """Where the entry of the answer is, and a keyed fingerprint of the body that it answered.

    A claim is written in the transaction of its entry, and only if there is none: of two requests with one key, one is
    decided. It holds neither answer nor customer; the answer is rebuilt from the entry.
    """

    writer: str
    seq: int = Field(ge=1)
    fingerprint: str


def claim_key(digest: str) -> Key:
    """Where the claim on the idempotency key with this keyed digest is."""
    return Key("oversight", f"idempotency#{digest}", "claim")
