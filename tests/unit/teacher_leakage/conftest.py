"""A spec with one task of each type, and honest data for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from teacher.features import FittedSchema, fit_schema
from teacher.features.schema import RawFeatures
from teacher.leakage.sampling import Halves, halves
from understudy.contracts.spec import DatasetSpec

ROWS = 4000
CLASSES = ["a", "b", "c"]


@dataclass
class Case:
    """Numeric columns by group, and labels; ``plant`` adds or replaces a column."""

    columns: dict[str, dict[str, NDArray[np.float64]]]
    labels: dict[str, NDArray[np.float64]]
    tasks: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"name": "binary", "type": "binary", "label": "x"},
            {"name": "multi", "type": "multiclass", "label": "x", "classes": CLASSES},
            {"name": "number", "type": "regression", "label": "x"},
        ]
    )

    def plant(self, group: str, **columns: NDArray[Any]) -> None:
        self.columns.setdefault(group, {}).update({name: np.asarray(v, dtype=float) for name, v in columns.items()})

    @property
    def spec(self) -> DatasetSpec:
        return DatasetSpec.model_validate(
            {
                "schema_version": 1,
                "name": "toy",
                "title": "Toy",
                "sources": [{"name": "t", "path": "./t.csv"}],
                "base": "t",
                "key": "id",
                "groups": [{"name": name, "numeric": list(columns)} for name, columns in self.columns.items()],
                "tasks": self.tasks,
                "catalog": "catalog.toml",
            }
        )

    @property
    def raw(self) -> RawFeatures:
        return {name: values for columns in self.columns.values() for name, values in columns.items()}

    @property
    def features(self) -> NDArray[np.float64]:
        return np.column_stack(list(self.raw.values()))

    def fitted(self) -> FittedSchema:
        return fit_schema(self.spec, self.raw, np.arange(ROWS), np.arange(ROWS))

    @property
    def parts(self) -> Halves:
        return halves(np.arange(ROWS), np.arange(ROWS), ROWS, 0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def case(rng: np.random.Generator) -> Case:
    """Labels that the features predict well, but with honest noise."""
    x = rng.normal(size=(ROWS, 4))
    binary = (x[:, 0] + x[:, 1] + rng.normal(size=ROWS) > 0).astype(float)
    multi = np.digitize(x[:, 2] + rng.normal(size=ROWS), [-0.7, 0.7]).astype(float)
    number = np.exp(x[:, 3] + 0.5 * rng.normal(size=ROWS))
    columns = {"one": {"x0": x[:, 0], "x1": x[:, 1]}, "two": {"x2": x[:, 2], "x3": x[:, 3]}}
    return Case(columns, {"binary": binary, "multi": multi, "number": number})
