"""A small synthetic bank: one dataset with a task of each type, and a teacher that is nearly the truth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill import DistillConfig, Shape, SoftLabels
from teacher.datasets.dataset import Dataset
from understudy.contracts.catalog import Catalog
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.reasons import Glossary
from understudy.contracts.spec import DatasetSpec

CLASSES = ["none", "deposit", "loan"]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@dataclass
class Bank:
    """The dataset, and what a good teacher says about every row."""

    dataset: Dataset
    soft: SoftLabels


def make_spec(**changes: Any) -> DatasetSpec:
    fields: dict[str, Any] = {
        "schema_version": 1,
        "name": "toy",
        "title": "Toy bank",
        "sources": [{"name": "people", "path": "people.csv"}],
        "base": "people",
        "key": "id",
        "groups": [{"name": "all", "numeric": [f"x{i}" for i in range(6)], "categorical": ["segment"]}],
        "tasks": [
            {"name": "churn", "type": "binary", "label": "y"},
            {"name": "next_family", "type": "multiclass", "label": "k", "classes": CLASSES},
            {"name": "spend", "type": "regression", "label": "v"},
        ],
        "protected": {"gender": "gender"},
        "rules": {"columns": ["x0", "segment"], "bins": 3},
        "catalog": "catalog.toml",
    }
    return DatasetSpec.model_validate(fields | changes)


CATALOG = Catalog.model_validate(
    {
        "schema_version": 1,
        "families": {"deposits": {"ko": "예금", "en": "Deposits"}},
        "products": [
            {
                "id": "saver",
                "name": {"ko": "적금", "en": "Saver"},
                "family": "deposits",
                "type": "deposit",
                "risk_level": 1,
                "seller": {"ko": "은행", "en": "Bank"},
                "drivers": [{"task": "churn", "weight": 1.0}],
            }
        ],
    }
)


def make_bank(rows: int = 3000, seed: int = 0, **spec: Any) -> Bank:
    """Labels are drawn from known functions of the features; the teacher is those functions."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6))
    segment = rng.integers(0, 4, rows)
    features = np.column_stack([x, segment]).astype(np.float64)
    features[rng.random(rows) < 0.05, 1] = np.nan
    p = sigmoid(1.8 * x[:, 0] - 1.2 + (segment == 2))
    k = softmax(np.column_stack([np.zeros(rows), 2 * x[:, 1] - 0.5, 2 * x[:, 2] - 1]))
    mean = 100 + 30 * x[:, 0] + 20 * np.abs(x[:, 3])
    drawn = (rng.random((rows, 1)) > k.cumsum(axis=1)).sum(axis=1)
    labels = {
        "churn": (rng.random(rows) < p).astype(np.float64),
        "next_family": drawn.astype(np.float64),
        "spend": mean + rng.normal(size=rows) * 15,
    }
    split = rng.choice([0, 1, 2], rows, p=[0.5, 0.2, 0.3]).astype(np.int8)
    schema = FeatureSchema(
        version="0" * 16,
        features=[FeatureDef(name=f"x{i}", kind="numeric", group="all", tier="plain") for i in range(6)]
        + [FeatureDef(name="segment", kind="categorical", group="all", tier="plain", categories=list("abcd"))],
    )
    dataset = Dataset(
        spec=make_spec(**spec),
        catalog=CATALOG,
        glossary=Glossary(schema_version=1, facts=[]),
        fingerprint=hashlib.sha256(f"{rows} {seed}".encode()).hexdigest(),
        seed=seed,
        row_ids=np.arange(rows, dtype=np.int64) * 3 + 5,
        customer_ids=np.array([f"c{i:06d}" for i in range(rows)]),
        units=np.arange(rows, dtype=np.int64),
        split=split,
        schema=schema,
        features=features,
        labels=labels,
        protected={"gender": np.where(rng.random(rows) < 0.5, "f", "m")},
        sequences={},
        distributions={},
        truth={"churn": p},
        folder=Path("nowhere"),
    )
    fold = np.where(split == 0, rng.integers(0, 3, rows), -1).astype(np.int8)
    gates = {task.name: {"deepfm": 0.75, "causal": 0.25} for task in dataset.spec.tasks}
    return Bank(dataset, SoftLabels(probs={"churn": p, "next_family": k, "spend": mean}, fold=fold, gates=gates))


@pytest.fixture(scope="session")
def bank() -> Bank:
    return make_bank()


@pytest.fixture(scope="session")
def config() -> DistillConfig:
    """Small, one thread: tests share two cores."""
    return DistillConfig(
        rounds=60,
        early_stopping=8,
        learning_rate=0.15,
        max_bin=63,
        shapes=(Shape(leaves=7), Shape(leaves=4), Shape(leaves=15)),
        alphas=(0.0, 0.5, 1.0),
        budget=3,
        many_alphas=(0.0, 1.0),
        many_budget=2,
        threads=1,
    )
