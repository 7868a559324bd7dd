"""What only DynamoDB does: round trips, throttling, pages, faults of the network."""

from __future__ import annotations

import base64
import random
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from choices import choose
from moto import mock_aws

from understudy.audit import AuditLog, Keyring, fsck
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.stores import StoreConflictError, StoreError
from understudy.stores.customers import choices_key
from understudy.stores.dynamodb import DynamoStore
from understudy.stores.tables import TABLES


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStore]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    prefix = f"bank-{uuid4().hex[:8]}"
    with mock_aws():
        for table in TABLES:
            keys = [table.partition, *([table.sort] if table.sort else [])]
            boto3.client("dynamodb").create_table(
                TableName=table.name(prefix),
                KeySchema=[
                    {"AttributeName": name, "KeyType": role}
                    for (name, _), role in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        yield DynamoStore(prefix)


class Wire:
    """Counts the calls of a store, and makes chosen ones fail before they leave."""

    def __init__(self, store: DynamoStore) -> None:
        self.calls: Counter[str] = Counter()
        self.faults: dict[str, list[Any]] = {}
        self._client = store._client
        self._send = store._client._make_api_call
        store._client._make_api_call = self._answer

    def _answer(self, operation: str, arguments: Any) -> Any:
        self.calls[operation] += 1
        fault = self.faults.get(operation) or [None]
        first = fault.pop(0)
        if isinstance(first, Exception):
            raise first
        return self._send(operation, arguments) if first is None else first(self._send, operation, arguments)


def refusal(code: str, operation: str, **extra: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **extra}, operation)  # type: ignore[typeddict-item]


def record(customer_id: str, size: int = 0) -> CustomerRecord:
    # Long texts are stored deflated; this one stays about as long as it is.
    features = {"blob": base64.b64encode(random.Random(size).randbytes(size * 3 // 4)).decode()}
    return CustomerRecord(
        customer_id=customer_id, schema_version="v1", as_of="2026-01-01", features=features, profile=CustomerProfile()
    )


def test_a_request_costs_one_read_and_one_write(store: DynamoStore, tmp_path: Path) -> None:
    store.put_records([record("c1")])
    choose(store, "c1", opted_out=False)
    log = AuditLog(store, Keyring.create(tmp_path / "keys.json"), "w")
    wire = Wire(store)
    store.read_context("c1", "v1")
    log.append("model_inference", {"request_id": "r1"})
    log.append("model_inference", {"request_id": "r2"})
    assert wire.calls == {"BatchGetItem": 1, "TransactWriteItems": 2}


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("BatchGetItem", lambda store: store.read_context("c1")),
        ("Query", lambda store: store.list_documents("customers", "c1")),
        ("BatchWriteItem", lambda store: store.remove_documents([choices_key("c1")])),
        ("BatchWriteItem", lambda store: store.put_records([record("c1")])),
        ("GetItem", lambda store: store.get_head("w")),
        ("GetItem", lambda store: store.get_request("r")),
        ("Scan", lambda store: list(store.entries())),
        ("Scan", lambda store: list(store.heads())),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [refusal("AccessDeniedException", "Query"), ConnectTimeoutError(endpoint_url="table")],
    ids=["refused", "timeout"],
)
def test_a_failing_call_is_an_error_and_never_an_answer(
    store: DynamoStore, operation: str, ask: Any, fault: Exception
) -> None:
    Wire(store).faults[operation] = [fault]
    with pytest.raises(StoreError):
        ask(store)


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        ([{"Code": "ConditionalCheckFailed"}, {"Code": "None"}], StoreConflictError),
        ([{"Code": "TransactionConflict"}], StoreConflictError),
        ([{"Code": "ThrottlingError"}], StoreError),
    ],
)
def test_a_cancelled_append_says_whether_its_place_was_taken(
    store: DynamoStore, tmp_path: Path, reasons: list[Any], error: type[Exception]
) -> None:
    wire = Wire(store)
    exception = store._client.exceptions.TransactionCanceledException
    cancelled = exception(
        {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons},
        "TransactWriteItems",
    )
    wire.faults["TransactWriteItems"] = [cancelled]
    log = AuditLog(store, Keyring.create(tmp_path / "keys.json"), "w")
    if error is StoreConflictError:
        assert log.append("operation", {}).seq == 1  # it looked up its head and tried again
        assert wire.calls["TransactWriteItems"] == 2
    else:
        with pytest.raises(StoreError, match="Canceled"):
            log.append("operation", {})


def test_throttled_records_are_put_again_until_they_are_in(store: DynamoStore) -> None:
    def half(send: Any, operation: str, arguments: Any) -> Any:
        (table, requests), *_ = arguments["RequestItems"].items()
        cut = len(requests) // 2
        send(operation, {"RequestItems": {table: requests[:cut]}})
        return {"UnprocessedItems": {table: requests[cut:]}}

    wire = Wire(store)
    wire.faults["BatchWriteItem"] = [half, half]
    assert store.put_records(record(f"c{i}") for i in range(20)) == 20
    assert wire.calls["BatchWriteItem"] == 3
    assert all(store.read_context(f"c{i}").record for i in range(20))


def test_records_that_stay_throttled_are_an_error(store: DynamoStore) -> None:
    wire = Wire(store)
    wire.faults["BatchWriteItem"] = [lambda send, op, args: {"UnprocessedItems": args["RequestItems"]}] * 100
    with pytest.raises(StoreError, match="throttled"):
        store.put_records([record("c1")])


def test_a_record_is_found_on_a_later_page(store: DynamoStore) -> None:
    """A query answers at most 1 MB at a time."""
    choose(store, "c1", opted_out=True)
    store.put_records(record("c1", 300_000).model_copy(update={"schema_version": f"v{i}"}) for i in range(6))
    wire = Wire(store)
    context = store.read_context("c1")
    assert context.opted_out
    assert context.record is not None
    assert context.record.schema_version == "v5"
    assert wire.calls["Query"] > 1


def test_what_a_batched_read_left_out_is_asked_for_again(store: DynamoStore) -> None:
    def nothing(send: Any, operation: str, arguments: Any) -> Any:
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    choose(store, "c1", opted_out=True)
    wire = Wire(store)
    wire.faults["BatchGetItem"] = [nothing, nothing]
    assert store.read_context("c1", "v1").opted_out
    wire.faults["BatchGetItem"] = [nothing] * 100
    with pytest.raises(StoreError, match="throttled"):
        store.read_context("c1", "v1")


def test_a_record_beyond_the_services_limit_is_an_error(store: DynamoStore) -> None:
    with pytest.raises(StoreError, match="exceed"):
        store.put_records([record("c1", 700_000)])


def raw(store: DynamoStore, table: str) -> list[Any]:
    items: list[Any] = boto3.client("dynamodb").scan(TableName=f"{store._prefix}-{table}")["Items"]
    return items


def test_a_long_entry_is_stored_deflated_and_one_stored_as_text_still_verifies(
    store: DynamoStore, tmp_path: Path
) -> None:
    keyring = Keyring.create(tmp_path / "keys.json")
    log = AuditLog(store, keyring, "w")
    long = [log.append("operation", {"n": n, "text": "0123456789abcdef" * 200}) for n in range(2)]
    first = boto3.client("dynamodb").get_item(
        TableName=f"{store._prefix}-audit", Key={"writer": {"S": "w"}, "seq": {"N": "1"}}
    )["Item"]
    assert len(first["body"]["B"]) < len(long[0].body) / 4
    plain = {**first, "body": {"S": long[0].body.decode()}}  # as every entry was once kept
    boto3.client("dynamodb").put_item(TableName=f"{store._prefix}-audit", Item=plain)
    assert [store.get_entry("w", seq) for seq in (1, 2)] == [one.body for one in long]
    assert fsck(store, keyring).verdict == "clean"


@pytest.mark.parametrize("spoilt", [b"", b"no deflate", zlib.compress(b"{}") + b"more", zlib.compress(b"{}")[:-2]])
def test_a_binary_that_nobody_deflated_is_damage_and_no_crash(
    store: DynamoStore, tmp_path: Path, spoilt: bytes
) -> None:
    keyring = Keyring.create(tmp_path / "keys.json")
    AuditLog(store, keyring, "w").append("operation", {"text": "0123456789abcdef" * 200})
    (item,) = raw(store, "audit")
    boto3.client("dynamodb").put_item(TableName=f"{store._prefix}-audit", Item={**item, "body": {"B": spoilt}})
    report = fsck(store, keyring)
    assert report.verdict != "clean"
    assert report.bad[0].seq == 1


def test_a_long_document_is_stored_deflated_and_one_stored_as_text_is_still_read(store: DynamoStore) -> None:
    long = record("c1").model_copy(update={"features": {f"feature_{n}": float(n) for n in range(100)}})
    store.put_records([long])
    (item,) = raw(store, "customers")
    assert len(item["body"]["B"]) < 1000
    assert store.read_context("c1").record == long
    plain = {**item, "body": {"S": zlib.decompress(item["body"]["B"]).decode()}}
    boto3.client("dynamodb").put_item(TableName=f"{store._prefix}-customers", Item=plain)
    assert store.read_context("c1").record == long
