"""Every kill-switch strategy in every scope, on the built zip over HTTP; and that nobody else may set one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, get_args

import pytest
import tiny_bundle
from packaged import OPERATOR, SECRET, Served

from understudy.contracts.oversight import Scope, Strategy

SWITCH = "/v1/admin/kill-switch"
KEEN = 0.5  # the champion's score of `signups` for this customer is above it, the predecessor's far below


def layers(answer: Any) -> dict[str, str]:
    return {task: score["layer"] for task, score in answer["tasks"].items()}


def dropped(answer: Any) -> dict[str, str]:
    return {one["product_id"]: one["reason"] for one in answer["dropped"]}


def score_of(answer: Any, product_id: str) -> float:
    found = [one["score"] for one in answer["recommendations"] if one["product_id"] == product_id]
    return found[0] if found else 0.0


def all_by_rules(before: Any, after: Any) -> None:
    assert set(layers(after).values()) == {"rules"}
    assert after["recommendations"]


def all_by_previous(before: Any, after: Any) -> None:
    assert layers(after) == layers(before)
    assert after["tasks"]["signups"]["value"] < KEEN < before["tasks"]["signups"]["value"]


def nothing_at_all(before: Any, after: Any) -> None:
    assert after["recommendations"] == []
    assert {reason.partition(":")[0] for reason in dropped(after).values()} == {f"kill switch {named(after)}"}


def named(answer: Any) -> str:
    """``global`` or ``model``, as the only note of the answer begins."""
    (note,) = answer["oversight"]
    found: str = note.removeprefix("kill switch ").partition(":")[0]
    return found


def one_task_by_rules(before: Any, after: Any) -> None:
    assert layers(after) == layers(before) | {"signups": "rules"}


def one_task_by_previous(before: Any, after: Any) -> None:
    assert after["tasks"]["family"] == before["tasks"]["family"]
    assert after["tasks"]["signups"]["value"] < KEEN


def one_task_disabled(before: Any, after: Any) -> None:
    assert dropped(after)["saver"] == "kill switch task:signups: disabled"
    assert {one["product_id"] for one in after["recommendations"]} & {"index_fund", "wallet"}


def one_product_by_rules(before: Any, after: Any) -> None:
    assert layers(after) == layers(before)
    (found,) = [one for one in after["recommendations"] if one["product_id"] == "saver"]
    assert found["drivers"]["signups"] == pytest.approx(0.3)  # what the rules say of everybody of this age
    assert found["reason"]["facts"] == []


def one_product_by_previous(before: Any, after: Any) -> None:
    assert after["tasks"] == before["tasks"]
    assert score_of(after, "saver") < score_of(before, "saver")
    assert score_of(after, "index_fund") == score_of(before, "index_fund")


def one_product_disabled(before: Any, after: Any) -> None:
    assert dropped(after)["saver"] == "kill switch product:saver: disabled"
    assert score_of(after, "index_fund") == score_of(before, "index_fund")


EXPECTED: dict[tuple[str, str], Callable[[Any, Any], None]] = {
    ("global", "rules"): all_by_rules,
    ("global", "previous"): all_by_previous,
    ("global", "disable"): nothing_at_all,
    ("model", "rules"): all_by_rules,
    ("model", "previous"): all_by_previous,
    ("model", "disable"): nothing_at_all,
    ("task", "rules"): one_task_by_rules,
    ("task", "previous"): one_task_by_previous,
    ("task", "disable"): one_task_disabled,
    ("product", "rules"): one_product_by_rules,
    ("product", "previous"): one_product_by_previous,
    ("product", "disable"): one_product_disabled,
}


@pytest.fixture
def cleared(served: Served) -> Iterator[Served]:
    """No switch is in force before, and none afterwards."""
    assert served.admin("GET", SWITCH).body == {"switches": []}
    yield served
    for switch in served.admin("GET", SWITCH).body["switches"]:
        target = {} if switch["target"] is None else {"target": switch["target"]}
        assert served.admin("DELETE", SWITCH, scope=switch["scope"], reason="the drill is over", **target).status == 200


@pytest.mark.parametrize(("scope", "strategy"), list(product(get_args(Scope), get_args(Strategy))))
def test_every_strategy_in_every_scope(cleared: Served, scope: str, strategy: str) -> None:
    before = cleared.recommend(top_k=10)
    version = cleared.good("GET", "/v1/health")["model_version"]
    target = {"global": None, "task": "signups", "product": "saver", "model": version}[scope]
    cleared.switch(scope, strategy, target)
    after = cleared.recommend(top_k=10)
    EXPECTED[scope, strategy](before, after)
    name = scope if target is None else f"{scope}:{target}"
    assert after["oversight"][0].startswith(f"kill switch {name}: {strategy}")
    set_by = cleared.entries("set_kill_switch")[-1]
    assert (set_by["operator"], set_by["switch"]["scope"], set_by["switch"]["strategy"]) == (OPERATOR, scope, strategy)
    query = {"scope": scope, "reason": "the drill is over"} | ({} if target is None else {"target": target})
    assert cleared.admin("DELETE", SWITCH, **query).body == {"switches": []}
    again = cleared.recommend(top_k=10)
    assert (again["tasks"], again["recommendations"]) == (before["tasks"], before["recommendations"])


def test_there_is_no_other_strategy_and_no_other_scope() -> None:
    assert set(EXPECTED) == set(product(get_args(Scope), get_args(Strategy)))


ADMIN_CALLS = [
    ("GET", SWITCH, None),
    ("PUT", SWITCH, {"scope": "global", "strategy": "disable", "target": None, "reason": "not mine to say"}),
    ("DELETE", f"{SWITCH}?scope=global&reason=drill", None),
    ("GET", "/v1/admin/reviews", None),
    ("GET", "/v1/admin/reviews/r-1", None),
    ("POST", "/v1/admin/reviews/r-1/decision", {"decision": "approved", "reason": "not mine to say"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ADMIN_CALLS)
@pytest.mark.parametrize("header", [None, "Bearer 0123456789abcdef0124", f"Basic {SECRET}", "Bearer"])
def test_nobody_but_an_operator_passes(cleared: Served, method: str, path: str, body: Any, header: str | None) -> None:
    signed = {} if header is None else {"authorization": header}
    found = cleared.ask(method, path, body, **signed)
    assert (found.status, found.body["title"]) == (403, "Forbidden")


@pytest.mark.parametrize(
    ("authorizer", "status"),
    [
        ({"iam": {"userArn": "arn:aws:sts::1:assumed-role/caller/anna"}}, 403),
        ({"jwt": {"claims": {"sub": "anna", "scope": "understudy/read"}}}, 403),
        ({"jwt": {"claims": {"sub": "anna", "scope": "understudy/read understudy/admin"}}}, 200),
    ],
)
def test_in_the_cloud_the_authoriser_says_who_calls(cleared: Served, authorizer: Any, status: int) -> None:
    # Whoever the gateway names is not taken for the operator of a laptop, whatever token they send.
    headers = {"authorization": f"Bearer {SECRET}"}
    event = tiny_bundle.event("GET", SWITCH, authorizer=authorizer, headers=headers)
    assert cleared.function.invoke(event)["statusCode"] == status
