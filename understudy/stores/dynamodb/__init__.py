"""The cloud store: DynamoDB tables created by the deployment (see `understudy.stores.tables`)."""

from __future__ import annotations

from understudy.stores.customers import CustomerDocuments
from understudy.stores.dynamodb.documents import DynamoDocuments
from understudy.stores.dynamodb.ledger import DynamoLedger
from understudy.stores.dynamodb.sentences import DynamoSentences
from understudy.stores.dynamodb.trail import DynamoTrail

__all__ = ["DynamoStore"]


class DynamoStore(DynamoTrail, DynamoSentences, DynamoLedger, DynamoDocuments, CustomerDocuments):
    """`ServingStore` on the tables ``<prefix>-...``."""
