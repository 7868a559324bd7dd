"""The audit entry: one link of a per-writer chain of HMAC'd records."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from understudy.contracts._model import Contract, Sha256

__all__ = ["AuditEntry", "AuditHead", "AuditKind"]

AuditKind = Literal[
    "model_inference",
    "attribution",
    "guardrail",
    "data_access",
    "operation",
    "dimension_change",
    "model_promotion",
]


class AuditEntry(Contract):
    """``mac`` = HMAC-SHA256(key ``key_id``, canonical JSON of every other field); ``prev`` is the mac of ``seq - 1``.

    The first entry of a writer has ``seq`` 1 and ``prev`` of 64 zeros. Payloads hold pseudonyms, never customer ids.
    """

    version: Literal[1] = 1
    kind: AuditKind
    writer: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    seq: int = Field(ge=1)
    at: str = Field(description="UTC, ISO 8601 with microseconds")
    key_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    prev: Sha256
    payload: dict[str, Any]
    mac: Sha256


class AuditHead(Contract):
    """Where a writer's chain ends: ``mac`` is that of its entry ``seq``. Written together with that entry.

    ``seal`` = HMAC-SHA256(the head key derived from key ``key_id``, canonical JSON of every other field): without the
    key nobody can set the head back to an earlier entry after removing the later ones.
    """

    version: Literal[1] = 1
    writer: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    seq: int = Field(ge=1)
    key_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    mac: Sha256
    seal: Sha256
