"""Do the documents of a bundle fit each other? Each was checked alone; a ranking reads them together."""

from __future__ import annotations

from understudy.bundle import MANIFEST, Bundle, BundleError
from understudy.contracts.catalog import Catalog, Driver, Product
from understudy.contracts.manifest import Platt, ServedTask
from understudy.contracts.rules import RuleSet

__all__ = ["check_coherence"]


def check_coherence(bundle: Bundle) -> None:
    """Refuse a bundle whose tasks lack rules, or whose catalog ranks by what no task can tell.

    Raises:
        BundleError: names the document at fault.
    """
    tasks = {task.name: task for task in bundle.manifest.tasks}
    if len(tasks) != len(bundle.manifest.tasks):
        raise BundleError("a task is named twice", MANIFEST)
    for task in tasks.values():
        if (task.type == "multiclass") != bool(task.classes):
            raise BundleError(f"task {task.name}: classes belong to multiclass tasks, and only to them", MANIFEST)
        _check_calibrators(task)
        _check_rules(task, bundle.rules)
    for product in bundle.catalog.products:
        if len({(driver.task, driver.class_name) for driver in product.drivers}) < len(product.drivers):
            raise BundleError(f"product {product.id}: a driver is named twice", "catalog.json")
        for driver in product.drivers:
            _check_driver(product, driver, tasks.get(driver.task))
    _check_churn(bundle.catalog, tasks)


def _check_calibrators(task: ServedTask) -> None:
    for ref in (task.distilled, task.direct):
        # It would rank backwards, and every reason would argue for the opposite.
        if ref is not None and isinstance(ref.calibrator, Platt) and ref.calibrator.a <= 0:
            raise BundleError(f"task {task.name}: the calibrator of {ref.path} does not rise", MANIFEST)


def _check_rules(task: ServedTask, rules: RuleSet) -> None:
    found = rules.tasks.get(task.name)
    if found is None:
        raise BundleError(f"there are no rules for task {task.name}", "rules.json")
    width = len(task.classes or [task.name])
    for value in [found.prior, *(segment.value for segment in found.segments)]:
        if len(value) != width:
            raise BundleError(f"task {task.name}: a rule has {len(value)} values, expected {width}", "rules.json")
        if task.type != "regression" and not all(0 <= number <= 1 for number in value):
            raise BundleError(f"task {task.name}: a rule's value is not a probability", "rules.json")


def _check_driver(product: Product, driver: Driver, task: ServedTask | None) -> None:
    where = f"product {product.id}"
    if task is None:
        raise BundleError(f"{where}: there is no task {driver.task}", "catalog.json")
    if task.type == "regression":
        raise BundleError(f"{where}: {task.name} is a regression, whose means are no score", "catalog.json")
    if (task.type == "multiclass") != (driver.class_name is not None):
        raise BundleError(f"{where}: a driver names a class of a multiclass task, and of no other", "catalog.json")
    if driver.class_name is not None and driver.class_name not in (task.classes or []):
        raise BundleError(f"{where}: {task.name} has no class {driver.class_name}", "catalog.json")


def _check_churn(catalog: Catalog, tasks: dict[str, ServedTask]) -> None:
    name = catalog.policy.churn_task
    if name is not None and (name not in tasks or tasks[name].type != "binary"):
        raise BundleError(f"policy: churn_task {name} is not a binary task", "catalog.json")
