"""Where the function reads its customers and writes its audit entries: one protocol, SQLite and DynamoDB."""

from understudy.stores.customers import audit_key
from understudy.stores.documents import Change, Delete, Document, Key, Put
from understudy.stores.ledger import Ledger
from understudy.stores.opening import open_store
from understudy.stores.protocol import (
    ChangeConflictError,
    NewEntry,
    RequestContext,
    ServingStore,
    StoreConflictError,
    StoredEntry,
    StoreError,
)
from understudy.stores.sentences import SentenceStore

__all__ = [
    "Change",
    "ChangeConflictError",
    "Delete",
    "Document",
    "Key",
    "Ledger",
    "NewEntry",
    "Put",
    "RequestContext",
    "SentenceStore",
    "ServingStore",
    "StoreConflictError",
    "StoreError",
    "StoredEntry",
    "audit_key",
    "open_store",
]
