"""Where the function reads its customers and writes its audit entries: one protocol, SQLite and DynamoDB."""

from understudy.stores.opening import open_store
from understudy.stores.protocol import RequestContext, ServingStore, StoreConflictError, StoreError

__all__ = ["RequestContext", "ServingStore", "StoreConflictError", "StoreError", "open_store"]
