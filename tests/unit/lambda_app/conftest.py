"""The function with a small bundle, a SQLite store with one customer, and keys of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.audit import CustomerKeys, FsckReport, Keyring, fsck, open_keyring, read_decision
from understudy.contracts.audit import AuditEntry
from understudy.stores import ServingStore, open_store


@dataclass
class Function:
    """The handler and what stands behind it. ``app`` is what the next request meets."""

    folder: Path
    bundle: Path
    store: ServingStore
    app: App

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Status and parsed body of the answer to one event."""
        response = self.raw(tiny_bundle.event(method, path, body, **options))
        return response["statusCode"], json.loads(response["body"])

    def raw(self, event: Any) -> dict[str, Any]:
        return entry.handler(event, None)

    def recommend(self, customer_id: str = "c-1", **options: Any) -> tuple[int, Any]:
        return self("POST", "/v1/recommendations", {"customer_id": customer_id, **options})

    def entries(self, customer_id: str = "c-1") -> list[AuditEntry]:
        """The log's entries; what is sealed in them is opened for this customer."""
        return [self._opened(row[3], customer_id) for row in self.store.entries()]

    def _opened(self, body: bytes, customer_id: str) -> AuditEntry:
        entry = AuditEntry.model_validate_json(body)
        if "sealed" not in entry.payload:
            return entry
        ring, key = open_keyring(f"file://{self.folder / 'keys.json'}"), self.store.read_context(customer_id).key
        content = read_decision(body, ring, CustomerKeys(ring), customer_id, key).content
        return entry.model_copy(update={"payload": content})

    @staticmethod
    def payload(entry: AuditEntry) -> dict[str, Any]:
        """What ``entry`` says."""
        return entry.payload

    def check_log(self) -> FsckReport:
        return fsck(self.store, open_keyring(f"file://{self.folder / 'keys.json'}"))


Make = Callable[..., Function]


@pytest.fixture(scope="session")
def bundle_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle.write(tmp_path_factory.mktemp("bundle") / "bundle")


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path / 'store.sqlite'}"


@pytest.fixture
def make_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle_directory: Path, store_url: str
) -> Iterator[Make]:
    """Build the function around a bundle (default: the whole, good one) and further settings."""
    stores = []

    def make(bundle: Path | None = None, **further: Any) -> Function:
        keys = tmp_path / "keys.json"
        if not keys.exists():
            Keyring.create(keys)
        url = store_url
        store = open_store(url)
        stores.append(store)
        store.put_records([tiny_bundle.customer()])
        settings = Settings(
            understudy_bundle=str(bundle or bundle_directory),
            understudy_store=url,
            understudy_audit_keys=f"file://{keys}",
            **further,
        )
        app = App(settings)
        monkeypatch.setattr(entry, "application", lambda: app)
        return Function(tmp_path, bundle or bundle_directory, store, app)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def function(make_function: Make) -> Function:
    return make_function()
