"""What a service on the LightGBM Python package does for one request: 13 scores, and contributions to the best ones."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

__all__ = ["Service"]

TOLD = 10  # contributions in the answer: the largest
SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (customer_id TEXT PRIMARY KEY, features TEXT NOT NULL);
"""


class Service:
    """13 `lightgbm.Booster`.

    Without a store, the customers' rows lie in memory as arrays and nothing is written. With one, a request reads its
    customer's features from SQLite (JSON), and writes what it answered, synced to the disk as the product does.

    Args:
        folder: text models (``*.txt``) and ``rows.json`` (customer -> features).
        store: an SQLite file; None for none.
        contributions: for how many of the tasks with one output, best score first, contributions are computed.
    """

    def __init__(self, folder: Path, store: Path | None, contributions: int) -> None:
        self._boosters = {
            path.stem: lgb.Booster(model_file=str(path)) for path in sorted((folder / "models").glob("*.txt"))
        }
        self._single = [name for name, one in self._boosters.items() if one.num_model_per_iteration() == 1]
        rows: dict[str, list[float | None]] = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
        self._rows = {customer: as_array(values) for customer, values in rows.items()}
        self._contributions = contributions
        self._store: sqlite3.Connection | None = None
        if store is not None:
            self._store = sqlite3.connect(store, isolation_level=None, check_same_thread=False)
            self._store.executescript(SCHEMA)
            filled = [(customer, json.dumps(values)) for customer, values in rows.items()]
            self._store.executemany("INSERT OR REPLACE INTO records VALUES (?, ?)", filled)

    @classmethod
    def from_environment(cls) -> Service:
        """As `against_services` starts it."""
        store = os.environ.get("SERVICE_STORE")
        return cls(
            Path(os.environ["SERVICE_FOLDER"]),
            Path(store) if store else None,
            int(os.environ.get("SERVICE_CONTRIBUTIONS", "1")),
        )

    def answer(self, customer_id: str) -> dict[str, Any]:
        """Scores by task, and the largest contributions to the best of them.

        Raises:
            KeyError: nobody knows the customer.
        """
        row = self._row(customer_id)
        scores = {name: one.predict(row, num_threads=1)[0] for name, one in self._boosters.items()}
        best = sorted(self._single, key=lambda name: -scores[name])[: self._contributions]
        found = {
            "customer_id": customer_id,
            "scores": {name: np.asarray(score).tolist() for name, score in scores.items()},
            "contributions": {name: self._told(name, row) for name in best},
        }
        if self._store is not None:
            self._store.execute("INSERT INTO audit (body) VALUES (?)", (json.dumps(found),))
        return found

    def _row(self, customer_id: str) -> NDArray[np.float64]:
        if self._store is None:
            return self._rows[customer_id]
        (text,) = self._store.execute("SELECT features FROM records WHERE customer_id = ?", (customer_id,)).fetchone()
        return as_array(json.loads(text))

    def _told(self, name: str, row: NDArray[np.float64]) -> dict[str, float]:
        shares = self._boosters[name].predict(row, pred_contrib=True, num_threads=1)[0][:-1]
        return {str(place): float(shares[place]) for place in np.argsort(-np.abs(shares))[:TOLD]}


def as_array(values: list[float | None]) -> NDArray[np.float64]:
    """``[1, features]``, None as NaN."""
    return np.array([values], dtype=np.float64)
