"""What was spent, in SQLite."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.stores.sqlite.connection import SqliteConnection

__all__ = ["SCHEMA", "SqliteLedger"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS spending (
    account TEXT, unit TEXT, amount INTEGER NOT NULL, PRIMARY KEY (account, unit)
) STRICT, WITHOUT ROWID;
"""
ADD = "INSERT INTO spending VALUES (?1, ?2, ?3) ON CONFLICT (account, unit) DO UPDATE SET amount = amount + ?3"


class SqliteLedger(SqliteConnection):
    """`Ledger` in SQLite."""

    def spend(self, account: str, amounts: Mapping[str, int], limits: Mapping[str, int]) -> bool:
        with self._writing() as connection:
            before = dict(connection.execute("SELECT unit, amount FROM spending WHERE account = ?", (account,)))
            if any(before.get(unit, 0) + amounts.get(unit, 0) > limit for unit, limit in limits.items()):
                return False
            connection.executemany(ADD, [(account, unit, amount) for unit, amount in amounts.items()])
            return True

    def give_back(self, account: str, amounts: Mapping[str, int]) -> None:
        with self._writing() as connection:
            connection.executemany(ADD, [(account, unit, -amount) for unit, amount in amounts.items()])

    def spent(self, account: str) -> dict[str, int]:
        with self._answering():
            query = "SELECT unit, amount FROM spending WHERE account = ?"
            rows = self._connection.execute(query, (account,)).fetchall()
        return {"tokens": 0, "micro_usd": 0} | dict(rows)
