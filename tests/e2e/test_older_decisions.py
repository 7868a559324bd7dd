"""A decision that an older model made is explained, and made again, after another bundle has taken its place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import packaged
import pytest
import tiny_bundle

from lambda_app.decision import Decider
from understudy.bundle import load_bundle
from understudy.contracts.api import CustomerRecord, RecommendationRequest

CUSTOMERS = ("c-1", "some-missing")
BODY, KEY = {"customer_id": CUSTOMERS[0], "locale": "en", "top_k": 10}, "retry-1"
KEPT = ("recommendations", "dropped", "tasks", "model_version", "request_id", "audit")


@pytest.fixture(scope="module")
def swapped(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two decisions by the bundle A; then, on the same store and keys, B serves, whose models and products differ."""
    folder = tmp_path_factory.mktemp("swapped")
    records = [tiny_bundle.customer(), tiny_bundle.customer("some-missing", balance=None)]
    older = packaged.bundle(folder / "a.zip")
    with packaged.serve(package, folder, older, records) as first:
        decided = {name: first.recommend(name, top_k=10) for name in CUSTOMERS[1:]}
        decided[CUSTOMERS[0]] = first.good("POST", "/v1/recommendations", BODY, idempotency_key=KEY)
    tasks = tiny_bundle.tasks()
    tasks[0]["distilled"]["calibrator"] = {"kind": "platt", "a": 1.0, "b": -4.0}
    products = [one.model_dump(mode="json") for one in tiny_bundle.catalog().products if one.id != "wallet"]
    newer = packaged.bundle(folder / "b.zip", catalog={"products": products}, seed=2, tasks=tasks)
    with packaged.serve(package, folder, newer, []) as second:
        yield second, older, decided
        assert second.verdict() == "clean"


def explained(served: packaged.Served, customer_id: str, answer: Any) -> packaged.Answer:
    return served.ask("GET", f"/v1/customers/{customer_id}/explanations/{answer['request_id']}")


@pytest.mark.parametrize("customer_id", CUSTOMERS)
def test_the_older_decision_is_explained_as_it_was_made(swapped: Any, customer_id: str) -> None:
    served, _, decided = swapped
    answer = decided[customer_id]
    now = served.recommend(customer_id, top_k=10)
    assert now["model_version"] != answer["model_version"]
    assert now["tasks"]["signups"] != answer["tasks"]["signups"]
    found = explained(served, customer_id, answer)
    assert found.status == 200
    assert {name: found.body[name] for name in KEPT} == {name: answer[name] for name in KEPT}
    assert "wallet" in {one["product_id"] for one in found.body["recommendations"]}, "B does not know it"
    assert explained(served, customer_id, now).body["model_version"] == now["model_version"]


@pytest.mark.parametrize("customer_id", CUSTOMERS)
def test_what_the_log_holds_lets_the_older_bundle_decide_the_same_again(swapped: Any, customer_id: str) -> None:
    served, older, decided = swapped
    past = explained(served, customer_id, decided[customer_id]).body
    data = served.good("GET", f"/v1/customers/{customer_id}/data")
    whole = next(one["decision"] for one in data["decisions"] if one["ref"]["request_id"] == past["request_id"])
    record = CustomerRecord.model_validate({"customer_id": customer_id, **whole["record"]})
    assert record.features == past["features"]
    request = RecommendationRequest(customer_id=customer_id, top_k=10, locale="en")
    decision = Decider(load_bundle(older)).decide(
        request, record, opted_out=False, contacts=[], now=datetime.fromisoformat(past["decided_at"])
    )
    assert [one.model_dump(mode="json") for one in decision.recommendations] == past["recommendations"]
    assert {name: score.model_dump(mode="json") for name, score in decision.scoring.tasks.items()} == past["tasks"]


def test_an_explanation_has_a_tag_that_outlasts_the_model(swapped: Any) -> None:
    served, _, decided = swapped
    path = f"/v1/customers/c-1/explanations/{decided['c-1']['request_id']}"
    tag = served.ask("GET", path).headers["etag"]
    again = served.ask("GET", path, if_none_match=tag)
    assert (again.status, again.body) == (304, None)
    assert served.ask("GET", path, if_none_match='"another"').status == 200


def test_an_older_answer_is_given_again_to_whoever_repeats_its_request(swapped: Any) -> None:
    """An idempotency key, too, outlasts the model."""
    served, _, decided = swapped
    again = served.ask("POST", "/v1/recommendations", BODY, idempotency_key=KEY)
    assert again.body == decided[CUSTOMERS[0]]
    assert again.headers["idempotency-replayed"] == "true"
