import pyarrow as pa
import pytest

from teacher.datasets import load_spec
from teacher.datasets.finsynth.base_table import NBA_CLASSES
from teacher.datasets.finsynth.merchants import BRANCHES, CATEGORIES, MID_OF, TOP_OF, tree_table
from teacher.datasets.finsynth.products import FAMILIES, FAMILY_OF, PRODUCTS
from teacher.datasets.specs import LoadedSpec


@pytest.fixture(scope="module")
def loaded() -> LoadedSpec:
    return load_spec("finsynth")


def test_the_spec_computes_every_feature(loaded: LoadedSpec, base: pa.Table) -> None:
    """Nothing that the generator writes beside the events is a feature: no shortcut from the generator to a model."""
    names = [column for _, column, _ in loaded.spec.features()]
    assert len(names) == len(set(names)) > 300
    assert not set(names) & set(base.column_names)
    assert {group.tier for group in loaded.spec.groups} >= {"plain", "structural"}


def test_thirteen_tasks_with_their_truth(loaded: LoadedSpec, base: pa.Table) -> None:
    tasks = {task.name: task for task in loaded.spec.tasks}
    assert len(tasks) == 13
    kinds = [task.type for task in tasks.values()]
    assert (kinds.count("binary"), kinds.count("regression"), kinds.count("multiclass")) == (7, 4, 2)
    assert {task.group for task in tasks.values()} == {"lifecycle", "consumption", "engagement", "value"}
    assert tasks["next_mcc"].classes == CATEGORIES
    assert tasks["nba_primary"].classes == NBA_CLASSES
    for task in tasks.values():
        assert task.label in base.column_names
        assert set(task.truth or ["absent"]) <= set(base.column_names)


def test_no_label_or_truth_is_a_feature(loaded: LoadedSpec) -> None:
    names = [column for _, column, _ in loaded.spec.features()]
    assert not [name for name in names if name.startswith(("y_", "p_"))]
    drawn = [column for distribution in loaded.spec.distributions for column in distribution.columns]
    assert not set(names) & set(drawn)


def test_the_catalog_holds_the_bank_s_products(loaded: LoadedSpec) -> None:
    families = {product.id: product.family for product in loaded.catalog.products}
    assert families == {product: FAMILIES[FAMILY_OF[i]] for i, product in enumerate(PRODUCTS)}
    assert set(loaded.spec.profile.owned) == set(PRODUCTS)
    assert loaded.catalog.policy.churn_task == "churn_signal"


def test_the_glossary_tells_no_protected_attribute(loaded: LoadedSpec) -> None:
    facts = [fact for fact in loaded.glossary.facts if not fact.sensitive]
    assert len(facts) >= 25
    for name in ("age", "gender", "region_type", "life_stage", "income_krw"):
        assert name in loaded.glossary.protected
        assert all(name not in fact.features for fact in facts)


def test_the_cutoffs_are_those_of_the_bank(loaded: LoadedSpec, base: pa.Table) -> None:
    time = loaded.spec.split.time
    assert time is not None
    assert sorted({str(day) for day in base["cutoff"].to_pylist()}) == [time.train, time.test]


def test_the_tree_has_three_levels_and_fifty_categories() -> None:
    rows = tree_table().to_pylist()
    parents = {row["node"]: row["parent"] for row in rows}
    level = {row["node"]: row["level"] for row in rows}
    assert len(parents) == len(rows)
    for index, category in enumerate(CATEGORIES):
        branch = parents[parents[category]]
        assert branch == BRANCHES[TOP_OF[index]]
        assert (level[category], level[branch], parents[branch]) == (3, 1, "all")
    assert len(CATEGORIES) == 50
    assert len(set(MID_OF.tolist())) == 20
