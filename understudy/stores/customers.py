"""What a request needs of its customer, made from documents; the same for every database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from understudy.contracts.api import CustomerRecord
from understudy.contracts.audit import CustomerKey
from understudy.contracts.oversight import KillSwitch, KillSwitches
from understudy.contracts.rights import Choices, Contacts, Corrections
from understudy.stores.documents import Document, DocumentStore, Key
from understudy.stores.oversight import SWITCHES
from understudy.stores.protocol import RequestContext, StoreError

__all__ = [
    "CustomerDocuments",
    "audit_key",
    "choices_key",
    "contacts_key",
    "corrections_key",
    "erasure_key",
]

C = TypeVar("C", Choices, Contacts, Corrections, CustomerKey)
RECORD = "record#"
AFTER_RECORDS = "record$"  # the character after #


def choices_key(customer_id: str) -> Key:
    """Where `Choices` are."""
    return Key("customers", customer_id, "choices")


def contacts_key(customer_id: str) -> Key:
    """Where `Contacts` are."""
    return Key("customers", customer_id, "contacts")


def corrections_key(customer_id: str) -> Key:
    """Where `Corrections` are."""
    return Key("customers", customer_id, "corrections")


def audit_key(customer_id: str) -> Key:
    """Where the customer's key is; without it nothing that the audit log sealed about them can be read."""
    return Key("customers", customer_id, "audit-key")


def erasure_key(pseudonym: str) -> Key:
    """Where it is noted that the customer of this pseudonym was erased."""
    return Key("customers", f"erased#{pseudonym}", "tombstone")


def record_key(customer_id: str, schema_version: str) -> Key:
    """Where the record computed under ``schema_version`` is."""
    return Key("customers", customer_id, RECORD + schema_version)


class CustomerDocuments(DocumentStore):
    """`CustomerStore` on top of a `DocumentStore`."""

    def read_context(
        self,
        customer_id: str,
        schema_version: str | None = None,
        *,
        also: Sequence[str] = (),
        erased_as: Sequence[str] = (),
        beside: Sequence[Key] = (),
    ) -> RequestContext:
        asked = [record_key(customer_id, schema) for schema in dict.fromkeys([schema_version, *also]) if schema]
        own = [make(customer_id) for make in (choices_key, contacts_key, corrections_key, audit_key)]
        found = self.read_documents([*asked, *own, *map(erasure_key, erased_as), SWITCHES, *beside])
        records = {key.item.removeprefix(RECORD): found[key] for key in asked if key in found}
        if schema_version not in records:
            listed = self.list_documents("customers", customer_id, start=RECORD, end=AFTER_RECORDS)
            records |= {one.key.item.removeprefix(RECORD): one for one in listed}
        context = _context(customer_id, records, found, schema_version, erased_as)
        return replace(context, beside={key: found[key] for key in beside if key in found}) if beside else context

    def put_records(self, records: Iterable[CustomerRecord]) -> int:
        return self.put_documents((record_key(r.customer_id, r.schema_version), r.model_dump_json()) for r in records)


def _context(
    customer_id: str,
    documents: Mapping[str, Document],
    found: Mapping[Key, Document],
    schema_version: str | None,
    erased_as: Sequence[str],
) -> RequestContext:
    try:
        stored = {schema: CustomerRecord.model_validate_json(one.text) for schema, one in documents.items()}
        choices = _read(Choices, found.get(choices_key(customer_id))) or Choices()
        contacts = _read(Contacts, found.get(contacts_key(customer_id))) or Contacts(contacts=[])
        corrections = _read(Corrections, found.get(corrections_key(customer_id)))
        key = _read(CustomerKey, found.get(audit_key(customer_id)))
        records = {schema: _corrected(record, corrections) for schema, record in stored.items()}
    except ValueError as error:
        # Which field it was may be named, its value not: the message of a contract quotes what it refused.
        raise StoreError(f"a document of the customer cannot be read: {type(error).__name__}") from None
    chosen = records.get(schema_version or "") or max(
        records.values(), key=lambda r: (r.as_of, r.schema_version), default=None
    )
    return RequestContext(
        record=chosen,
        opted_out=choices.opted_out or any(erasure_key(name) in found for name in erased_as),
        contacts=[contact.at for contact in contacts.contacts],
        restriction=choices.restriction,
        channels=choices.channels,
        switches=_switches(found.get(SWITCHES)),
        others=records,
        key=key,
    )


def _read(contract: type[C], document: Document | None) -> C | None:
    return contract.model_validate_json(document.text) if document else None


def _switches(document: Document | None) -> tuple[KillSwitch, ...] | None:
    if document is None:
        return ()
    try:
        return tuple(KillSwitches.model_validate_json(document.text).switches)
    except ValueError:
        return None


def _corrected(record: CustomerRecord, corrections: Corrections | None) -> CustomerRecord:
    if corrections is None:
        return record
    profile = record.profile.model_copy(update=corrections.changes())
    return record.model_copy(update={"profile": profile, "features": {**record.features, **corrections.features}})
