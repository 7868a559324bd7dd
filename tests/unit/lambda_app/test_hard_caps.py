"""Whatever record, rights and switches say: nothing above the caps, and a reason for all that is dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tiny_bundle
from choices import choose, contacted
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from overseers import ADMINS, SWITCH, admin

from lambda_app.past_decision import past_decision
from understudy.contracts.catalog import Catalog
from understudy.stores.oversight import SWITCHES

CATALOG: Catalog = tiny_bundle.catalog()
RISK = {product.id: product.risk_level for product in CATALOG.products}

numbers = st.one_of(st.none(), st.integers(-5, 120), st.floats(allow_nan=False, allow_infinity=False), st.just("much"))
features = st.fixed_dictionaries(
    {"salary_share": st.sampled_from([0.1, 0.1, 0.1, 0.9, None])},  # a low one keeps the customer from leaving
    optional={
        **dict.fromkeys([name for name in tiny_bundle.NUMERIC if name != "salary_share"], numbers),
        "region": st.one_of(st.none(), st.sampled_from([*tiny_bundle.REGIONS, "moon"]), st.integers()),
    },
)
# Mostly complete, so that something is left to be recommended; sampled, because integers shrink towards the strict end.
profiles = st.fixed_dictionaries(
    {"risk_tolerance": st.sampled_from([5, 4, 3, 2, 1, None])},
    optional={
        "age": st.sampled_from([40.0, 64.9, 65.0, 130.0, 0.0, None]),
        "income_krw": st.sampled_from([1e8, 30_000_000.0, 29_999_999.0, 0.0, None]),
        "owned": st.lists(st.sampled_from(sorted(RISK)), max_size=3),
    },
)
targets = {
    "global": st.none(),
    "task": st.sampled_from([task["name"] for task in tiny_bundle.tasks()]),
    "product": st.sampled_from(sorted(RISK)),
    "model": st.just("tiny-000000000000"),
}
switches = st.one_of(
    *(
        st.fixed_dictionaries(
            {
                "scope": st.just(scope),
                "target": target,
                "strategy": st.sampled_from(["rules", "rules", "previous", "previous", "disable"]),
                "reason": st.just("a drill"),
            }
        )
        for scope, target in targets.items()
    )
)
choices = st.fixed_dictionaries(
    {
        "opted_out": st.sampled_from([False, False, True]),
        "restriction": st.sampled_from(["none"] * 5 + ["rules", "no_decision"]),
        "channels": st.dictionaries(st.sampled_from(["branch", "app"]), st.sampled_from([True, True, True, False])),
    }
)


def highest(profile: dict[str, Any]) -> int:
    """The cap, written down once more from design and law; 0: nothing suits."""
    tolerance = profile.get("risk_tolerance")
    if tolerance is None:
        return 0
    age, income = profile.get("age"), profile.get("income_krw")
    senior = 2 if age is None or age >= 65 else 5
    poor = 3 if income is None or income < 30_000_000 else 5
    return int(min(tolerance, senior, poor))


@pytest.fixture
def function(make_function: Any, tmp_path: Any) -> Any:
    older = tiny_bundle.write(tmp_path / "older", seed=2)
    return make_function(understudy_admins=ADMINS, understudy_previous_bundle=str(older))


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    features=features,
    profile=profiles,
    schema=st.sampled_from([tiny_bundle.SCHEMA_VERSION] * 3 + ["1" * 16]),
    choice=choices,
    set_switches=st.one_of(st.just([]), st.lists(switches, max_size=2)),
    contacts=st.sampled_from([0, 2, 2, 3]),
    options=st.fixed_dictionaries(
        {"top_k": st.integers(1, 10), "channel": st.sampled_from(["branch", "app", "app", "sms"])}
    ),
)
def test_nothing_above_the_caps_and_a_reason_for_all_that_is_dropped(
    function: Any,
    features: Any,
    profile: Any,
    schema: str,
    choice: Any,
    set_switches: Any,
    contacts: int,
    options: Any,
) -> None:
    record = tiny_bundle.customer(profile=profile).model_copy(update={"features": features, "schema_version": schema})
    record = record.model_copy(update={"profile": type(record.profile).model_validate({"owned": [], **profile})})
    held = function.store.list_documents("customers", "c-1", start="record#", end="record$")
    function.store.remove_documents([SWITCHES, *(document.key for document in held)])
    function.store.put_records([record])
    choose(function.store, "c-1", **choice)
    contacted(function.store, "c-1", *["2999-01-01T00:00:00+00:00"] * contacts)
    for body in set_switches:
        assert admin(function, "PUT", SWITCH, body)[0] == 200
    status, answer = function.recommend(**options)
    assert status == 200, answer
    withheld = {notice["rank"] for notice in answer["reviews"] if notice["withheld"]}
    ordered = past_decision(function.app, "c-1", answer["request_id"]).content
    waiting = [one["product_id"] for one in ordered["withheld"]]
    told = [one["product_id"] for one in answer["recommendations"]]
    dropped = {one["product_id"]: one["reason"] for one in answer["dropped"]}
    assert len(waiting) == len(withheld)
    assert sorted([*told, *waiting, *dropped]) == sorted(RISK)
    assert all(dropped.values())
    cap = highest(profile)
    for product in (*told, *waiting):
        event("something recommended")
        risk = RISK[product]
        assert risk is not None
        assert risk <= cap, (product, profile)
        assert product not in profile.get("owned", [])
    if contacts == 3 or choice["restriction"] == "no_decision":
        assert told == waiting == []
    if choice["opted_out"]:
        assert {task["layer"] for task in answer["tasks"].values()} == {"rules"}
        assert json.dumps(ordered["record"]["features"]) == "null"


def test_the_property_can_fail(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the caps taken out, a product above them would be recommended: it is they who hold it back."""
    function.store.put_records([tiny_bundle.customer(profile={"age": 80, "risk_tolerance": 5})])
    monkeypatch.setattr("lambda_app.ranking.unsuitable", lambda product, cap: None)
    monkeypatch.setattr("agents.safety_gate.checks.suitability", lambda product, cap: [])
    answer = function.recommend(top_k=10)[1]
    assert max(RISK[one["product_id"]] or 0 for one in answer["recommendations"]) > 2
