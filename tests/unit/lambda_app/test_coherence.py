"""Documents that do not fit each other are refused before the first request."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from lambda_app.coherence import check_coherence
from understudy.bundle import BundleError, load_bundle

Edit = Callable[[Any], None]


def _check(tmp_path: Path, name: str, edit: Edit) -> None:
    content = tiny_bundle.files()
    document = json.loads(content[name])
    edit(document)
    content[name] = json.dumps(document).encode()
    check_coherence(load_bundle(tiny_bundle.write(tmp_path / "bundle", content)))


def _driver(**driver: Any) -> Edit:
    return lambda catalog: catalog["products"][0].update(drivers=[{"weight": 1.0, **driver}])


def test_the_small_bundle_is_coherent(tmp_path: Path) -> None:
    check_coherence(load_bundle(tiny_bundle.write(tmp_path / "bundle")))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_driver(task="nothing"), "there is no task nothing"),
        (_driver(task="spend"), "spend is a regression"),
        (_driver(task="family"), "names a class of a multiclass task"),
        (_driver(task="signups", class_name="deposits"), "names a class of a multiclass task"),
        (_driver(task="family", class_name="loans"), "family has no class loans"),
        (lambda c: c["products"][5]["drivers"].append(c["products"][5]["drivers"][0]), "a driver is named twice"),
        (lambda c: c["policy"].update(churn_task="spend"), "churn_task spend is not a binary task"),
        (lambda c: c["policy"].update(churn_task="nothing"), "churn_task nothing is not a binary task"),
    ],
)
def test_a_catalog_that_ranks_by_what_no_task_tells(tmp_path: Path, edit: Edit, message: str) -> None:
    with pytest.raises(BundleError, match=message) as refused:
        _check(tmp_path, "catalog.json", edit)
    assert refused.value.file == "catalog.json"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r["tasks"].pop("spend"), "there are no rules for task spend"),
        (lambda r: r["tasks"]["family"].update(prior=[0.5, 0.5]), "has 2 values, expected 3"),
        (lambda r: r["tasks"]["signups"].update(prior=[1.2]), "is not a probability"),
        (lambda r: r["tasks"]["leaving"]["segments"][0].update(value=[-0.1]), "is not a probability"),
    ],
)
def test_rules_that_cannot_stand_in(tmp_path: Path, edit: Edit, message: str) -> None:
    with pytest.raises(BundleError, match=message) as refused:
        _check(tmp_path, "rules.json", edit)
    assert refused.value.file == "rules.json"


@pytest.mark.parametrize("twice", [True, False])
def test_tasks_that_contradict_themselves(tmp_path: Path, twice: bool) -> None:
    tasks = tiny_bundle.tasks()
    tasks = [*tasks, tasks[0]] if twice else [tasks[0] | {"classes": ["a", "b"]}, *tasks[1:]]
    with pytest.raises(BundleError, match="named twice" if twice else "belong to multiclass tasks"):
        check_coherence(load_bundle(tiny_bundle.write(tmp_path / "bundle", tasks=tasks)))


def test_a_calibrator_that_turns_scores_round(tmp_path: Path) -> None:
    tasks = tiny_bundle.tasks()
    tasks[0]["distilled"]["calibrator"]["a"] = -1.0
    with pytest.raises(BundleError, match=r"signups\.distilled\.txt does not rise"):
        check_coherence(load_bundle(tiny_bundle.write(tmp_path / "bundle", tasks=tasks)))
