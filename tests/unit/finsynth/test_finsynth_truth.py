import dataclasses

import numpy as np
import pytest

from teacher.datasets.finsynth import SIGNALS, FinsynthConfig
from teacher.datasets.finsynth.simulate import Partition, Snapshot, simulate
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.terms import generating_terms
from teacher.datasets.finsynth.truth import first_family, label_truth, next_mix, tree_kernel
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


def test_class_probabilities_are_calibrated_in_every_decile(snapshot: Snapshot) -> None:
    """Over all (customer, class) pairs, sorted by the stated probability."""
    truth, labels = snapshot.truth, snapshot.labels
    for probability, label in ((truth.nba, labels.nba), (truth.next_category, labels.next_category)):
        came_true = np.zeros_like(probability)
        came_true[np.arange(len(label)), label] = 1.0
        for cells in deciles(probability.ravel()):
            p = probability.ravel()[cells]
            assert abs((came_true.ravel()[cells] - p).mean()) < 4 * np.sqrt((p * (1 - p)).sum()) / len(cells) + 1e-9


def test_no_generating_term_explains_what_is_left(snapshot: Snapshot) -> None:
    """Label minus truth is uncorrelated with every term of every equation: they hold nothing more."""
    truth, labels = snapshot.truth, snapshot.labels
    pairs = binary_tasks(snapshot) | {
        "stability": (truth.stability, labels.stability),
        "cross_sell": (truth.cross_sell, labels.cross_sell),
        "diversity": (truth.diversity, labels.diversity_change),
        "spend": (truth.log_spend, labels.log_spend),
        "none": (truth.nba[:, 0], labels.nba == 0),
    }
    terms = generating_terms(snapshot.history)
    for task, (mean, label) in pairs.items():
        left = np.asarray(label, dtype=float) - mean
        known = ~np.isnan(left)
        for name, term in terms.items():
            if term[known].std() > 0:
                # 273 comparisons of mean 0 and deviation 1
                z = np.corrcoef(left[known], term[known])[0, 1] * np.sqrt(known.sum())
                assert abs(z) < 4.3, (task, name)


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


@pytest.fixture(scope="module")
def impacts(large: Partition) -> dict[float, dict[str, float]]:
    """Disparity -> attribute -> disparate impact on loans: rate of the unfavoured over rate of the others."""
    people = large.people
    unfavoured = {"gender": people.gender == 0, "region_type": people.region == 2, "age_group": people.age_group == 3}
    found = {}
    for knob in (0.0, 0.06, 0.2, 0.5):
        rate = label_truth(large.snapshots[0].history, FinsynthConfig(disparity=knob)).acquire[:, 3]
        found[knob] = {name: rate[who].mean() / rate[~who].mean() for name, who in unfavoured.items()}
    return found


def test_disparate_impact_follows_the_knob(impacts: dict[float, dict[str, float]]) -> None:
    """Gender and region enter nothing else, so without disparity their impact is 1; age enters the rate by itself."""
    for name in ("gender", "region_type"):
        assert impacts[0.0][name] == pytest.approx(1.0, abs=0.06)
        ratios = [impacts[knob][name] / impacts[0.0][name] for knob in (0.06, 0.2, 0.5)]
        # exp(-d) for small rates, a little nearer to 1 because 1 - exp(-r) saturates
        assert ratios == pytest.approx([0.95, 0.84, 0.65], abs=0.03)
    assert impacts[0.0]["age_group"] < 0.8
    values = [impacts[knob]["age_group"] for knob in (0.0, 0.06, 0.2, 0.5)]
    assert values == sorted(values, reverse=True)


def test_the_labels_show_the_disparity_that_was_set() -> None:
    strong = simulate(0, 12_000, Streams(5, 0), FinsynthConfig(disparity=0.5)).snapshots[0]
    women = strong.history.people.gender == 0
    for family in (1, 3):
        label, truth = strong.labels.acquired[:, family], strong.truth.acquire[:, family]
        seen, stated = (v[women].mean() / v[~women].mean() for v in (label, truth))
        assert seen == pytest.approx(stated, abs=0.1)
        assert seen < 0.8  # below the four-fifths rule


def test_the_tree_kernel_is_what_the_draw_follows() -> None:
    kernel = tree_kernel(next_mix(1.0))
    np.testing.assert_allclose(kernel.sum(axis=1), 1)
    rng = np.random.default_rng(0)
    for category in (0, 3, 49):
        drawn = np.bincount(_diffuse(np.full(40_000, category, np.int8), 1.0, rng), minlength=50) / 40_000
        np.testing.assert_allclose(drawn, kernel[category], atol=0.012)


def test_the_first_clock_to_ring() -> None:
    rates = np.array([[0.1, 0.0, 0.5, 1.2, 0.3, 0.05]])
    wait = np.random.default_rng(2).exponential(size=(200_000, 6)) / np.maximum(rates, 1e-300)
    first = np.where(wait.min(axis=1) < 1, 1 + wait.argmin(axis=1), 0)
    np.testing.assert_allclose(np.bincount(first, minlength=7) / len(first), first_family(rates)[0], atol=0.004)
