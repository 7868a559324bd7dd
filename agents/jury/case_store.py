"""Past cases in one SQLite file: rows are added, never changed; later knowledge is another row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.jury.case import Case, TurnedOut
from agents.jury.exhibits import Past
from agents.jury.retrieval import Retrieval
from understudy.contracts.watch import Vote
from understudy.errors import UserError

__all__ = ["CaseStore"]

TABLES = {
    "cases": "id TEXT PRIMARY KEY, period TEXT NOT NULL, item TEXT NOT NULL, verdict TEXT NOT NULL, decision TEXT,"
    " still_open INTEGER NOT NULL, sha256 TEXT NOT NULL, body TEXT NOT NULL",
    "votes": "case_id TEXT NOT NULL REFERENCES cases (id), round INTEGER NOT NULL, perspective TEXT NOT NULL,"
    " vote TEXT, dissents INTEGER NOT NULL, juror TEXT NOT NULL, PRIMARY KEY (case_id, round, perspective)",
    "outcomes": "case_id TEXT NOT NULL REFERENCES cases (id), at TEXT NOT NULL, turned_out TEXT NOT NULL,"
    " body TEXT NOT NULL, PRIMARY KEY (case_id, at)",
}
SCHEMA = "".join(
    f"""
CREATE TABLE IF NOT EXISTS {table} ({columns}) STRICT;
CREATE TRIGGER IF NOT EXISTS {table}_stay BEFORE DELETE ON {table}
    BEGIN SELECT raise(ABORT, 'cases and dissent are never removed'); END;
CREATE TRIGGER IF NOT EXISTS {table}_never_change BEFORE UPDATE ON {table}
    BEGIN SELECT raise(ABORT, 'cases and dissent are never changed'); END;
"""
    for table, columns in TABLES.items()
)


class CaseStore:
    """The file at ``path``, made if it is not there.

    Triggers keep honest programs from changing what was said; against whoever can write the file, the sha256 of each
    case stands in the audit log (`agents.audit_agent` holds the two against each other).
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            UserError: it is no case store.
        """
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.executescript(f"BEGIN IMMEDIATE;\n{SCHEMA}COMMIT;")

    def add(self, case: Case) -> None:
        """Keep ``case``; the same one again is no change."""
        row = (case.id, case.period, case.item, case.outcome.verdict, case.outcome.decision, int(case.outcome.open))
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            made = connection.execute(
                "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (*row, case.sha256, case.body().decode()),
            )
            if made.rowcount:
                connection.executemany("INSERT INTO votes VALUES (?, ?, ?, ?, ?, ?)", _votes(case))
            connection.execute("COMMIT")

    def get(self, case_id: str) -> Case | None:
        """The case, if there is one."""
        rows = self._rows("SELECT body FROM cases WHERE id = ?", case_id)
        return self._case(rows[0][0]) if rows else None

    def cases(self, *, before: str | None = None) -> list[Case]:
        """All cases, or those of periods before ``before``, in the order of period, item and id."""
        query = "SELECT body FROM cases WHERE (?1 IS NULL OR period < ?1) ORDER BY period, item, id"
        return [self._case(body) for (body,) in self._rows(query, before)]

    def hashes(self) -> dict[str, str]:
        """Id -> sha256 over the body as it is now, whatever the row claims."""
        found = {}
        for case_id, body in self._rows("SELECT id, body FROM cases"):
            try:
                found[case_id] = Case.model_validate_json(body).sha256
            except ValidationError:
                found[case_id] = ""
        return found

    def turn_out(self, outcome: TurnedOut) -> None:
        """Note how a case turned out; a later note counts more, and the earlier one stays.

        Raises:
            UserError: there is no such case.
        """
        if self.get(outcome.case) is None:
            raise UserError("no such case", where=outcome.case, fix="`understudy inspect case` lists them.")
        row = (outcome.case, outcome.at, outcome.turned_out, outcome.model_dump_json())
        with self._connection() as connection:
            connection.execute("INSERT INTO outcomes VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row)

    def outcomes(self) -> dict[str, TurnedOut]:
        """Case -> the latest note of how it turned out."""
        rows = self._rows("SELECT case_id, body FROM outcomes ORDER BY at")
        return {case_id: TurnedOut.model_validate_json(body) for case_id, body in rows}

    def similar(self, text: str, *, before: str, limit: int = 3) -> list[Past]:
        """The past cases most like ``text``, of periods before ``before``; those unlike it are not among them."""
        cases, outcomes = self.cases(before=before), self.outcomes()
        if not cases:
            return []
        found = Retrieval([_text(case, outcomes.get(case.id)) for case in cases]).rank(text, limit)
        return [Past(cases[place], score, outcomes.get(cases[place].id)) for place, score in found]

    def merge(self, other: CaseStore) -> None:
        """Add everything that ``other`` holds and this one does not."""
        for case in other.cases():
            self.add(case)
        for body in (body for (body,) in other._rows("SELECT body FROM outcomes ORDER BY at")):
            self.turn_out(TurnedOut.model_validate_json(body))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT over ``cases``, ``votes`` and ``outcomes``."""
        return self._rows(statement)

    def _case(self, body: str) -> Case:
        try:
            return Case.model_validate_json(body)
        except ValidationError as error:
            what = f"a case cannot be read: {error.errors()[0]['msg']}"
            raise UserError(what, where=str(self._path), fix="Restore the file.", exit_code=3) from None

    def _rows(self, statement: str, *values: str | None) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for one step, with no journal left beside the file: it is copied as a whole."""
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=10)) as connection:
                connection.execute("PRAGMA foreign_keys=ON")
                connection.execute("PRAGMA synchronous=FULL")
                yield connection
        except sqlite3.DatabaseError as error:
            fix = "Restore the file from the reports store."
            raise UserError(f"the case store cannot be used: {error}", where=str(self._path), fix=fix) from error


def _votes(case: Case) -> list[tuple[str, int, str, str | None, int, str]]:
    rounds: list[list[Vote]] = [case.outcome.first_round, case.outcome.votes]
    dissent = case.outcome.dissent
    return [
        (case.id, place, vote.perspective, vote.vote, int(vote in dissent), vote.juror)
        for place, votes in enumerate([votes for votes in rounds if votes], start=1)
        for vote in votes
    ]


def _text(case: Case, outcome: TurnedOut | None) -> str:
    """What a case is found by: its finding, what was said of it, and how it turned out."""
    said = [vote.reason for vote in case.outcome.votes if vote.vote is not None]
    return "\n".join([case.title, case.summary, *said, outcome.note if outcome else ""])
