"""The function on DynamoDB: how often it talks to the tables, and what it says when they throttle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import tiny_bundle
from botocore.exceptions import ClientError
from moto import mock_aws

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.previous import PreviousChampion
from lambda_app.settings import Settings
from understudy.audit import Keyring, fsck
from understudy.contracts.oversight import KillSwitch, KillSwitches
from understudy.stores import Put
from understudy.stores.customers import record_key
from understudy.stores.oversight import SWITCHES
from understudy.stores.tables import TABLES

READS = {"GetItem", "BatchGetItem", "Query", "TransactGetItems", "Scan"}


class Cloud:
    """The application on its tables; ``calls`` are the operations since it was last cleared."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.keyring = Keyring.create(folder / "keys.json")
        self.app = App(
            Settings(
                understudy_bundle=str(bundle),
                understudy_store="dynamodb://test",
                understudy_audit_keys=f"file://{folder / 'keys.json'}",
            )
        )
        self.store: Any = self.app.backing.store
        self.calls: list[str] = []
        self.failing: set[str] = set()
        self.store._client.meta.events.register("before-call.dynamodb", self._on_call)

    def _on_call(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)
        if model.name in self.failing:
            error = {"Error": {"Code": "ThrottlingException", "Message": "too fast"}}
            raise ClientError(error, model.name)  # type: ignore[arg-type]

    def recommend(self) -> tuple[int, str]:
        self.calls.clear()
        response = entry.handler(tiny_bundle.event(body={"customer_id": "c-1"}), None)
        return response["statusCode"], response["body"]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle_directory: Path) -> Iterator[Cloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    with mock_aws():
        client = boto3.client("dynamodb")
        for table in TABLES:
            keys = [(table.partition, "HASH")] + ([(table.sort, "RANGE")] if table.sort else [])
            client.create_table(
                TableName=table.name("test"),
                KeySchema=[{"AttributeName": key[0], "KeyType": role} for key, role in keys],
                AttributeDefinitions=[{"AttributeName": key[0], "AttributeType": key[1]} for key, _ in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        made = Cloud(tmp_path, bundle_directory)
        made.store.put_records([tiny_bundle.customer()])
        monkeypatch.setattr(entry, "application", lambda: made.app)
        yield made
        made.store.close()


def test_a_request_is_one_read_and_one_write(cloud: Cloud) -> None:
    assert cloud.recommend()[0] == 200
    reads = [call for call in cloud.calls if call in READS]
    assert len(reads) == 1
    assert len(cloud.calls) - len(reads) == 1
    assert fsck(cloud.store, cloud.keyring).verdict == "clean"


def _older_champion(cloud: Cloud, folder: Path) -> None:
    """A switch asks for a previous model that reads another feature schema, whose record has to be read, too."""
    other = tiny_bundle.schema().model_copy(update={"version": "2" * 16})
    path = tiny_bundle.write(folder / "older", features=other.model_dump(mode="json"), seed=2)
    cloud.app.settings = cloud.app.settings.model_copy(update={"understudy_previous_bundle": str(path)})
    cloud.app.previous = PreviousChampion(cloud.app.settings)
    cloud.store.put_records([tiny_bundle.customer().model_copy(update={"schema_version": "2" * 16})])
    switch = KillSwitch(scope="global", strategy="previous", reason="a drill", operator="kim", since="now")
    text = KillSwitches(switches=[switch]).model_dump_json()
    cloud.app.backing.log.append("operation", {"operation": "drill"}, [Put(SWITCHES, text, 0)])


def _record_of_another_schema(cloud: Cloud, folder: Path) -> None:
    cloud.store.remove_documents([record_key("c-1", tiny_bundle.SCHEMA_VERSION)])
    cloud.store.put_records([tiny_bundle.customer().model_copy(update={"schema_version": "3" * 16})])


@pytest.mark.parametrize(
    ("setting", "reads"),
    [(None, 1), (_older_champion, 2), (_record_of_another_schema, 2)],
    ids=["plain", "older", "other"],
)
@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "k-1"}], ids=["once", "idempotent"])
def test_at_most_two_reads_and_one_write_whatever_is_asked(
    cloud: Cloud, tmp_path: Path, setting: Any, reads: int, headers: dict[str, str]
) -> None:
    if setting:
        setting(cloud, tmp_path)
    answers = []
    for turn in range(2):
        cloud.calls.clear()
        response = entry.handler(tiny_bundle.event(body={"customer_id": "c-1"}, headers=headers), None)
        assert response["statusCode"] == 200, response["body"]
        answers.append(response["headers"].get("idempotency-replayed"))
        found = [call for call in cloud.calls if call in READS]
        repeated = bool(headers) and turn == 1  # reads its entry instead of writing one
        assert len(found) <= reads + repeated
        assert len(cloud.calls) - len(found) == (0 if repeated else 1)
    assert answers == [None, "true" if headers else None]


def test_throttled_reads_are_an_opt_out_with_its_entry(cloud: Cloud) -> None:
    cloud.failing = READS
    status, body = cloud.recommend()
    assert status == 200
    assert '"layer":"distilled"' not in body
    cloud.failing = set()
    report = fsck(cloud.store, cloud.keyring)
    assert (report.entries, report.verdict) == (1, "clean")


def test_throttled_writes_leave_no_answer(cloud: Cloud) -> None:
    cloud.failing = {"TransactWriteItems", "PutItem", "UpdateItem"}
    assert cloud.recommend()[0] == 503
    cloud.failing = set()
    assert cloud.recommend()[0] == 200
    assert fsck(cloud.store, cloud.keyring).entries == 1
