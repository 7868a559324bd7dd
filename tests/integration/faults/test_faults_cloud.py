"""DynamoDB throttles, fails or is out of reach; KMS does not unwrap: rules or 503; no answer without its entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from cloud_tables import dynamodb_url

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.audit import CustomerKeyError, Keyring, fsck, open_keyring
from understudy.stores import open_store

URL = "https://dynamodb"
CODES = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ResourceNotFoundException",
    "AccessDeniedException",
    "KMSAccessDeniedException",
]
ERRORS: list[Exception] = [ClientError({"Error": {"Code": c, "Message": c}}, "Any") for c in CODES]  # type: ignore[arg-type]
ERRORS += [EndpointConnectionError(endpoint_url=URL), ReadTimeoutError(endpoint_url=URL)]
NAMES = [*CODES, "unreachable", "timeout"]


class Cloud:
    """The function on DynamoDB; operations in ``failing`` raise ``error``."""

    def __init__(self, folder: Path, url: str) -> None:
        self.keys = f"file://{folder / 'keys.json'}"
        Keyring.create(folder / "keys.json")
        self.store = open_store(url)
        self.store.put_records([tiny_bundle.customer()])
        bundle = str(tiny_bundle.write(folder / "bundle"))
        self.app = App(Settings(understudy_bundle=bundle, understudy_store=url, understudy_audit_keys=self.keys))
        self.failing: set[str] = set()
        self.error: Exception = RuntimeError("unset")
        client: Any = self.app.backing.store
        client._client.meta.events.register("before-call.dynamodb", self._on_call)

    def _on_call(self, model: Any, **_: Any) -> None:
        if model.name in self.failing:
            raise self.error

    def ask(self, method: str = "POST", path: str = "/v1/recommendations", body: Any = None) -> tuple[int, Any]:
        wanted = {"customer_id": "c-1"} if method == "POST" else body
        response = entry.handler(tiny_bundle.event(method, path, wanted), None)
        return response["statusCode"], json.loads(response["body"])

    def entries(self) -> int:
        report = fsck(self.store, open_keyring(self.keys))
        assert report.verdict in ("clean", "empty")
        return report.entries


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with dynamodb_url() as url:
        made = Cloud(tmp_path, url)
        monkeypatch.setattr(entry, "application", lambda: made.app)
        yield made
        made.store.close()


@pytest.mark.parametrize("error", ERRORS, ids=NAMES)
def test_reads_that_fail_are_an_opt_out_and_writes_that_fail_no_answer(cloud: Cloud, error: Exception) -> None:
    cloud.error = error
    cloud.failing = {"BatchGetItem", "GetItem", "Query"}
    status, answer = cloud.ask()
    # With the customer's key out of reach nothing can be sealed for them, unless a new one may be made.
    assert status in (200, 503)
    if status == 200:
        assert {task["layer"] for task in answer["tasks"].values()} == {"rules"}
    before = cloud.entries()
    assert before == int(status == 200)
    cloud.failing = {"TransactWriteItems", "PutItem", "UpdateItem"}
    status, answer = cloud.ask()
    assert status == 503
    assert "recommendations" not in answer
    assert cloud.ask("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})[0] == 503
    cloud.failing = set()
    assert cloud.entries() == before
    assert cloud.ask()[0] == 200
    assert cloud.entries() == before + 1


def test_a_customers_key_that_cannot_be_unwrapped_is_no_answer(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cloud.ask()[0] == 200

    def fail(*args: Any) -> None:
        raise CustomerKeyError("KMS is out of reach")

    with monkeypatch.context() as fault:
        fault.setattr(cloud.app.backing.customer_keys, "open", fail)
        assert cloud.ask()[0] == 503
    assert cloud.entries() == 1
    assert cloud.ask()[0] == 200
