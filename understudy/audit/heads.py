"""The sealed record of where a writer's chain ends."""

from __future__ import annotations

import hmac

from understudy.atomic import canonical_json
from understudy.audit.keyring import Keyring
from understudy.contracts.audit import AuditHead

__all__ = ["pack_head", "read_head"]


def pack_head(keyring: Keyring, writer: str, seq: int, mac: str) -> bytes:
    """The bytes of the head of a chain that ends at entry ``seq``, which has ``mac``, under the active key."""
    key_id = keyring.active
    front, back = f'{{"key_id":"{key_id}","mac":"{mac}"', f'"seq":{seq},"version":1,"writer":"{writer}"}}'
    seal = keyring.derived_mac(key_id, "head", f"{front},{back}".encode())
    return f'{front},"seal":"{seal}",{back}'.encode()


def read_head(keyring: Keyring, writer: str, body: object) -> AuditHead | str:
    """The verified head of ``writer``, or in words why what is stored is worth nothing."""
    try:
        head = AuditHead.model_validate_json(body)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return "the head cannot be read"
    if head.writer != writer:
        return f"the head belongs to writer {head.writer}"
    if head.key_id not in keyring:
        return f"the head names the unknown key {head.key_id}"
    seal = keyring.derived_mac(head.key_id, "head", canonical_json(head.model_dump(exclude={"seal"})))
    if not hmac.compare_digest(head.seal, seal):
        return "the head was not sealed by a holder of its key"
    return head
