"""Objecting to profiling, and asking why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from understudy.stores import StoreError

EVENTS = Path(__file__).parents[2] / "events"
PREFERENCES = "/v1/customers/c-1/preferences"


def test_an_objection_holds_from_the_next_request_until_it_is_withdrawn(function: Any) -> None:
    def layer() -> str:
        return str(function.recommend()[1]["tasks"]["signups"]["layer"])

    assert layer() == "distilled"
    put = json.loads((EVENTS / "preferences_put.json").read_text())
    assert json.loads(function.raw(put)["body"]) == {"opted_out": True}
    assert layer() == "rules"
    get = json.loads((EVENTS / "preferences_get.json").read_text())
    assert json.loads(function.raw(get)["body"]) == {"opted_out": True}
    assert function("PUT", PREFERENCES, {"opted_out": False})[0] == 200
    assert layer() == "distilled"


def test_an_objection_is_recorded_under_the_pseudonym(function: Any) -> None:
    function.recommend()
    function("PUT", PREFERENCES, {"opted_out": True})
    decision, objection = function.entries()
    assert objection.kind == "operation"
    assert objection.payload["operation"] == "set_preferences"
    assert objection.payload["opted_out"] is True
    assert objection.payload["pseudonym"] == decision.payload["pseudonym"]


@pytest.mark.parametrize("broken", ["read_documents", "put_entry"])
def test_an_objection_that_cannot_be_recorded_and_stored_is_not_acknowledged(
    function: Any, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("gone")

    monkeypatch.setattr(function.app.backing.store, broken, fail)
    assert function("PUT", PREFERENCES, {"opted_out": True})[0] == 503


@pytest.mark.parametrize("body", [{}, {"opted_out": "yes"}, {"opted_out": 1}, {"opted_out": None}, {"optedout": True}])
def test_a_malformed_preference_changes_nothing(function: Any, body: Any) -> None:
    status, problem = function("PUT", PREFERENCES, body)
    assert status == 400
    assert {e["field"] for e in problem["errors"]} & {"opted_out", "optedout"}
    assert function.entries() == []


def test_any_customer_may_object_and_nobody_is_invented(function: Any) -> None:
    path = "/v1/customers/c-2/preferences"
    assert function("GET", path)[0] == 404
    assert function("PUT", path, {"opted_out": True})[0] == 200
    assert function("GET", path) == (200, {"opted_out": True})


def test_a_malformed_id_in_the_path_is_named(function: Any) -> None:
    for path in ("/v1/customers/a b/preferences", f"/v1/customers/{'x' * 65}/preferences"):
        status, problem = function("GET", path)
        assert status == 400
        assert problem["errors"][0]["field"] == "customer_id"


def test_preferences_that_cannot_be_read_are_not_guessed(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("gone")

    monkeypatch.setattr(function.app.backing.store, "read_context", fail)
    assert function("GET", PREFERENCES)[0] == 503


def _why(function: Any, request_id: str, customer: str = "c-1") -> tuple[int, Any]:
    status, body = function("GET", f"/v1/customers/{customer}/explanations/{request_id}")
    return status, body


def test_a_past_decision_is_explained_as_it_was_made(function: Any) -> None:
    _, answer = function.recommend(locale="en")
    function.store.put_records([tiny_bundle.customer(overseas_count=0)])
    status, explanation = _why(function, answer["request_id"])
    assert status == 200
    for key in ("request_id", "model_version", "recommendations", "dropped", "tasks", "audit"):
        assert explanation[key] == answer[key]
    assert explanation["features"] == tiny_bundle.features()
    assert function.entries()[-1].kind == "data_access"


def test_the_explanation_says_what_the_teacher_went_by(function: Any) -> None:
    """Of the tasks that ranked a product, and whose distilled student spoke; `family` has no gates in this bundle."""
    _, answer = function.recommend()
    assert "signups" in {driver.partition(":")[0] for one in answer["recommendations"] for driver in one["drivers"]}
    teacher = _why(function, answer["request_id"])[1]["teacher"]
    assert set(teacher) == {"signups"}
    assert [(one["expert"], one["share"]) for one in teacher["signups"]] == [
        ("deepfm", 0.45),
        ("temporal", 0.35),
        ("causal", 0.2),
    ]
    assert teacher["signups"][1]["title"]["en"] == "spending over time"


def test_no_teacher_stands_behind_rules(function: Any) -> None:
    function("PUT", PREFERENCES, {"opted_out": True})
    _, answer = function.recommend()
    assert {score["layer"] for score in answer["tasks"].values()} == {"rules"}
    assert _why(function, answer["request_id"])[1]["teacher"] == {}


def test_the_teacher_is_that_of_the_model_that_decided(make_function: Any, tmp_path: Path) -> None:
    _, answer = make_function().recommend()
    other = tiny_bundle.tasks()
    other[0]["teacher_gates"] = {"deepfm": 1.0}
    newer = make_function(tiny_bundle.write(tmp_path / "newer", tasks=other))
    assert [one["expert"] for one in _why(newer, answer["request_id"])[1]["teacher"]["signups"]][:2] == [
        "deepfm",
        "temporal",
    ]


def test_the_decision_of_an_older_bundle_is_explained(make_function: Any, tmp_path: Path) -> None:
    _, answer = make_function().recommend()
    newer = make_function(tiny_bundle.write(tmp_path / "newer", seed=2))
    assert newer("GET", "/v1/health")[1]["model_version"] != answer["model_version"]
    status, explanation = _why(newer, answer["request_id"])
    assert status == 200
    assert explanation["model_version"] == answer["model_version"]


def test_nobody_sees_the_decision_of_another(function: Any) -> None:
    _, answer = function.recommend()
    assert _why(function, answer["request_id"], "c-2")[0] == 404
    assert _why(function, "00000000-0000-0000-0000-000000000000")[0] == 404
    assert _why(function, "not_an_id")[0] == 400


def test_an_explanation_survives_a_rotated_key(function: Any, make_function: Any) -> None:
    _, answer = function.recommend()
    keys = function.folder / "keys.json"
    ring = json.loads(keys.read_text())
    keys.write_text(json.dumps(ring | {"active": "k2", "k2": "ab" * 32}))
    assert _why(make_function(), answer["request_id"])[0] == 200


def test_an_altered_entry_explains_nothing(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, answer = function.recommend()
    entry = function.entries()[0]
    forged = entry.model_copy(update={"payload": entry.payload | {"model_version": "other"}})
    monkeypatch.setattr(function.app.backing.store, "get_request", lambda _: forged)
    assert _why(function, answer["request_id"])[0] == 503


def test_an_unreachable_log_is_not_a_missing_decision(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("gone")

    _, answer = function.recommend()
    monkeypatch.setattr(function.app.backing.store, "get_request", fail)
    assert _why(function, answer["request_id"])[0] == 503
