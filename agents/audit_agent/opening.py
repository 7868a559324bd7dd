"""Open single decisions: authenticated once more, and read with their customer's key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.audit_agent.strata import Pick
from understudy.audit import CustomerKeyError, CustomerKeys, Keyring
from understudy.audit.encryption import UnsealError, associated, unseal
from understudy.audit.envelope import EnvelopeError, authentic, payload_of, unpack
from understudy.contracts.audit import CustomerKey, SealedPart
from understudy.stores import ServingStore

__all__ = ["Opened", "open_decisions"]


@dataclass(frozen=True)
class Opened:
    """Place -> content of the decisions that could be opened; of the others how many, by why not.

    ``missing``: ``erased`` (the key was destroyed: the customer's right, and no fault), ``altered``, ``unread``.
    """

    contents: Mapping[str, Mapping[str, Any]]
    missing: Counter[str]


def open_decisions(store: ServingStore, keyring: Keyring, keys: CustomerKeys, picks: Iterable[Pick]) -> Opened:
    """Open the decisions of ``picks``, each once.

    Raises:
        StoreError: the store cannot answer.
    """
    sealed: dict[str, tuple[dict[str, Any], SealedPart]] = {}
    missing = Counter[str]()
    for place, (writer, seq) in {pick.place: (pick.writer, pick.seq) for pick in picks}.items():
        found = _authentic(keyring, store.get_entry(writer, seq))
        if found is None:
            missing["altered"] += 1
        else:
            sealed[place] = found
    stored = _keys(store, {part.key for _, part in sealed.values()})
    contents: dict[str, Mapping[str, Any]] = {}
    for place, (payload, part) in sealed.items():
        if part.key not in stored:
            missing["erased"] += 1
            continue
        customer_id, key = stored[part.key]
        try:
            bound = associated("model_inference", payload["pseudonym"], part.key)
            contents[place] = payload | unseal(keys.open(customer_id, key), part, bound)
        except (CustomerKeyError, UnsealError):
            missing["unread"] += 1
    return Opened(contents, missing)


def _authentic(keyring: Keyring, body: bytes | None) -> tuple[dict[str, Any], SealedPart] | None:
    try:
        envelope = unpack(body or b"")
        if envelope.key_id.decode() not in keyring or not authentic(keyring, envelope):
            return None
        payload = payload_of(body or b"", envelope)
        return payload, SealedPart.model_validate(payload.pop("sealed"))
    except (EnvelopeError, KeyError, ValueError):
        return None


def _keys(store: ServingStore, wanted: set[str]) -> dict[str, tuple[str, CustomerKey]]:
    """Key id -> customer and key, of those that are still there; in one read of the table."""
    found = {}
    for document in store.documents_named("customers", "audit-key") if wanted else ():
        try:
            key = CustomerKey.model_validate_json(document.text)
        except ValueError:
            continue  # decisions under it count as erased or unread
        if key.key_id in wanted:
            found[key.key_id] = (document.key.partition, key)
    return found
