"""Under which names an erased customer may be noted."""

from __future__ import annotations

from lambda_app.app import App
from understudy import audit
from understudy.stores import Key
from understudy.stores.customers import erasure_key

__all__ = ["erasure_keys", "pseudonyms"]


def pseudonyms(app: App, customer_id: str) -> list[str]:
    """The customer's pseudonym under each key of the ring: an erasure outlasts a rotation.

    Raises:
        UserError: the keys cannot be read.
    """
    return audit.pseudonyms(app.backing.keyring, customer_id)


def erasure_keys(app: App, customer_id: str) -> list[Key]:
    """Where an erasure of the customer may be noted. Raises as `pseudonyms` does."""
    return [erasure_key(name) for name in pseudonyms(app, customer_id)]
