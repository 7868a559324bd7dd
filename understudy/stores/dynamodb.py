"""The cloud store: three DynamoDB tables, created by the deployment (see `understudy.stores.tables`)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from understudy.atomic import canonical_json
from understudy.contracts.api import CustomerRecord
from understudy.contracts.audit import AuditEntry, AuditHead
from understudy.stores.protocol import (
    MAX_CONTACTS,
    RequestContext,
    StoreConflictError,
    StoreError,
    choose_record,
    indexed_request,
)
from understudy.stores.tables import AUDIT, CUSTOMERS, HEADS

__all__ = ["DynamoStore"]

Item = dict[str, Any]

BATCH = 25  # items per BatchWriteItem, the service's limit
ATTEMPTS = 6  # for items a batch left unprocessed, and for contact updates that met each other
# A request waits for a table at most ~2 s; longer means "cannot answer", which the function knows how to handle.
CLIENT = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 3})


class DynamoStore:
    """`ServingStore` on ``<prefix>-customers``, ``<prefix>-audit`` and ``<prefix>-heads``."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._customers = CUSTOMERS.name(prefix)
        self._audit = AUDIT.name(prefix)
        self._heads = HEADS.name(prefix)
        with self._answering():
            self._client = boto3.client("dynamodb", config=CLIENT)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"{self._prefix}: {error}") from error

    def read_context(self, customer_id: str, schema_version: str | None = None) -> RequestContext:
        items = list(
            self._pages(
                "query",
                TableName=self._customers,
                KeyConditionExpression="customer_id = :id",
                ExpressionAttributeValues={":id": {"S": customer_id}},
            )
        )
        consent = next((item for item in items if item["item"]["S"] == "consent"), {})
        try:
            records = [CustomerRecord.model_validate_json(i["body"]["S"]) for i in items if i is not consent]
            opted_out = bool(consent["opted_out"]["BOOL"]) if "opted_out" in consent else False
            contacts = [at["S"] for at in consent["contacts"]["L"]] if "contacts" in consent else []
        except (ValueError, KeyError) as error:
            raise StoreError(f"{self._customers}: the record of a customer cannot be read: {error}") from error
        return RequestContext(choose_record(records, schema_version), opted_out, contacts)

    def put_records(self, records: Iterable[CustomerRecord]) -> int:
        pending, written = iter(records), 0
        while batch := list(islice(pending, BATCH)):
            # A batch may not name a key twice: the last one of a customer and schema wins, as if put one by one.
            puts = {(r.customer_id, r.schema_version): {"PutRequest": {"Item": _record_item(r)}} for r in batch}
            self._write_batch(list(puts.values()))
            written += len(batch)
        return written

    def _write_batch(self, requests: list[Item]) -> None:
        for attempt in range(ATTEMPTS):
            with self._answering():
                left = self._client.batch_write_item(RequestItems={self._customers: requests})["UnprocessedItems"]
            if not left:
                return
            requests = left[self._customers]
            time.sleep(0.05 * 2**attempt)
        raise StoreError(f"{self._customers}: {len(requests)} records were throttled {ATTEMPTS} times")

    def set_opt_out(self, customer_id: str, opted_out: bool) -> None:
        with self._answering():
            self._client.update_item(
                TableName=self._customers,
                Key=_consent_key(customer_id),
                UpdateExpression="SET opted_out = :o",
                ExpressionAttributeValues={":o": {"BOOL": opted_out}},
            )

    def add_contact(self, customer_id: str, at: str) -> None:
        for _ in range(ATTEMPTS):
            with self._answering():
                try:
                    return self._add_contact(customer_id, at)
                except self._client.exceptions.ConditionalCheckFailedException:
                    continue  # somebody else recorded a contact in between
        raise StoreError(f"{self._customers}: a contact was overtaken {ATTEMPTS} times")

    def _add_contact(self, customer_id: str, at: str) -> None:
        found = self._client.get_item(
            TableName=self._customers,
            Key=_consent_key(customer_id),
            ConsistentRead=True,
            ProjectionExpression="contacts",
        )
        before = found.get("Item", {}).get("contacts")
        known = [entry["S"] for entry in before["L"]] if before else []
        after = {"L": [{"S": one} for one in sorted([*known, at])[-MAX_CONTACTS:]]}
        self._client.update_item(
            TableName=self._customers,
            Key=_consent_key(customer_id),
            UpdateExpression="SET contacts = :after",
            ConditionExpression="contacts = :before" if before else "attribute_not_exists(contacts)",
            ExpressionAttributeValues={":after": after} | ({":before": before} if before else {}),
        )

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

    def _get(self, table: str, key: Item) -> Item | None:
        with self._answering():
            item: Item | None = self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        return item

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

    def _pages(self, operation: str, **request: Any) -> Iterator[Item]:
        with self._answering():
            while True:
                page = getattr(self._client, operation)(ConsistentRead=True, **request)
                yield from page["Items"]
                if "LastEvaluatedKey" not in page:
                    return
                request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def close(self) -> None:
        self._client.close()


def _record_item(record: CustomerRecord) -> Item:
    item = f"record#{record.schema_version}"
    return {
        "customer_id": {"S": record.customer_id},
        "item": {"S": item},
        "body": {"S": record.model_dump_json()},
    }


def _consent_key(customer_id: str) -> Item:
    return {"customer_id": {"S": customer_id}, "item": {"S": "consent"}}


def _entry_key(writer: str, seq: int) -> Item:
    return {"writer": {"S": writer}, "seq": {"N": str(seq)}}


def _whole(number: str) -> int | str:
    """A sort key as stored; only tampering can leave one that is not an integer, and fsck names it."""
    return int(number) if number.lstrip("-").isdigit() else number
