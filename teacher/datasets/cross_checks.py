"""What a spec, its catalog and its glossary must agree on before any data is read."""

from __future__ import annotations

from pathlib import Path

from teacher.datasets.toml_lines import Location, line_of, line_of_mention
from understudy.contracts.catalog import Catalog, Driver
from understudy.contracts.reasons import FactDef, Glossary
from understudy.contracts.spec import DatasetSpec, DistributionSpec, TaskSpec
from understudy.errors import UserError

__all__ = ["check_catalog", "check_glossary", "check_spec"]


def check_spec(spec: DatasetSpec, path: Path) -> None:
    """Refuse rules over columns that are no features, and sequences that repeat a name.

    Raises:
        UserError: naming the file and the field.
    """
    features = {column for _, column, _ in spec.features()}
    unknown = [column for column in spec.rules.columns if column not in features]
    if unknown:
        _refuse(path, "rules.columns", f"{', '.join(unknown)} is not a feature", "Name columns of a feature group.")
    names = [s.name for s in spec.sequences] + [d.name for d in spec.distributions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        _refuse(
            path, "sequences", f"{', '.join(twice)} is named twice", "Give each sequence and distribution its name."
        )
    for distribution in spec.distributions:
        if distribution.tree is not None:
            _check_leaves(spec, distribution, path)


def _check_leaves(spec: DatasetSpec, distribution: DistributionSpec, path: Path) -> None:
    where = f"distribution {distribution.name!r}"
    tree = spec.trees.get(distribution.tree or "")
    if tree is None:
        _refuse(path, where, f"there is no tree {distribution.tree!r}", f"Trees: {', '.join(spec.trees) or 'none'}.")
        return
    leaves = tree.parents.keys() - set(tree.parents.values())
    strange = [column for column in distribution.columns if column.removeprefix(distribution.prefix) not in leaves]
    if strange:
        what = f"{', '.join(strange[:5])} names no leaf of the tree {distribution.tree!r}"
        _refuse(path, where, what, "Set prefix so that prefix + leaf is the column.")


def check_catalog(spec: DatasetSpec, catalog: Catalog, path: Path) -> None:
    """Refuse drivers, a churn task or owned products that do not exist in the spec or the catalog.

    Raises:
        UserError: naming the file and the field.
    """
    tasks = {task.name: task for task in spec.tasks}
    for product in catalog.products:
        for driver in product.drivers:
            _check_driver(tasks, driver, path, f"product {product.id!r}, drivers")
    churn = catalog.policy.churn_task
    if churn is not None and (churn not in tasks or tasks[churn].type != "binary"):
        what = f"{churn!r} is not a binary task of the spec"
        _refuse(path, "policy.churn_task", what, "Name a binary task, or leave the key out.")
    unknown = sorted(set(spec.profile.owned) - {product.id for product in catalog.products})
    if unknown:
        what = f"profile.owned of the spec names {', '.join(unknown)}, which the catalog lacks"
        _refuse(path, "products", what, "Add the product, or remove it from profile.owned.")


def _check_driver(tasks: dict[str, TaskSpec], driver: Driver, path: Path, field: str) -> None:
    task = tasks.get(driver.task)
    if task is None:
        _refuse(path, field, f"the spec has no task {driver.task!r}", f"Its tasks are {', '.join(sorted(tasks))}.")
    elif task.type == "regression":
        # A utility is a weighted mean of probabilities; a mean in label units has no place in it.
        what = f"task {driver.task!r} is a regression: its score is not a probability"
        _refuse(path, field, what, "Drive products by binary or multiclass tasks.")
    elif task.type == "multiclass" and driver.class_name not in (task.classes or []):
        what = f"task {driver.task!r} has no class {driver.class_name!r}"
        _refuse(path, field, what, f"Set class_name to one of {', '.join(task.classes or [])}.")
    elif task.type == "binary" and driver.class_name is not None:
        _refuse(path, field, f"task {driver.task!r} is binary and has no classes", "Remove class_name.")


def check_glossary(spec: DatasetSpec, glossary: Glossary, path: Path) -> None:
    """Refuse facts over features that do not exist or whose kind does not fit the slot or the supports.

    Raises:
        UserError: naming the file and the field.
    """
    kinds: dict[str, str] = {column: kind for _, column, kind in spec.features()}
    for fact in glossary.facts:
        unknown = [name for name in fact.features if name not in kinds]
        if unknown:
            what = f"{', '.join(unknown)} is not a feature of the spec"
            _refuse(path, f"fact {fact.key!r}, features", what, "Name columns of a feature group.")
        _check_kind(fact, kinds, path)
    unknown = [name for name in glossary.protected if name not in kinds]
    if unknown:
        _refuse(path, "protected", f"{', '.join(unknown)} is not a feature of the spec", "Name feature columns.")


def _check_kind(fact: FactDef, kinds: dict[str, str], path: Path) -> None:
    feature = fact.value_feature or fact.features[0]
    categorical = kinds[feature] == "categorical"
    if fact.slot is not None and (fact.slot == "category") != categorical:
        what = f"slot {fact.slot!r} does not fit the {kinds[feature]} feature {feature!r}"
        _refuse(path, f"fact {fact.key!r}, slot", what, "Use 'category' for categorical features, and only for them.")
    if categorical and (fact.supports_ge is not None or fact.supports_lt is not None):
        what = f"supports_ge/supports_lt need a number, {feature!r} is categorical"
        _refuse(path, f"fact {fact.key!r}", what, "Use supports_any_of.")
    if not categorical and fact.supports_any_of is not None:
        what = f"supports_any_of needs categories, {feature!r} is numeric"
        _refuse(path, f"fact {fact.key!r}", what, "Use supports_ge and supports_lt.")


def _refuse(path: Path, field: str, what: str, fix: str) -> None:
    text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    location: Location = tuple(field.partition(",")[0].split("."))
    # A fact, a product or a sequence is found by its name, a field by its key.
    line = line_of_mention(text, field) if "'" in field else line_of(text, location)
    raise UserError(what, where=f"{path}, line {line}, {field}" if line else f"{path}, {field}", fix=fix)
