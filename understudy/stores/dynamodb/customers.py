"""Records, objections and contacts of customers, in DynamoDB."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice

from understudy.contracts.api import CustomerRecord
from understudy.stores.dynamodb.client import ATTEMPTS, DynamoClient, Item
from understudy.stores.protocol import MAX_CONTACTS, RequestContext, StoreError, choose_record

__all__ = ["DynamoCustomers"]

BATCH = 25  # items per BatchWriteItem, the service's limit


class DynamoCustomers(DynamoClient):
    """`CustomerStore` on ``<prefix>-customers``."""

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


def _record_item(record: CustomerRecord) -> Item:
    item = f"record#{record.schema_version}"
    return {
        "customer_id": {"S": record.customer_id},
        "item": {"S": item},
        "body": {"S": record.model_dump_json()},
    }


def _consent_key(customer_id: str) -> Item:
    return {"customer_id": {"S": customer_id}, "item": {"S": "consent"}}
