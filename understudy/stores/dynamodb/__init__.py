"""The cloud store: DynamoDB tables created by the deployment (see `understudy.stores.tables`)."""

from __future__ import annotations

from understudy.stores.dynamodb.customers import DynamoCustomers
from understudy.stores.dynamodb.trail import DynamoTrail

__all__ = ["DynamoStore"]


class DynamoStore(DynamoCustomers, DynamoTrail):
    """`ServingStore` on the tables ``<prefix>-...``."""
