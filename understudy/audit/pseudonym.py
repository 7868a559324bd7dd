"""The name under which a customer appears in the audit trail."""

from __future__ import annotations

import hmac

from understudy.audit.keyring import Keyring

__all__ = ["concerns", "pseudonym", "pseudonyms"]


def pseudonym(keyring: Keyring, customer_id: str, key_id: str | None = None) -> str:
    """``<key id>.<64 hex>``: HMAC-SHA256 of the id under the key derived for pseudonyms (`Keyring.derived_mac`).

    The same customer has the same pseudonym as long as the key is active. After a rotation it changes; older entries
    are found by asking with their ``key_id``. Without the keyring an id cannot be tested against a pseudonym.
    """
    chosen = key_id or keyring.active
    return f"{chosen}.{keyring.derived_mac(chosen, 'pseudonym', customer_id.encode())}"


def pseudonyms(keyring: Keyring, customer_id: str) -> list[str]:
    """Every pseudonym that the customer has had under the keys of the ring, that of the active key first."""
    return [pseudonym(keyring, customer_id, key_id) for key_id in keyring.ids]


def concerns(keyring: Keyring, customer_id: str, name: object) -> bool:
    """Whether ``name`` is a pseudonym of the customer, under whichever key of the ring."""
    if not isinstance(name, str):
        return False
    key_id = name.partition(".")[0]
    return key_id in keyring and hmac.compare_digest(name.encode(), pseudonym(keyring, customer_id, key_id).encode())
