"""The ceiling is worth having: above a strong model of the plain features, and reached by the generating terms."""

import lightgbm
import numpy as np
import pyarrow as pa
import pytest

from teacher.datasets.finsynth import FinsynthConfig
from teacher.datasets.finsynth.features import GROUPS
from teacher.datasets.finsynth.plain_state import plain_state
from teacher.datasets.finsynth.signals import planted_signals
from teacher.datasets.finsynth.simulate import Partition, simulate
from teacher.datasets.finsynth.streams import Streams

N, TRAIN = 6_000, 4_200
# one task per planted signal: how its label and truth are read, and how much better than plain the truth must be
BINARY = {"temporal": "churn", "deepfm": 3, "lightgcn": 4, "optimal_transport": 1}
REGRESSION = {"causal": "stability", "hgcn": "diversity", "perslay": "log_spend"}


@pytest.fixture(scope="module")
def world() -> Partition:
    return simulate(0, N, Streams(21, 0), FinsynthConfig())


def plain_matrix(world: Partition) -> tuple[np.ndarray, list[int]]:
    columns, categorical = [], []
    for group in GROUPS:
        if group.tier == "plain":
            for values in group.compute(world.snapshots[0].history).values():
                if pa.types.is_dictionary(values.type):
                    categorical.append(len(columns))
                    values = values.indices
                columns.append(values.to_numpy(zero_copy_only=False).astype(float))
    return np.stack(columns, axis=1), categorical


def fitted(features: np.ndarray, label: np.ndarray, objective: str, categorical: list[int]) -> np.ndarray:
    known = ~np.isnan(label[:TRAIN])
    data = lightgbm.Dataset(features[:TRAIN][known], label[:TRAIN][known], categorical_feature=categorical)
    settings = {"objective": objective, "learning_rate": 0.08, "num_leaves": 15, "verbose": -1, "num_threads": 1}
    settings |= {"feature_fraction": 0.5, "min_data_in_leaf": 40, "seed": 1, "deterministic": True}
    return np.asarray(lightgbm.train(settings, data, 70).predict(features[TRAIN:]))


def auc(label: np.ndarray, score: np.ndarray) -> float:
    ranks = np.argsort(np.argsort(score)) + 1
    hits = label > 0.5
    return float((ranks[hits].sum() - hits.sum() * (hits.sum() + 1) / 2) / (hits.sum() * (~hits).sum()))


def explained(label: np.ndarray, mean: np.ndarray) -> float:
    known = ~np.isnan(label)
    return float(1 - ((label - mean)[known] ** 2).mean() / label[known].var())


@pytest.mark.parametrize("signal", BINARY)
def test_plain_features_stay_below_the_ceiling_binary(world: Partition, signal: str) -> None:
    snapshot, place = world.snapshots[0], BINARY[signal]
    if place == "churn":
        label, truth = snapshot.labels.churn.astype(float), snapshot.truth.churn
    else:
        label, truth = snapshot.labels.acquired[:, place].astype(float), snapshot.truth.acquire[:, place]
    features, categorical = plain_matrix(world)
    plain = auc(label[TRAIN:], fitted(features, label, "binary", categorical))
    assert auc(label[TRAIN:], truth[TRAIN:]) > plain + 0.04


@pytest.mark.parametrize("signal", REGRESSION)
def test_plain_features_stay_below_the_ceiling_regression(world: Partition, signal: str) -> None:
    snapshot = world.snapshots[0]
    labels = {"stability": snapshot.labels.stability, "diversity": snapshot.labels.diversity_change}
    label = labels.get(REGRESSION[signal], snapshot.labels.log_spend)
    truth = getattr(snapshot.truth, REGRESSION[signal])
    features, categorical = plain_matrix(world)
    plain = explained(label[TRAIN:], fitted(features, label, "regression", categorical))
    assert explained(label[TRAIN:], truth[TRAIN:]) > plain + 0.04


def test_the_generating_terms_reach_the_ceiling(world: Partition) -> None:
    snapshot = world.snapshots[0]
    terms = plain_state(snapshot.history)
    signals = planted_signals(snapshot.history, FinsynthConfig())
    features = np.stack([*(getattr(terms, name) for name in terms.__dataclass_fields__), *signals.values()], axis=1)
    label, truth = snapshot.labels.churn.astype(float), snapshot.truth.churn
    reached = auc(label[TRAIN:], fitted(features, label, "binary", []))
    assert reached == pytest.approx(auc(label[TRAIN:], truth[TRAIN:]), abs=0.025)
