"""One decision over HTTP: what an operator sees with and without the customer's name, and what is never shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle
import watch_reports
from cloud_tables import dynamodb_url
from overseers import ADMINS, ANNA, admin, switch

from understudy.contracts.inspection import DecisionRecord
from understudy.contracts.watch import LogState

PATH = "/v1/admin/decisions/"


def look(function: Any, request_id: str, **query: str) -> DecisionRecord:
    status, body = admin(function, "GET", PATH + request_id, **query)
    assert status == 200, body
    return DecisionRecord.model_validate(body)


@pytest.fixture(params=["sqlite", "dynamodb"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'store.sqlite'}"
        return
    with dynamodb_url() as url:
        yield url


@pytest.fixture
def answer(function: Any) -> Any:
    return function.recommend(top_k=10)[1]


def test_without_a_name_only_the_readable_part_is_shown(function: Any, answer: Any) -> None:
    found = look(function, answer["request_id"])
    assert (found.opened, found.closed) == (None, "unnamed")
    assert found.layers == {task: score["layer"] for task, score in answer["tasks"].items()}
    assert found.model_version == answer["model_version"]
    assert found.proof.audit.model_dump() == answer["audit"]


def test_with_the_name_everything_is_there(function: Any, answer: Any) -> None:
    found = look(function, answer["request_id"], customer_id="c-1")
    opened = found.opened
    assert found.closed is None
    assert opened is not None
    assert opened.features["visits"] == 6
    assert opened.profile is not None
    assert opened.profile.age == 41
    assert [one.product_id for one in opened.recommendations] == [
        one["product_id"] for one in answer["recommendations"]
    ]
    assert {task: score.model_dump(mode="json") for task, score in opened.tasks.items()} == answer["tasks"]
    judged = opened.judged[0].texts[0]
    assert judged.passed
    assert judged.reason.text == opened.recommendations[0].reason.text


def test_the_served_bundle_gives_the_recorded_scores_again_and_what_argued_for_them(function: Any, answer: Any) -> None:
    opened = look(function, answer["request_id"], customer_id="c-1").opened
    assert opened is not None
    again = opened.recomputed
    assert (again.outcome, again.compared, again.differing) == ("same", len(answer["tasks"]), [])
    first = again.contributions[0]
    assert first.product_id == answer["recommendations"][0]["product_id"]
    assert first.values
    assert opened.teacher["signups"]
    assert list(first.values.values()) == sorted(first.values.values(), key=abs, reverse=True)


def test_scores_that_do_not_come_out_again_are_named(function: Any, answer: Any, monkeypatch: Any) -> None:
    from lambda_app import revisiting

    real = revisiting.replay

    def skewed(app: Any, asked: Any) -> Any:
        made = real(app, asked)
        made["answers"][0]["tasks"]["signups"]["value"] = 0.123
        made["answers"][0]["dropped"] = []
        return made

    monkeypatch.setattr(revisiting, "replay", skewed)
    opened = look(function, answer["request_id"], customer_id="c-1").opened
    assert opened is not None
    assert (opened.recomputed.outcome, opened.recomputed.differing) == ("different", ["signups", "dropped"])


def test_what_a_switch_decided_is_decided_again_but_not_argued_for(function: Any) -> None:
    switch(function, "task", "rules", "signups")
    answer = function.recommend(top_k=10)[1]
    opened = look(function, answer["request_id"], customer_id="c-1").opened
    assert opened is not None
    assert opened.recomputed.outcome == "same"
    assert "signups" not in {one.task for one in opened.recomputed.contributions}
    assert opened.oversight == ["kill switch task:signups: rules"]
    assert opened.tasks["signups"].steps[0] == "distilled: kill switch: rules"
    assert opened.given


def test_of_an_objector_nothing_is_told_beyond_what_was_known(function: Any) -> None:
    assert function("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})[0] == 200
    opened = look(function, function.recommend()[1]["request_id"], customer_id="c-1").opened
    assert opened is not None
    assert opened.features == {}
    assert (opened.recomputed.outcome, opened.recomputed.contributions) == ("same", [])


def test_another_model_cannot_speak_for_the_one_that_decided(make_function: Any, function: Any, answer: Any) -> None:
    newer = make_function(tiny_bundle.write(function.folder / "newer", seed=9), understudy_admins=ADMINS)
    opened = look(newer, answer["request_id"], customer_id="c-1").opened
    assert opened is not None
    assert opened.recomputed.outcome == "impossible"
    assert answer["model_version"] in opened.recomputed.note


def test_an_erased_customer_stays_erased(function: Any, answer: Any) -> None:
    assert function("DELETE", "/v1/customers/c-1")[0] == 200
    found = look(function, answer["request_id"], customer_id="c-1")
    assert (found.opened, found.closed) == (None, "erased")


def test_a_wrong_name_opens_nothing(function: Any, answer: Any) -> None:
    assert admin(function, "GET", PATH + answer["request_id"], customer_id="c-2")[0] == 404
    assert admin(function, "GET", PATH + "no-such-request")[0] == 404
    status, problem = admin(function, "GET", PATH + answer["request_id"], customer_id="c 1")
    assert (status, problem["errors"][0]["field"]) == (400, "customer_id")


def test_an_altered_entry_is_called_so_and_not_shown(function: Any, answer: Any, monkeypatch: Any) -> None:
    body = function.store.get_request(answer["request_id"])
    monkeypatch.setattr(
        type(function.store), "get_request", lambda *_: body.replace(b'"opted_out":false', b'"opted_out":true ')
    )
    found = look(function, answer["request_id"], customer_id="c-1")
    assert (found.proof.entry, found.closed, found.layers) == ("altered", "altered", {})
    assert found.proof.checkpoint is None


def with_log(folder: Path, log: LogState | None) -> str:
    """Reports of one night, in which ``log`` was found."""
    report = watch_reports.audit_report("nightly", 1).model_copy(update={"log": log})
    path = folder / "reports" / "audit" / "nightly" / "2026-10-01.json"
    path.parent.mkdir(parents=True)
    path.write_text(report.model_dump_json())
    return str(folder / "reports")


@pytest.mark.parametrize(
    ("at", "bad_seq", "chain"),
    [
        ("2999-01-01T00:00:00+00:00", None, "clean"),
        ("2999-01-01T00:00:00+00:00", 1, "damaged"),
        ("2999-01-01T00:00:00+00:00", 9, "clean"),
        ("2020-01-01T00:00:00+00:00", None, "later"),
        (None, None, "unknown"),
    ],
)
def test_the_proof_says_what_the_last_verification_says_of_the_entry(
    make_function: Any, tmp_path: Path, at: str | None, bad_seq: int | None, chain: str
) -> None:
    function = make_function(understudy_admins=ADMINS)
    answer = function.recommend()[1]
    log = None
    if at is not None:
        bad = [{"writer": answer["audit"]["writer"], "seq": bad_seq, "problem": "edited", "detail": "x"}]
        log = LogState.model_validate(
            {
                "at": at,
                "verdict": "damaged" if bad_seq else "clean",
                "entries": 9,
                "writers": 1,
                "bad": bad if bad_seq else [],
            }
        )
    watched = make_function(understudy_admins=ADMINS, understudy_reports=with_log(tmp_path, log))
    proof = look(watched, answer["request_id"]).proof
    assert (proof.entry, proof.chain) == ("holds", chain)


def test_every_look_is_on_record_before_it_is_answered(function: Any, answer: Any) -> None:
    look(function, answer["request_id"])
    look(function, answer["request_id"], customer_id="c-1")
    first, second = [entry.payload for entry in function.entries() if entry.payload.get("operation") == "read_decision"]
    assert (first["opened"], second["opened"]) == (False, True)
    assert first["operator"] == ANNA
    assert first["decision"] == answer["request_id"]
    assert "c-1" not in str(second)


def test_without_a_durable_entry_nothing_is_shown(function: Any, answer: Any) -> None:
    log = function.app.backing.log

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    log.append = refuse
    assert admin(function, "GET", PATH + answer["request_id"], customer_id="c-1")[0] == 503


def test_nobody_else_may_look(function: Any, answer: Any) -> None:
    assert admin(function, "GET", PATH + answer["request_id"], operator="arn:aws:iam::1:user/x")[0] == 403
