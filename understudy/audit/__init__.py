"""The audit trail: who holds the keys, how an entry is chained, and how the chain is verified."""

from understudy.audit.fsck import BadEntry, FsckReport, fsck
from understudy.audit.keyring import Keyring, open_keyring
from understudy.audit.log import AuditError, AuditLog
from understudy.audit.pseudonym import pseudonym

__all__ = ["AuditError", "AuditLog", "BadEntry", "FsckReport", "Keyring", "fsck", "open_keyring", "pseudonym"]
