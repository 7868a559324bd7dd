"""Every layer speaks when it should, and says why a better one did not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import tiny_bundle

from lambda_app.engine import as_row
from lambda_app.router import Router
from understudy.atomic import canonical_json
from understudy.bundle import load_bundle
from understudy.contracts.features import encode

PLANNED = {
    "signups": "distilled",
    "family": "distilled",
    "direct_only": "direct",
    "rules_only": "rules",
    "spend": "distilled",
    "leaving": "distilled",
}


@pytest.fixture
def router(bundle_directory: Path) -> Router:
    return Router(load_bundle(bundle_directory))


def _router(tmp_path: Path, *, files: dict[str, bytes] | None = None, **tasks: dict[str, Any]) -> Router:
    changed = [task | tasks.get(task["name"], {}) for task in tiny_bundle.tasks()]
    content = tiny_bundle.files(**(files or {}))
    return Router(load_bundle(tiny_bundle.write(tmp_path / "bundle", content, tasks=changed)))


def _layers(router: Router, record: Any = None, *, opted_out: bool = False) -> dict[str, str]:
    scoring = router.score(record or tiny_bundle.customer(), opted_out=opted_out)
    return {name: task.layer for name, task in scoring.tasks.items()}


def test_the_planned_layers_speak(router: Router) -> None:
    scoring = router.score(tiny_bundle.customer(), opted_out=False)
    assert {name: task.layer for name, task in scoring.tasks.items()} == PLANNED
    assert scoring.missing == []
    assert scoring.tasks["signups"].steps == []
    assert scoring.tasks["direct_only"].steps == ["distilled: the gates chose direct"]
    assert scoring.tasks["rules_only"].steps == ["distilled: the gates chose rules", "direct: the gates chose rules"]


def test_scores_are_the_boosters_own_calibrated(router: Router) -> None:
    record = tiny_bundle.customer(balance=None)
    vector, _ = encode(tiny_bundle.schema(), record.features)
    scores = router.score(record, opted_out=False).tasks

    def raw(name: str) -> np.ndarray:
        text = tiny_bundle.models()[f"models/{name}.txt"].decode()
        return lgb.Booster(model_str=text).predict(np.array([vector]), raw_score=True)[0]

    assert scores["signups"].value == pytest.approx(
        1 / (1 + np.exp(-(1.1 * raw("signups.distilled") - 0.05))), abs=1e-12
    )
    powers = np.exp(raw("family.distilled") / 1.2)
    found = scores["family"].classes
    assert found is not None
    assert list(found) == tiny_bundle.CLASSES
    assert list(found.values()) == pytest.approx(list(powers / powers.sum()), abs=1e-12)
    assert scores["spend"].value == pytest.approx(2 * raw("spend.distilled") + 1, abs=1e-12)


def test_one_corrupt_student_steps_down_alone(tmp_path: Path) -> None:
    whole = tiny_bundle.models()["models/signups.distilled.txt"]
    for broken in (whole[: len(whole) // 2], b"", b"not a model", whole.replace(b"left_child=", b"left=")):
        folder = tmp_path / str(len(broken))
        router = _router(folder, files={"models/signups.distilled.txt": broken})
        scoring = router.score(tiny_bundle.customer(), opted_out=False)
        assert {n: t.layer for n, t in scoring.tasks.items()} == PLANNED | {"signups": "direct"}
        assert scoring.tasks["signups"].steps[0].startswith("distilled: the model cannot be loaded: ")
        layers, problems = router.standing()
        assert layers["signups"] == "direct"
        assert len(problems) == 1
        assert problems[0].startswith("signups: distilled: the model cannot be loaded")


def test_with_both_students_corrupt_the_rules_speak(tmp_path: Path) -> None:
    files = {f"models/signups.{layer}.txt": b"garbage" for layer in ("distilled", "direct")}
    router = _router(tmp_path, files=files)
    scoring = router.score(tiny_bundle.customer(), opted_out=False)
    task = scoring.tasks["signups"]
    assert (task.layer, task.value) == ("rules", 0.3)
    assert [step.split(":")[0] for step in task.steps] == ["distilled", "direct"]
    assert router.contributions(scoring, "signups", None) == {}


def test_a_student_of_other_features_steps_down(tmp_path: Path) -> None:
    x = tiny_bundle.rows()[:, :5]
    text = lgb.train({"objective": "binary", "verbose": -1}, lgb.Dataset(x, x[:, 3] > 1), 3).model_to_string()
    router = _router(tmp_path, files={"models/signups.distilled.txt": text.encode()})
    scoring = router.score(tiny_bundle.customer(), opted_out=False)
    assert scoring.tasks["signups"].layer == "direct"
    assert "the model has 5 features, expected 8" in scoring.tasks["signups"].steps[0]


def test_a_task_without_a_direct_student_goes_straight_to_rules(tmp_path: Path) -> None:
    router = _router(tmp_path, files={"models/spend.distilled.txt": b"x"}, spend={"direct": None})
    task = router.score(tiny_bundle.customer(), opted_out=False).tasks["spend"]
    assert task.layer == "rules"
    assert task.steps[1] == "direct: the bundle has no such student"


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ({"base": [1e308], "link": "identity", "scale": 1e308}, "not finite"),
        ({"link": "identity", "shift": 7.0}, "not a probability"),
        ({"calibrator": {"kind": "isotonic", "x": [0.0, 1.0], "y": [1.5, 2.5]}}, "not a probability"),
        ({"calibrator": {"kind": "temperature", "t": 2.0}}, "the prediction failed"),
        ({"base": [0.0, 0.0]}, "the model has 1 outputs, expected 2"),
    ],
)
def test_a_senseless_prediction_steps_down(tmp_path: Path, ref: dict[str, Any], reason: str) -> None:
    original = tiny_bundle.tasks()[0]["distilled"]
    del original["calibrator"]
    router = _router(tmp_path, signups={"distilled": original | ref})
    task = router.score(tiny_bundle.customer(), opted_out=False).tasks["signups"]
    assert task.layer == "direct"
    assert reason in task.steps[0]


def test_another_feature_schema_leaves_only_rules(router: Router) -> None:
    record = tiny_bundle.customer().model_copy(update={"schema_version": "0" * 16})
    scoring = router.score(record, opted_out=False)
    assert {task.layer for task in scoring.tasks.values()} == {"rules"}
    assert scoring.vector is None
    assert scoring.tasks["signups"].steps[0] == (
        f"distilled: the record has feature schema {'0' * 16}, the students {tiny_bundle.SCHEMA_VERSION}"
    )


def test_too_many_missing_features_leave_only_rules(router: Router) -> None:
    half = dict.fromkeys(["balance", "visits", "salary_share", "noise"])
    assert _layers(router, tiny_bundle.customer(**half)) == PLANNED
    more = tiny_bundle.customer(**half, region="nowhere")
    scoring = router.score(more, opted_out=False)
    assert {task.layer for task in scoring.tasks.values()} == {"rules"}
    assert scoring.tasks["spend"].steps[0] == "distilled: 5 of 8 features are missing"
    assert scoring.missing == ["balance", "visits", "salary_share", "noise", "region"]


def test_rules_read_the_record_unless_the_customer_has_opted_out(router: Router) -> None:
    young = tiny_bundle.customer(age=20)
    assert router.score(young, opted_out=False).tasks["rules_only"].value == 0.4
    out = router.score(young, opted_out=True)
    assert {task.layer for task in out.tasks.values()} == {"rules"}
    assert out.tasks["rules_only"].value == 0.3
    assert out.tasks["signups"].steps[0] == "distilled: the customer has opted out of profiling"
    assert out.vector is None


def test_without_a_record_everybodys_rate_is_told(router: Router) -> None:
    scoring = router.score(None, opted_out=False)
    assert {task.layer for task in scoring.tasks.values()} == {"rules"}
    assert scoring.tasks["signups"].value == 0.3
    assert scoring.tasks["signups"].steps[0] == "distilled: there is no record of the customer"


def test_contributions_explain_the_student_that_spoke(router: Router) -> None:
    record = tiny_bundle.customer()
    scoring = router.score(record, opted_out=False)
    assert scoring.vector is not None
    row = np.array([scoring.vector])
    for task, model, output, name in (
        ("signups", "signups.distilled", 0, None),
        ("family", "family.distilled", 2, "investments"),
        ("direct_only", "direct_only.direct", 0, None),
    ):
        booster = lgb.Booster(model_str=tiny_bundle.models()[f"models/{model}.txt"].decode())
        expected = booster.predict(row, pred_contrib=True)[0].reshape(-1, 9)[output][:-1]
        found = router.contributions(scoring, task, name)
        assert list(found) == tiny_bundle.schema().names
        assert list(found.values()) == pytest.approx(list(expected), abs=1e-12)
    assert router.contributions(scoring, "rules_only", None) == {}


def test_students_of_lower_layers_wait_until_they_are_needed(bundle_directory: Path) -> None:
    router = Router(load_bundle(bundle_directory))
    assert router._casts["signups"].seats["distilled"]._student is not None
    assert router._casts["signups"].seats["direct"]._student is None
    assert as_row([1.0])[0] == 1.0


def test_a_person_is_asked_about_a_customer_whom_nobody_knows(tmp_path: Path) -> None:
    catalog = json.loads(tiny_bundle.documents()["catalog.json"])
    catalog["policy"]["ask_person"] = True
    router = _router(tmp_path, files={"catalog.json": canonical_json(catalog)})
    stranger = tiny_bundle.customer().model_copy(update={"schema_version": "0" * 16})
    task = router.score(stranger, opted_out=False).tasks["signups"]
    assert (task.layer, task.value) == ("person", 0.3)
    assert task.steps[-1] == "rules: no rule knows the customer"
    young = stranger.model_copy(update={"features": tiny_bundle.features(age=20)})
    assert router.score(young, opted_out=False).tasks["signups"].layer == "rules"
    assert _layers(router) == PLANNED | {"rules_only": "person"}
    assert set(_layers(router, stranger, opted_out=True).values()) == {"rules"}
    scoring = router.score(stranger, opted_out=False)
    assert router.contributions(scoring, "signups", None) == {}
