"""The audit trail, in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from understudy.stores.documents import Change
from understudy.stores.dynamodb.client import Item
from understudy.stores.dynamodb.documents import DynamoDocuments
from understudy.stores.dynamodb.packed import packed, unpacked
from understudy.stores.protocol import ChangeConflictError, NewEntry, StoreConflictError, StoredEntry, StoreError

__all__ = ["DynamoTrail"]

TAKEN = {"ConditionalCheckFailed", "TransactionConflict"}  # by somebody else, before or at this moment


class DynamoTrail(DynamoDocuments):
    """`TrailStore` on ``<prefix>-audit`` and ``<prefix>-heads``."""

    def put_entry(self, entry: NewEntry, changes: Sequence[Change] = ()) -> None:
        puts = [self._new_entry(entry), self._next_head(entry)]
        if entry.request_id is not None:
            puts.append(self._pointer(entry.request_id, entry))
        parts = [{"Put": put} for put in puts] + [self._made_by(change) for change in changes]
        with self._answering():
            try:
                self._client.transact_write_items(TransactItems=parts)
            except self._client.exceptions.TransactionCanceledException as error:
                codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                if TAKEN & set(codes[: len(puts)]):
                    raise StoreConflictError(f"entry {entry.seq} is not the next of writer {entry.writer}") from None
                if TAKEN & set(codes[len(puts) :]):
                    raise ChangeConflictError("a document is at another version than its change") from None
                raise

    def _new_entry(self, entry: NewEntry) -> Item:
        item = _entry_key(entry.writer, entry.seq) | {"body": packed(entry.body)}
        if entry.request_id is not None:
            item["request_id"] = {"S": entry.request_id}
        return {"TableName": self._audit, "Item": item, "ConditionExpression": "attribute_not_exists(writer)"}

    def _next_head(self, entry: NewEntry) -> Item:
        item = {"writer": {"S": entry.writer}, "seq": {"N": str(entry.seq)}, "body": {"S": entry.head.decode()}}
        put: Item = {
            "TableName": self._heads,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(writer)",
        }
        if entry.seq > 1:
            put["ConditionExpression"] = "seq = :before"
            put["ExpressionAttributeValues"] = {":before": {"N": str(entry.seq - 1)}}
        return put

    def _pointer(self, request_id: str, entry: NewEntry) -> Item:
        item = _entry_key(f"request#{request_id}", 0) | {"entry": {"M": _entry_key(entry.writer, entry.seq)}}
        return {"TableName": self._audit, "Item": item}

    def get_head(self, writer: str) -> bytes | None:
        item = self._get(self._heads, {"writer": {"S": writer}})
        return _body(item, f"{self._heads}: the head of writer {writer} cannot be read") if item else None

    def get_request(self, request_id: str) -> bytes | None:
        pointer = self._get(self._audit, _entry_key(f"request#{request_id}", 0))
        if pointer is None:
            return None
        broken = f"{self._audit}: the entry of request {request_id} cannot be read"
        try:
            item = self._get(self._audit, pointer["entry"]["M"])
        except KeyError:
            raise StoreError(broken) from None
        return _body(item, broken) if item else None

    def get_entry(self, writer: str, seq: int) -> bytes | None:
        item = self._get(self._audit, _entry_key(writer, seq))
        return _body(item, f"{self._audit}: entry {seq} of writer {writer} cannot be read") if item else None

    def entries(self) -> Iterator[StoredEntry]:
        # A scan promises no order, and a list of writers kept beside the entries could be tampered with: so find the
        # writers by their entries, then read each chain in order.
        keys = self._pages("scan", TableName=self._audit, ProjectionExpression="writer")
        writers = {key["writer"]["S"] for key in keys}
        for writer in sorted(w for w in writers if not w.startswith("request#")):
            yield from self._chain("writer = :w", {":w": {"S": writer}})

    def chain(self, writer: str, after: int) -> Iterator[StoredEntry]:
        return self._chain("writer = :w AND seq > :after", {":w": {"S": writer}, ":after": {"N": str(after)}})

    def _chain(self, condition: str, values: Item) -> Iterator[StoredEntry]:
        found = self._pages(
            "query", TableName=self._audit, KeyConditionExpression=condition, ExpressionAttributeValues=values
        )
        for item in found:
            row = {name: next(iter(value.values())) for name, value in item.items()}
            request_id, body = _bytes(row.get("request_id")), unpacked(row.get("body"))
            yield _bytes(row["writer"]), _whole(row["seq"]), request_id, body

    def heads(self) -> Iterator[tuple[Any, Any]]:
        for item in self._pages("scan", TableName=self._heads):
            yield _bytes(item["writer"]["S"]), _bytes(item.get("body", {}).get("S"))


def _bytes(value: Any) -> Any:
    """A text as bytes, as the protocol wants it; what is no text (tampering) as it is."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _body(item: Item, broken: str) -> bytes:
    body = unpacked(next(iter(item.get("body", {}).values()), None))
    if not isinstance(body, bytes):
        raise StoreError(broken)
    return body


def _entry_key(writer: str, seq: int) -> Item:
    return {"writer": {"S": writer}, "seq": {"N": str(seq)}}


def _whole(number: str) -> int | str:
    """A sort key as stored; only tampering can leave one that is not an integer, and fsck names it."""
    return int(number) if number.lstrip("-").isdigit() else number
