"""Records, objections and contacts of customers, in SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

from understudy.contracts.api import CustomerRecord
from understudy.stores.protocol import MAX_CONTACTS, RequestContext, StoreError, choose_record
from understudy.stores.sqlite.connection import SqliteConnection

__all__ = ["SCHEMA", "SqliteCustomers"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    customer_id TEXT, schema_version TEXT, body TEXT NOT NULL, PRIMARY KEY (customer_id, schema_version)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consents (
    customer_id TEXT PRIMARY KEY, opted_out INTEGER NOT NULL DEFAULT 0, contacts TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;
"""
CONTEXT = """
SELECT 'record', body FROM records WHERE customer_id = :id
UNION ALL SELECT opted_out, contacts FROM consents WHERE customer_id = :id
"""
CHUNK = 500  # records per transaction: an audit write waits for one chunk at most


class SqliteCustomers(SqliteConnection):
    """`CustomerStore` in SQLite."""

    def read_context(self, customer_id: str, schema_version: str | None = None) -> RequestContext:
        with self._answering():
            rows = self._connection.execute(CONTEXT, {"id": customer_id}).fetchall()
        opted_out, contacts, records = False, [], []
        try:
            for tag, body in rows:
                if tag == "record":
                    records.append(CustomerRecord.model_validate_json(body))
                else:
                    opted_out, contacts = bool(tag), json.loads(body)
        except ValueError as error:
            raise StoreError(f"{self._path}: the record of a customer cannot be read: {error}") from error
        return RequestContext(choose_record(records, schema_version), opted_out, contacts)

    def put_records(self, records: Iterable[CustomerRecord]) -> int:
        pending, written = iter(records), 0
        while rows := [(r.customer_id, r.schema_version, r.model_dump_json()) for r in islice(pending, CHUNK)]:
            with self._writing() as connection:
                connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
            written += len(rows)
        return written

    def set_opt_out(self, customer_id: str, opted_out: bool) -> None:
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO consents (customer_id, opted_out) VALUES (?1, ?2)"
                " ON CONFLICT (customer_id) DO UPDATE SET opted_out = ?2",
                (customer_id, int(opted_out)),
            )

    def add_contact(self, customer_id: str, at: str) -> None:
        with self._writing() as connection:
            row = connection.execute("SELECT contacts FROM consents WHERE customer_id = ?", (customer_id,)).fetchone()
            contacts = sorted([*json.loads(row[0] if row else "[]"), at])[-MAX_CONTACTS:]
            connection.execute(
                "INSERT INTO consents (customer_id, contacts) VALUES (?1, ?2)"
                " ON CONFLICT (customer_id) DO UPDATE SET contacts = ?2",
                (customer_id, json.dumps(contacts)),
            )
