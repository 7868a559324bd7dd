"""A spec with one task of each type, and honest data for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from teacher.datasets import LoadedSpec, open_dataset, prepare
from teacher.features import FittedSchema, fit_schema
from teacher.features.schema import RawFeatures
from teacher.leakage.sampling import Halves, halves
from understudy.contracts.catalog import Catalog
from understudy.contracts.reasons import Glossary
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Silent

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
            "drivers": [{"task": "binary", "weight": 1.0}],
        }
    ],
}


@dataclass
class Planted:
    """A bank of honest tables and its spec, which goes through ``prepare`` like any other.

    ``add`` plants a column; ``verdict`` prepares and reads the gate's evidence.
    """

    folder: Path
    rng: np.random.Generator
    rows: int = 2400
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    more: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        x, rng = self.rng.normal(size=(self.rows, 4)).round(6), self.rng
        self.columns["id"] = np.array([f"C{index:06d}" for index in range(self.rows)])
        self.columns |= {f"x{index}": x[:, index] for index in range(4)}
        self.columns["city"] = rng.choice(["north", "south", "east"], self.rows)
        self.columns["y_binary"] = (x[:, 0] + x[:, 1] + rng.normal(size=self.rows) > 0).astype(float)
        self.columns["y_multi"] = np.digitize(x[:, 2] + rng.normal(size=self.rows), [-0.7, 0.7]).astype(float)
        self.columns["y_number"] = np.exp(x[:, 3] + 0.5 * rng.normal(size=self.rows))
        self.groups = {"one": {"numeric": ["x0", "x1"], "categorical": ["city"]}, "two": {"numeric": ["x2", "x3"]}}
        self.spec = {
            "schema_version": 1,
            "name": "planted",
            "title": "Planted",
            "sources": [{"name": "people", "kind": "parquet", "path": "./people.parquet"}],
            "base": "people",
            "key": "id",
            "catalog": "catalog.toml",
            "tasks": [
                {"name": "binary", "type": "binary", "label": "y_binary"},
                {
                    "name": "multi",
                    "type": "multiclass",
                    "label": "['a', 'b', 'c'][y_multi::INT + 1]",
                    "classes": ["a", "b", "c"],
                },
                {"name": "number", "type": "regression", "label": "y_number"},
            ],
        }

    def label(self, task: str) -> NDArray[Any]:
        return self.columns[f"y_{task}"]

    def relabel(self, task: str, values: NDArray[Any]) -> None:
        self.columns[f"y_{task}"] = np.asarray(values, dtype=float)

    def add(self, name: str, values: NDArray[Any], *, group: str = "two") -> None:
        values = np.asarray(values)
        kind = "categorical" if values.dtype.kind in "US" else "numeric"
        self.columns[name] = values if kind == "categorical" else values.astype(float)
        self.groups.setdefault(group, {}).setdefault(kind, []).append(name)

    def loaded(self) -> LoadedSpec:
        spec = self.spec | {"groups": [{"name": name, **columns} for name, columns in self.groups.items()]}
        catalog, glossary = Catalog.model_validate(CATALOG), Glossary(schema_version=1, facts=[])
        return LoadedSpec(DatasetSpec.model_validate(spec), self.folder, catalog, glossary)

    def write(self) -> None:
        for name, columns in {"people": self.columns, **self.more}.items():
            table = {key: pa.array(values.tolist()) for key, values in columns.items()}
            pq.write_table(pa.table(table), self.folder / f"{name}.parquet")

    def split(self) -> NDArray[np.int8]:
        """The split of each row: it depends on keys and seed alone, so a planted column may be made with it."""
        self.write()
        prepare(self.loaded(), self.folder / "clean", data_dir=None, seed=0, customers=None, progress=Silent())
        dataset = open_dataset(self.folder / "clean")
        split = np.full(self.rows, -1, dtype=np.int8)
        split[dataset.row_ids] = dataset.split
        return split

    def verdict(self) -> dict[str, Any]:
        """Failed check -> its first failure, from the evidence file; {} if the data passed."""
        self.write()
        out = self.folder / "out"
        refused: UserError | None = None
        try:
            prepare(self.loaded(), out, data_dir=None, seed=0, customers=None, progress=Silent())
        except UserError as error:
            refused = error
        evidence = self.folder / "out.leakage.json" if refused else out / "leakage.json"
        assert out.exists() is (refused is None), refused
        checks = json.loads(evidence.read_text())["checks"]
        failed = {check["name"]: check for check in checks if check["status"] == "fail"}
        if refused is not None:
            assert (refused.exit_code, str(evidence) in refused.fix) == (4, True)
        assert bool(failed) is (refused is not None)
        assert all(check["way_out"] and check["failures"][0]["columns"] for check in failed.values())
        return failed


@pytest.fixture
def plant_in(tmp_path: Path) -> Callable[[str], Planted]:
    """Make a bank in a folder of its own; banks are equal until something is planted."""

    def make(name: str) -> Planted:
        (tmp_path / name).mkdir()
        return Planted(tmp_path / name, np.random.default_rng(5))

    return make
