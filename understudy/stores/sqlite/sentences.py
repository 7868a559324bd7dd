"""Sentences of the language model, in SQLite."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.contracts.sentences import StoredSentence
from understudy.stores.protocol import StoreError
from understudy.stores.sqlite.connection import SqliteConnection

__all__ = ["SCHEMA", "SqliteSentences"]

SCHEMA = "CREATE TABLE IF NOT EXISTS sentences (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;\n"


class SqliteSentences(SqliteConnection):
    """`SentenceStore` in SQLite."""

    def read_sentences(self, ids: Sequence[str]) -> dict[str, StoredSentence]:
        marks = ", ".join("?" * len(ids))
        with self._answering():
            query = f"SELECT id, body FROM sentences WHERE id IN ({marks})"
            rows = self._connection.execute(query, list(ids)).fetchall()
        try:
            return {row_id: StoredSentence.model_validate_json(body) for row_id, body in rows}
        except ValueError as error:
            raise StoreError(f"{self._path}: a sentence cannot be read") from error

    def put_sentence(self, sentence: StoredSentence) -> None:
        row = (sentence.key.id, sentence.model_dump_json())
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO sentences VALUES (?, ?)", row)
