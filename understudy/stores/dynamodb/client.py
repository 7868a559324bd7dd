"""One DynamoDB client, and strongly consistent reads through it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from understudy.stores.protocol import StoreError
from understudy.stores.tables import AUDIT, CUSTOMERS, HEADS

__all__ = ["ATTEMPTS", "DynamoClient", "Item"]

Item = dict[str, Any]

ATTEMPTS = 6  # for items a batch left unprocessed, and for updates that met each other
# A request waits for a table at most ~2 s; longer means "cannot answer", which the function knows how to handle.
CLIENT = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 3})


class DynamoClient:
    """The client and table names behind every capability of the store; errors of the service become `StoreError`."""

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

    def _get(self, table: str, key: Item) -> Item | None:
        with self._answering():
            item: Item | None = self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        return item

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
