"""Both stores behind one fixture, and a way to tamper with each behind its back."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from understudy.audit import Keyring
from understudy.stores import ServingStore, open_store
from understudy.stores.tables import TABLES


class SqliteVandal:
    """Somebody with write access to the file, and no key."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("DROP TRIGGER entries_stay")
        self._connection.execute("DROP TRIGGER entries_never_change")

    def body(self, writer: str, seq: int) -> str:
        query = "SELECT body FROM entries WHERE writer = ? AND seq = ?"
        return str(self._connection.execute(query, (writer, seq)).fetchone()[0])

    def put(self, writer: str, seq: int, body: str, request_id: str | None) -> None:
        self._connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", (writer, seq, request_id, body))

    def remove(self, writer: str, seq: int) -> None:
        self._connection.execute("DELETE FROM entries WHERE writer = ? AND seq = ?", (writer, seq))

    def head(self, writer: str) -> str:
        return str(self._connection.execute("SELECT body FROM heads WHERE writer = ?", (writer,)).fetchone()[0])

    def put_head(self, writer: str, seq: int, body: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", (writer, seq, body))

    def remove_head(self, writer: str) -> None:
        self._connection.execute("DELETE FROM heads WHERE writer = ?", (writer,))

    def spoil_record(self, customer_id: str) -> None:
        self._connection.execute(
            "UPDATE customers SET body = '{' WHERE owner = ? AND item LIKE 'record#%'", (customer_id,)
        )


class DynamoVandal:
    """Somebody with write access to the tables, and no key."""

    def __init__(self, prefix: str) -> None:
        dynamodb = boto3.resource("dynamodb")
        self._entries = dynamodb.Table(f"{prefix}-audit")
        self._heads = dynamodb.Table(f"{prefix}-heads")
        self._customers = dynamodb.Table(f"{prefix}-customers")

    def body(self, writer: str, seq: int) -> str:
        return str(self._entries.get_item(Key={"writer": writer, "seq": seq})["Item"]["body"])

    def put(self, writer: str, seq: int, body: str, request_id: str | None) -> None:
        item: dict[str, Any] = {"writer": writer, "seq": seq, "body": body}
        self._entries.put_item(Item=item | ({"request_id": request_id} if request_id else {}))

    def remove(self, writer: str, seq: int) -> None:
        self._entries.delete_item(Key={"writer": writer, "seq": seq})

    def head(self, writer: str) -> str:
        return str(self._heads.get_item(Key={"writer": writer})["Item"]["body"])

    def put_head(self, writer: str, seq: int, body: str) -> None:
        self._heads.put_item(Item={"writer": writer, "seq": seq, "body": body})

    def remove_head(self, writer: str) -> None:
        self._heads.delete_item(Key={"writer": writer})

    def spoil_record(self, customer_id: str) -> None:
        self._customers.put_item(Item={"customer_id": customer_id, "item": "record#v1", "version": 1, "body": "{"})


@dataclass(frozen=True)
class Place:
    """A store's URL, and how to damage what is behind it."""

    url: str
    vandalise: Callable[[], SqliteVandal | DynamoVandal]

    def open(self) -> ServingStore:
        return open_store(self.url)


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        # The fake copies whole tables while it works and is not made for threads; the service is. One call at a time.
        answer, turn = BotocoreStubber.__call__, threading.Lock()

        def answer_in_turn(self: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
            with turn:
                return answer(self, *args, **kwargs)

        patch.setattr(BotocoreStubber, "__call__", answer_in_turn)
        with mock_aws():
            yield


@pytest.fixture(params=["sqlite", "dynamodb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        path = tmp_path / "store.sqlite"
        return Place(f"sqlite://{path}", lambda: SqliteVandal(path))
    request.getfixturevalue("aws")
    prefix = f"test-{uuid4().hex[:8]}"
    for table in TABLES:
        keys = [(table.partition, "HASH")] + ([(table.sort, "RANGE")] if table.sort else [])
        boto3.client("dynamodb").create_table(
            TableName=table.name(prefix),
            KeySchema=[{"AttributeName": key[0], "KeyType": role} for key, role in keys],
            AttributeDefinitions=[{"AttributeName": key[0], "AttributeType": key[1]} for key, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    return Place(f"dynamodb://{prefix}", lambda: DynamoVandal(prefix))


@pytest.fixture
def store(place: Place) -> Iterator[ServingStore]:
    opened = place.open()
    yield opened
    opened.close()


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys.json")
