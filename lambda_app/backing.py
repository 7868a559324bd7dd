"""Store, keys and audit log, opened by the first request that needs them."""

from __future__ import annotations

import importlib
import threading
import uuid

from lambda_app.bounded import bounded
from lambda_app.deadline import current_deadline
from lambda_app.settings import Settings
from understudy.audit import AuditLog, CustomerKeys, Keyring, customer_keys, open_keyring
from understudy.stores import ServingStore, open_store

__all__ = ["Backing"]


class Backing:
    """Opened late on purpose: a snapshot of the started function (SnapStart) is restored many times, and must hold no
    connection, no secret, and above all no writer's name that two restored environments would share."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        _preload(settings.understudy_store)
        self._lock = threading.RLock()
        self._store: ServingStore | None = None
        self._keyring: Keyring | None = None
        self._customer_keys: CustomerKeys | None = None
        self._log: AuditLog | None = None

    @property
    def store(self) -> ServingStore:
        """The store. A failure to open it is not remembered: the next request tries again.

        Raises:
            StoreError: it cannot be opened.
            UserError: its URL is wrong.
        """
        with self._lock:
            if self._store is None:
                self._store = bounded(current_deadline().call(open_store, self._settings.understudy_store))
            return self._store

    @property
    def keyring(self) -> Keyring:
        """The audit keys.

        Raises:
            UserError: they cannot be read.
        """
        with self._lock:
            if self._keyring is None:
                self._keyring = current_deadline().call(open_keyring, self._settings.understudy_audit_keys)
            return self._keyring

    @property
    def customer_keys(self) -> CustomerKeys:
        """Customers' keys, as they are wrapped here.

        Raises:
            UserError: the ring cannot be read, or the wrapper's URL is wrong.
        """
        with self._lock:
            if self._customer_keys is None:
                self._customer_keys = customer_keys(self.keyring, self._settings.understudy_customer_keys)
            return self._customer_keys

    @property
    def log(self) -> AuditLog:
        """The chain of this environment, under a name of its own.

        Raises:
            StoreError: the store cannot be opened.
            UserError: a URL is wrong, or the keys cannot be read.
        """
        with self._lock:
            if self._log is None:
                self._log = AuditLog(self.store, self.keyring, f"function-{uuid.uuid4().hex}", self.customer_keys)
            return self._log


def _preload(store_url: str) -> None:
    """Import the store's module in the init phase, so that no request waits for it; nothing is opened."""
    kind = "dynamodb" if store_url.startswith("dynamodb://") else "sqlite"
    importlib.import_module(f"understudy.stores.{kind}")
