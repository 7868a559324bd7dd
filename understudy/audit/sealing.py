"""What the macs of entries and the seals of heads are computed over."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from understudy.atomic import canonical_json
from understudy.audit.keyring import Keyring
from understudy.contracts.audit import AuditEntry, AuditHead

__all__ = ["GENESIS", "head_of", "mac_of", "sealed"]

GENESIS = "0" * 64


def mac_of(keyring: Keyring, fields: Mapping[str, Any]) -> str:
    """HMAC of an entry's fields other than ``mac``, under the key they name."""
    return keyring.mac(fields["key_id"], canonical_json({k: v for k, v in fields.items() if k != "mac"}))


def head_of(keyring: Keyring, entry: AuditEntry) -> AuditHead:
    """The sealed head of a chain that ends at ``entry``."""
    fields = {"version": 1, "writer": entry.writer, "seq": entry.seq, "key_id": entry.key_id, "mac": entry.mac}
    return AuditHead.model_validate(fields | {"seal": _seal_of(keyring, fields)})


def sealed(keyring: Keyring, head: AuditHead) -> bool:
    """Whether ``head`` was written by somebody who holds its key."""
    if head.key_id not in keyring:
        return False
    return hmac.compare_digest(head.seal, _seal_of(keyring, head.model_dump(exclude={"seal"})))


def _seal_of(keyring: Keyring, fields: Mapping[str, Any]) -> str:
    return keyring.derived_mac(fields["key_id"], "head", canonical_json(dict(fields)))
