"""The audit trail: who holds the keys, how an entry is chained and sealed, and how the log is verified and proven."""

from understudy.audit.customer_keys import CustomerKeyError, CustomerKeys, customer_keys
from understudy.audit.fsck import BadEntry, FsckReport, fsck
from understudy.audit.keyring import Keyring, open_keyring
from understudy.audit.log import Appended, AuditError, AuditLog, Personal
from understudy.audit.pseudonym import concerns, pseudonym, pseudonyms
from understudy.audit.reading import (
    AlteredError,
    Decision,
    ErasedError,
    ForeignError,
    Place,
    read_decision,
    read_payload,
    stated_place,
)

__all__ = [
    "AlteredError",
    "Appended",
    "AuditError",
    "AuditLog",
    "BadEntry",
    "CustomerKeyError",
    "CustomerKeys",
    "Decision",
    "ErasedError",
    "ForeignError",
    "FsckReport",
    "Keyring",
    "Personal",
    "Place",
    "concerns",
    "customer_keys",
    "fsck",
    "open_keyring",
    "pseudonym",
    "pseudonyms",
    "read_decision",
    "read_payload",
    "stated_place",
]
