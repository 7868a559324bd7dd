"""The name under which a customer appears in the audit trail."""

from __future__ import annotations

from understudy.audit.keyring import Keyring

__all__ = ["pseudonym"]


def pseudonym(keyring: Keyring, customer_id: str, key_id: str | None = None) -> str:
    """``<key id>.<64 hex>``: HMAC-SHA256 of the id under the key derived for pseudonyms (`Keyring.derived_mac`).

    The same customer has the same pseudonym as long as the key is active. After a rotation it changes; older entries
    are found by asking with their ``key_id``. Without the keyring an id cannot be tested against a pseudonym.
    """
    chosen = key_id or keyring.active
    return f"{chosen}.{keyring.derived_mac(chosen, 'pseudonym', customer_id.encode())}"
