"""A small bank in memory, with the attributes of a prepared dataset and a signal for each expert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from teacher.config import TeacherConfig
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.spec import DatasetSpec


@dataclass
class Steps:
    values: NDArray[np.float32]
    mask: NDArray[np.bool_]


@dataclass
class Toy:
    spec: DatasetSpec
    schema: FeatureSchema
    features: NDArray[np.float64]
    labels: dict[str, NDArray[np.float64]]
    sequences: dict[str, Steps] = field(default_factory=dict)
    distributions: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    fingerprint: str = "toy"
    row_weights: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features)

    @property
    def row_ids(self) -> NDArray[np.int64]:
        return np.arange(len(self), dtype=np.int64)

    @property
    def customer_ids(self) -> NDArray[np.str_]:
        return self.row_ids.astype(np.str_)

    @property
    def units(self) -> NDArray[np.int64]:
        return self.row_ids

    def rows(self, split: str) -> NDArray[np.int64]:
        """Tests choose training and validation rows themselves; there is no test split."""
        assert split == "test"
        return self.row_ids[:0]


def toy_spec(**changes: Any) -> DatasetSpec:
    numeric = [f"n{i}" for i in range(4)]
    spec = {
        "schema_version": 1,
        "name": "toy",
        "title": "Toy",
        "sources": [{"name": "people", "path": "people.csv"}, {"name": "months", "path": "months.csv"}],
        "base": "people",
        "key": "id",
        "groups": [
            {"name": "numbers", "numeric": numeric},
            {"name": "classes", "categorical": ["c0", "c1"], "experts": ["deepfm"]},
        ],
        "sequences": [
            {"name": "monthly", "source": "months", "key": "id", "time": "month", "channels": ["a", "b"], "length": 6}
        ],
        "distributions": [{"name": "spending", "columns": ["d0", "d1", "d2", "d3"]}],
        "tasks": [
            {"name": "buys", "type": "binary", "label": "x", "group": "first"},
            {"name": "next", "type": "multiclass", "label": "x", "classes": ["p", "q", "r"], "group": "first"},
            {"name": "spend", "type": "regression", "label": "x", "group": "second"},
        ],
        "catalog": "catalog.toml",
    }
    return DatasetSpec.model_validate(spec | changes)


def make_toy(rows: int = 320, seed: int = 0, **changes: Any) -> Toy:
    """Rows of independent customers; labels depend on crosses, the order of steps and the histogram."""
    rng = np.random.default_rng(seed)
    numeric = rng.lognormal(size=(rows, 4))
    codes = rng.integers(0, 3, size=(rows, 2)).astype(float)
    values = rng.normal(size=(rows, 6, 2)).astype(np.float32)
    mask = np.arange(6)[None, :] >= rng.integers(0, 4, size=(rows, 1))
    histogram = rng.dirichlet(np.ones(4), size=rows).astype(np.float32)
    cross = (codes[:, 0] == codes[:, 1]) * 2.0 - 1.0
    signal = np.log(numeric[:, 0]) + cross + values[:, -1, 0]
    labels = {
        "buys": (signal + 0.3 * rng.normal(size=rows) > 0).astype(float),
        "next": np.digitize(np.log(numeric[:, 1]) + cross, [-0.7, 0.7]).astype(float),
        "spend": 5.0 + 2.0 * signal + 3.0 * histogram[:, 0] + 0.2 * rng.normal(size=rows),
    }
    numeric[rng.random((rows, 4)) < 0.05] = np.nan
    codes[rng.random((rows, 2)) < 0.05] = np.nan
    labels["buys"][rng.random(rows) < 0.1] = np.nan
    values[~mask] = 0.0
    spec = toy_spec(**changes)
    features = [
        FeatureDef(
            name=name,
            kind=kind,
            group=group.name,
            tier="plain",
            categories=["x", "y", "z"] if kind == "categorical" else None,
        )
        for group, name, kind in spec.features()
    ]
    return Toy(
        spec,
        FeatureSchema(version="0" * 16, features=features),
        np.column_stack([numeric, codes]),
        labels,
        {"monthly": Steps(values, mask)} if spec.sequences else {},
        {"spending": histogram} if spec.distributions else {},
    )


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def toy() -> Toy:
    return make_toy()


@pytest.fixture
def small_config() -> TeacherConfig:
    return TeacherConfig(epochs=3, batch_size=64, width=16, hidden=24, members=2, embedding_dim=4, device="cpu")


@pytest.fixture
def toys() -> Any:
    """``make_toy``, for tests that need another shape of data."""
    return make_toy


@pytest.fixture(scope="module")
def make_toy_once() -> Any:
    """``make_toy``, for fixtures that are built once for a whole module."""
    return make_toy
