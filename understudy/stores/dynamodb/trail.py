"""The audit trail, in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from understudy.atomic import canonical_json
from understudy.contracts.audit import AuditEntry, AuditHead
from understudy.stores.dynamodb.client import DynamoClient, Item
from understudy.stores.protocol import StoreConflictError, StoreError, indexed_request

__all__ = ["DynamoTrail"]


class DynamoTrail(DynamoClient):
    """`TrailStore` on ``<prefix>-audit`` and ``<prefix>-heads``."""

    def put_entry(self, entry: AuditEntry, head: AuditHead) -> None:
        request_id = indexed_request(entry)
        puts = [self._new_entry(entry, request_id), self._next_head(head)]
        if request_id is not None:
            puts.append(self._pointer(request_id, entry))
        with self._answering():
            try:
                self._client.transact_write_items(TransactItems=[{"Put": put} for put in puts])
            except self._client.exceptions.TransactionCanceledException as error:
                codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if codes & {"ConditionalCheckFailed", "TransactionConflict"}:
                    raise StoreConflictError(f"entry {entry.seq} is not the next of writer {entry.writer}") from None
                raise

    def _new_entry(self, entry: AuditEntry, request_id: str | None) -> Item:
        item = _entry_key(entry.writer, entry.seq) | {"body": {"S": canonical_json(entry.model_dump()).decode()}}
        if request_id is not None:
            item["request_id"] = {"S": request_id}
        return {"TableName": self._audit, "Item": item, "ConditionExpression": "attribute_not_exists(writer)"}

    def _next_head(self, head: AuditHead) -> Item:
        item = {"writer": {"S": head.writer}, "seq": {"N": str(head.seq)}}
        put: Item = {
            "TableName": self._heads,
            "Item": item | {"body": {"S": canonical_json(head.model_dump()).decode()}},
            "ConditionExpression": "attribute_not_exists(writer)",
        }
        if head.seq > 1:
            put["ConditionExpression"] = "seq = :before"
            put["ExpressionAttributeValues"] = {":before": {"N": str(head.seq - 1)}}
        return put

    def _pointer(self, request_id: str, entry: AuditEntry) -> Item:
        item = _entry_key(f"request#{request_id}", 0) | {"entry": {"M": _entry_key(entry.writer, entry.seq)}}
        return {"TableName": self._audit, "Item": item}

    def get_head(self, writer: str) -> AuditHead | None:
        item = self._get(self._heads, {"writer": {"S": writer}})
        try:
            return AuditHead.model_validate_json(item["body"]["S"]) if item else None
        except (ValueError, KeyError) as error:
            raise StoreError(f"{self._heads}: the head of writer {writer} cannot be read") from error

    def get_request(self, request_id: str) -> AuditEntry | None:
        pointer = self._get(self._audit, _entry_key(f"request#{request_id}", 0))
        if pointer is None:
            return None
        try:
            item = self._get(self._audit, pointer["entry"]["M"])
            return AuditEntry.model_validate_json(item["body"]["S"]) if item else None
        except (ValueError, KeyError) as error:
            raise StoreError(f"{self._audit}: the entry of request {request_id} cannot be read") from error

    def entries(self) -> Iterator[dict[str, Any]]:
        # A scan promises no order, and a list of writers kept beside the entries could be tampered with: so find the
        # writers by their entries, then read each chain in order.
        keys = self._pages("scan", TableName=self._audit, ProjectionExpression="writer")
        writers = {key["writer"]["S"] for key in keys}
        for writer in sorted(w for w in writers if not w.startswith("request#")):
            chain = self._pages(
                "query",
                TableName=self._audit,
                KeyConditionExpression="writer = :w",
                ExpressionAttributeValues={":w": {"S": writer}},
            )
            for item in chain:
                row = {name: next(iter(value.values())) for name, value in item.items()}
                yield {"request_id": None, "body": None, **row, "seq": _whole(row["seq"])}

    def heads(self) -> Iterator[dict[str, Any]]:
        for item in self._pages("scan", TableName=self._heads):
            yield {"writer": item["writer"]["S"], "body": item.get("body", {}).get("S")}


def _entry_key(writer: str, seq: int) -> Item:
    return {"writer": {"S": writer}, "seq": {"N": str(seq)}}


def _whole(number: str) -> int | str:
    """A sort key as stored; only tampering can leave one that is not an integer, and fsck names it."""
    return int(number) if number.lstrip("-").isdigit() else number
