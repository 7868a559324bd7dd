"""Sentences of the language model, in DynamoDB."""

from __future__ import annotations

import time
from collections.abc import Sequence

from understudy.contracts.sentences import StoredSentence
from understudy.stores.dynamodb.client import DynamoClient, Item
from understudy.stores.protocol import StoreError
from understudy.stores.tables import SENTENCES

__all__ = ["DynamoSentences"]

ATTEMPTS = 3  # a request waits for this; a sentence is never worth a long wait


class DynamoSentences(DynamoClient):
    """`SentenceStore` on ``<prefix>-sentences``."""

    def read_sentences(self, ids: Sequence[str]) -> dict[str, StoredSentence]:
        if not ids:
            return {}
        table = SENTENCES.name(self._prefix)
        wanted: Item = {table: {"Keys": [{"id": {"S": one}} for one in dict.fromkeys(ids)]}}
        found: dict[str, StoredSentence] = {}
        for attempt in range(ATTEMPTS):
            with self._answering():
                page = self._client.batch_get_item(RequestItems=wanted)
            try:
                for item in page["Responses"].get(table, []):
                    found[item["id"]["S"]] = StoredSentence.model_validate_json(item["body"]["S"])
            except (ValueError, KeyError) as error:
                raise StoreError(f"{table}: a sentence cannot be read") from error
            wanted = page.get("UnprocessedKeys") or {}
            if not wanted:
                return found
            time.sleep(0.02 * 2**attempt)
        raise StoreError(f"{table}: the sentences were throttled {ATTEMPTS} times")

    def put_sentence(self, sentence: StoredSentence) -> None:
        item = {"id": {"S": sentence.key.id}, "body": {"S": sentence.model_dump_json()}}
        with self._answering():
            self._client.put_item(TableName=SENTENCES.name(self._prefix), Item=item)
