"""Versioned documents, in DynamoDB."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from understudy.stores.documents import Change, Document, Key, Place, Put, now_seconds
from understudy.stores.dynamodb.client import ATTEMPTS, DynamoClient, Item
from understudy.stores.dynamodb.packed import packed, unpacked
from understudy.stores.protocol import StoreError
from understudy.stores.tables import CUSTOMERS, OVERSIGHT, Table

__all__ = ["DynamoDocuments"]

BATCH = 25  # items per BatchWriteItem, the service's limit
PLACES: dict[Place, Table] = {"customers": CUSTOMERS, "oversight": OVERSIGHT}


class DynamoDocuments(DynamoClient):
    """`DocumentStore` on ``<prefix>-customers`` and ``<prefix>-oversight``."""

    def read_documents(self, keys: Sequence[Key]) -> dict[Key, Document]:
        wanted: Item = {}
        for key in keys:
            asked = wanted.setdefault(self._table(key.place), {"Keys": [], "ConsistentRead": True})
            asked["Keys"].append(_address(key))
        found: dict[Key, Document] = {}
        for attempt in range(ATTEMPTS):
            with self._answering():
                page = self._client.batch_get_item(RequestItems=wanted)
            for place in PLACES:
                for item in page["Responses"].get(self._table(place), []):
                    if _fresh(item):
                        document = self._document(place, item)
                        found[document.key] = document
            wanted = page["UnprocessedKeys"]
            if not wanted:
                return found
            time.sleep(0.02 * 2**attempt)
        raise StoreError(f"{self._prefix}: a read was throttled {ATTEMPTS} times")

    def list_documents(
        self, place: Place, partition: str, *, start: str = "", end: str | None = None, limit: int = 1000
    ) -> list[Document]:
        # A key condition can compare a sort key once, and BETWEEN includes its end; nor may a value be empty.
        condition, values = "#p = :p", {":p": {"S": partition}}
        names = {"#p": PLACES[place].partition[0]}
        if start and end is not None:
            condition += " AND #i BETWEEN :start AND :end"
        elif start or end is not None:
            condition += " AND #i >= :start" if start else " AND #i < :end"
        if start:
            values[":start"] = {"S": start}
        if end is not None:
            values[":end"] = {"S": end}
        if len(values) > 1:
            names["#i"] = "item"
        pages = self._pages(
            "query",
            TableName=self._table(place),
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ExpressionAttributeNames=names,
            Limit=limit + 1,
        )
        fitting = (item for item in pages if _fresh(item) and item["item"]["S"] != end)
        return [self._document(place, item) for item in islice(fitting, limit)]

    def documents_named(self, place: Place, item: str) -> Iterator[Document]:
        pages = self._pages(
            "scan",
            TableName=self._table(place),
            FilterExpression="#i = :i",
            ExpressionAttributeNames={"#i": "item"},
            ExpressionAttributeValues={":i": {"S": item}},
        )
        return (self._document(place, found) for found in pages if _fresh(found))

    def put_documents(self, documents: Iterable[tuple[Key, str]]) -> int:
        pending, written = iter(documents), 0
        while batch := list(islice(pending, BATCH)):
            # A batch may not name a key twice: the last of a key wins, as if they were put one by one.
            puts = {
                key: {"PutRequest": {"Item": _address(key) | {"version": {"N": "1"}, "body": packed(text.encode())}}}
                for key, text in batch
            }
            self._write_batch({self._customers: list(puts.values())})
            written += len(batch)
        return written

    def remove_documents(self, keys: Iterable[Key]) -> None:
        pending = iter(dict.fromkeys(keys))
        while batch := list(islice(pending, BATCH)):
            requests: dict[str, list[Item]] = {}
            for key in batch:
                requests.setdefault(self._table(key.place), []).append({"DeleteRequest": {"Key": _address(key)}})
            self._write_batch(requests)

    def _write_batch(self, requests: Mapping[str, list[Item]]) -> None:
        for attempt in range(ATTEMPTS):
            with self._answering():
                requests = self._client.batch_write_item(RequestItems=requests)["UnprocessedItems"]
            if not requests:
                return
            time.sleep(0.05 * 2**attempt)
        left = sum(map(len, requests.values()))
        raise StoreError(f"{self._prefix}: {left} documents were throttled {ATTEMPTS} times")

    def _made_by(self, change: Change) -> Item:
        """The part of a transaction that makes ``change``."""
        guard: Item = {"TableName": self._table(change.key.place)}
        if change.before:
            guard["ConditionExpression"] = "version = :before"
            guard["ExpressionAttributeValues"] = {":before": {"N": str(change.before)}}
        else:  # what has expired stays until the service finds the time to remove it
            guard["ConditionExpression"] = "attribute_not_exists(version) OR expires_at <= :now"
            guard["ExpressionAttributeValues"] = {":now": {"N": str(now_seconds())}}
        if not isinstance(change, Put):
            return {"Delete": guard | {"Key": _address(change.key)}}
        item = _address(change.key) | {"version": {"N": str(change.before + 1)}, "body": packed(change.text.encode())}
        if change.expires_at is not None:
            item["expires_at"] = {"N": str(change.expires_at)}
        return {"Put": guard | {"Item": item}}

    def _table(self, place: Place) -> str:
        return PLACES[place].name(self._prefix)

    def _document(self, place: Place, item: Item) -> Document:
        try:
            key = Key(place, item[PLACES[place].partition[0]]["S"], item["item"]["S"])
            (body,) = item["body"].values()
            text = unpacked(body)
            if isinstance(text, bytes):
                return Document(key, int(item["version"]["N"]), text.decode())
        except (KeyError, ValueError):
            pass
        raise StoreError(f"{self._table(place)}: a document cannot be read") from None


def _address(key: Key) -> Item:
    return {PLACES[key.place].partition[0]: {"S": key.partition}, "item": {"S": key.item}}


def _fresh(item: Item) -> bool:
    return "expires_at" not in item or int(item["expires_at"]["N"]) > now_seconds()
