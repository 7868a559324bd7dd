"""A small bank of its own: a CSV file and a spec that a test may bend before it is prepared."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from teacher.datasets import Dataset, LoadedSpec, open_dataset, prepare
from understudy.contracts.catalog import Catalog
from understudy.contracts.reasons import Glossary
from understudy.contracts.spec import DatasetSpec
from understudy.progress import Silent

SPEC: dict[str, Any] = {
    "schema_version": 1,
    "name": "toy",
    "title": "Toy",
    "sources": [{"name": "people", "path": "./people.csv"}],
    "base": "people",
    "key": "id",
    "ignore": ["note"],
    "groups": [
        {"name": "person", "numeric": ["age"], "categorical": ["region"]},
        {"name": "money", "numeric": ["balance", "visits"]},
    ],
    "tasks": [
        {"name": "churn", "type": "binary", "label": "churned = 1", "defined_by": ["churned"]},
        {"name": "next", "type": "multiclass", "label": "next", "classes": ["card", "loan", "none"]},
        {"name": "spend", "type": "regression", "label": "spend", "mask": "visits > 0"},
    ],
    "protected": {"sex": "lower(sex)"},
    "profile": {"age": "age", "income_krw": "balance * 10", "risk_tolerance": "1", "owned": {"card": "visits > 8"}},
    "catalog": "catalog.toml",
}
CATALOG: dict[str, Any] = {
    "schema_version": 1,
    "families": {"cards": {"ko": "카드", "en": "Cards"}},
    "products": [
        {
            "id": "card",
            "name": {"ko": "카드", "en": "Card"},
            "family": "cards",
            "type": "card",
            "risk_level": 1,
            "seller": {"ko": "은행", "en": "Bank"},
            "drivers": [{"task": "churn", "weight": 1.0, "complement": True}],
        }
    ],
}
HEADER = ["id", "age", "region", "balance", "visits", "sex", "churned", "next", "spend", "note"]


def make_rows(count: int, seed: int = 7) -> list[list[str]]:
    """Rows whose labels depend on the features with much noise; one age in ten and one region in twenty is missing."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        age, balance, visits = int(rng.integers(18, 90)), float(rng.lognormal(7, 1)), int(rng.integers(0, 12))
        churned = int(rng.random() < 1 / (1 + np.exp((age - 50) / 20)))
        following = str(rng.choice(["card", "loan", "none"], p=[0.5, 0.3, 0.2] if age < 50 else [0.2, 0.3, 0.5]))
        rows.append(
            [
                f"C{index:05d}",
                "" if rng.random() < 0.1 else str(age),
                "" if rng.random() < 0.05 else str(rng.choice(["north", "south", "east"])),
                f"{balance:.2f}",
                str(visits),
                str(rng.choice(["F", "M"])),
                str(churned),
                following,
                f"{visits * 10 + rng.normal(0, 30):.2f}",
                "free text",
            ]
        )
    return rows


@dataclass
class Bank:
    """A spec, a catalog and rows; change them, then ``prepare``."""

    folder: Path
    header: list[str] = field(default_factory=lambda: list(HEADER))
    rows: list[list[str]] = field(default_factory=lambda: make_rows(400))
    spec: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(SPEC))
    catalog: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(CATALOG))

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def file(self) -> Path:
        return self.folder / "people.csv"

    def text(self, delimiter: str = ",") -> str:
        return "\n".join(delimiter.join(row) for row in [self.header, *self.rows]) + "\n"

    def column(self, name: str) -> int:
        return self.header.index(name)

    def set(self, row: int, column: str, value: str) -> None:
        self.rows[row][self.column(column)] = value

    def add_column(self, name: str, values: Callable[[int], str]) -> None:
        self.header.append(name)
        for index, row in enumerate(self.rows):
            row.append(values(index))

    def loaded(self) -> LoadedSpec:
        return LoadedSpec(
            DatasetSpec.model_validate(self.spec),
            self.folder,
            Catalog.model_validate(self.catalog),
            Glossary(schema_version=1, facts=[]),
        )

    def prepare(
        self, *, text: str | None = None, seed: int = 0, customers: int | None = None, out: Path | None = None
    ) -> dict[str, Any]:
        self.file.write_text(self.text() if text is None else text, encoding="utf-8")
        return self.run(seed=seed, customers=customers, out=out)

    def run(self, *, seed: int = 0, customers: int | None = None, out: Path | None = None) -> dict[str, Any]:
        """Prepare from the files as they are."""
        return prepare(self.loaded(), out or self.out, data_dir=None, seed=seed, customers=customers, progress=Silent())

    def dataset(self, **options: Any) -> Dataset:
        self.prepare(**options)
        return open_dataset(self.out)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)
