import dataclasses

import numpy as np
import pytest

from teacher.datasets.finsynth import SIGNALS, FinsynthConfig
from teacher.datasets.finsynth.simulate import Partition, Snapshot, simulate
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.truth import label_truth, next_mix, tree_kernel
from teacher.datasets.finsynth.window import _diffuse

# task outputs that each signal enters (docs/finsynth.md); insurance is the sixth rate
CARRIES = {
    "deepfm": {"lending"},
    "temporal": {"churn", "insurance"},
    "hgcn": {"drift", "diversity", "next_category"},
    "perslay": {"deposits", "log_spend"},
    "causal": {"drop", "accounts"},
    "lightgcn": {"payments"},
    "optimal_transport": {"shift", "investments"},
}
FAMILIES = ["deposits", "investments", "accounts", "lending", "payments", "insurance"]


@pytest.fixture(scope="module")
def large() -> Partition:
    return simulate(0, 12_000, Streams(5, 0), FinsynthConfig())


@pytest.fixture(params=[0, 1], ids=["first", "second"])
def snapshot(request: pytest.FixtureRequest, large: Partition) -> Snapshot:
    return large.snapshots[request.param]


def deciles(truth: np.ndarray) -> list[np.ndarray]:
    return np.array_split(np.argsort(truth, kind="stable"), 10)


def binary_tasks(snapshot: Snapshot) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    truth, labels = snapshot.truth, snapshot.labels
    tasks = {"churn": (truth.churn, labels.churn), "shift": (truth.shift, labels.shifted)}
    return tasks | {name: (truth.acquire[:, i], labels.acquired[:, i]) for i, name in enumerate(FAMILIES)}


def test_binary_truth_is_calibrated_in_every_decile(snapshot: Snapshot) -> None:
    for name, (truth, label) in binary_tasks(snapshot).items():
        for rows in deciles(truth):
            error = np.sqrt((truth[rows] * (1 - truth[rows])).mean() / len(rows)) + 1e-9
            # 160 comparisons: four standard errors hold them all with 99 %
            assert abs(label[rows].mean() - truth[rows].mean()) < 4 * error, name


def test_regression_truth_is_the_mean_in_every_decile(snapshot: Snapshot) -> None:
    truth, labels = snapshot.truth, snapshot.labels
    tasks = {
        "stability": (truth.stability, labels.stability),
        "cross_sell": (truth.cross_sell, labels.cross_sell),
        "diversity": (truth.diversity, labels.diversity_change),
        "spend": (truth.log_spend, labels.log_spend),
    }
    for name, (mean, label) in tasks.items():
        for rows in deciles(mean):
            residual = (label - mean)[rows]
            residual = residual[~np.isnan(residual)]
            assert abs(residual.mean()) < 4 * residual.std() / np.sqrt(len(residual)), name


def test_class_probabilities_sum_to_one_and_are_calibrated(snapshot: Snapshot) -> None:
    truth, labels = snapshot.truth, snapshot.labels
    for probability, label in ((truth.nba, labels.nba), (truth.next_category, labels.next_category)):
        np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)
        assert probability.min() >= 0
        expected, error = probability.sum(axis=0), np.sqrt((probability * (1 - probability)).sum(axis=0))
        seen = np.bincount(label, minlength=probability.shape[1])
        assert (np.abs(seen - expected) < 4.5 * error).all()


def test_class_truth_scores_what_a_true_distribution_scores(snapshot: Snapshot) -> None:
    """The mean log loss of a true distribution is its mean entropy."""
    p, label = snapshot.truth.next_category, snapshot.labels.next_category
    entropy = -(p * np.log(p)).sum(axis=1)
    loss = -np.log(p[np.arange(len(p)), label])
    assert abs((loss - entropy).mean()) < 4 * (loss - entropy).std() / np.sqrt(len(p))


def test_rates_and_classes_are_neither_rare_nor_the_rule(snapshot: Snapshot) -> None:
    for name, (_, label) in binary_tasks(snapshot).items():
        assert 0.02 < label.mean() < 0.5, name
    assert (np.bincount(snapshot.labels.nba, minlength=7) / 12_000 > 0.03).all()


def outputs(truth: object) -> dict[str, np.ndarray]:
    found = {field.name: getattr(truth, field.name) for field in dataclasses.fields(truth)}  # type: ignore[arg-type]
    rates = found.pop("rates")
    for name in ("acquire", "nba", "cross_sell"):
        del found[name]  # functions of the rates
    return found | {name: rates[:, i] for i, name in enumerate(FAMILIES)}


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_switch_changes_the_truth_of_its_tasks_alone(partition: Partition, signal: str) -> None:
    history = partition.snapshots[0].history
    on = outputs(label_truth(history, FinsynthConfig()))
    off = outputs(label_truth(history, FinsynthConfig(signals=frozenset(SIGNALS) - {signal})))
    changed = {name for name in on if not np.array_equal(on[name], off[name])}
    assert changed == CARRIES[signal]


@pytest.mark.parametrize("signal", ["temporal", "causal"])
def test_a_switch_moves_no_other_draw_before_the_first_window(partition: Partition, signal: str) -> None:
    config = FinsynthConfig(signals=frozenset(SIGNALS) - {signal})
    other = simulate(0, len(partition.people.age), Streams(11, 0), config)
    ours, theirs = partition.snapshots[0], other.snapshots[0]
    assert np.array_equal(ours.history.spend, theirs.history.spend)
    assert np.array_equal(ours.history.held, theirs.history.held)
    assert np.array_equal(ours.labels.shifted, theirs.labels.shifted)
    assert np.array_equal(ours.labels.next_category, theirs.labels.next_category)
    changed = ours.labels.churn != theirs.labels.churn
    assert changed.any() == (signal == "temporal")


def test_disparity_is_tunable(partition: Partition) -> None:
    history = partition.snapshots[0].history
    none = label_truth(history, FinsynthConfig(disparity=0.0))
    some = label_truth(history, FinsynthConfig(disparity=0.3))
    women = history.people.gender == 0
    for family in (1, 3):
        open_to = none.rates[:, family] > 0
        change = np.log(some.rates[open_to, family] / none.rates[open_to, family])
        gap = change[women[open_to]].mean() - change[~women[open_to]].mean()
        assert gap == pytest.approx(-0.3, abs=0.05)
    assert np.array_equal(some.rates[:, 0], none.rates[:, 0])


def test_the_tree_kernel_is_what_the_draw_follows() -> None:
    kernel = tree_kernel(next_mix(1.0))
    np.testing.assert_allclose(kernel.sum(axis=1), 1)
    rng = np.random.default_rng(0)
    for category in (0, 3, 49):
        drawn = np.bincount(_diffuse(np.full(40_000, category, np.int8), 1.0, rng), minlength=50) / 40_000
        np.testing.assert_allclose(drawn, kernel[category], atol=0.012)


def test_the_first_clock_to_ring() -> None:
    from teacher.datasets.finsynth.truth import first_family

    rates = np.array([[0.1, 0.0, 0.5, 1.2, 0.3, 0.05]])
    wait = np.random.default_rng(2).exponential(size=(200_000, 6)) / np.maximum(rates, 1e-300)
    first = np.where(wait.min(axis=1) < 1, 1 + wait.argmin(axis=1), 0)
    np.testing.assert_allclose(np.bincount(first, minlength=7) / len(first), first_family(rates)[0], atol=0.004)
