"""Kill switches, set over HTTP, and what the very next request does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_bundle
from overseers import ADMINS, ANNA, BORA, SWITCH, admin, switch

from understudy.stores import Put
from understudy.stores.oversight import SWITCHES


def layers(answer: Any) -> dict[str, str]:
    return {task: score["layer"] for task, score in answer["tasks"].items()}


def reasons(answer: Any) -> dict[str, str]:
    return {dropped["product_id"]: dropped["reason"] for dropped in answer["dropped"]}


def test_the_global_switch_leaves_rules_until_it_is_cleared(function: Any) -> None:
    before = layers(function.recommend()[1])
    assert before["signups"] == "distilled"
    switch(function, "global", "rules")
    status, answer = function.recommend()
    assert status == 200
    assert set(layers(answer).values()) == {"rules"}
    assert answer["oversight"] == ["kill switch global: rules"]
    assert answer["tasks"]["signups"]["steps"][0] == "distilled: kill switch: rules"
    assert answer["recommendations"]
    status, left = admin(function, "DELETE", SWITCH, scope="global", reason="the drill is over")
    assert (status, left) == (200, {"switches": []})
    assert layers(function.recommend()[1]) == before


def test_disabling_everything_recommends_nothing_and_says_why(function: Any) -> None:
    switch(function, "global", "disable")
    status, answer = function.recommend()
    assert status == 200
    assert answer["recommendations"] == []
    assert set(reasons(answer).values()) == {"kill switch global: disabled"}
    assert function.entries()[-1].payload["request_id"] == answer["request_id"]


def test_a_task_by_rules_leaves_the_others_alone(function: Any) -> None:
    switch(function, "task", "rules", "signups")
    answer = function.recommend()[1]
    assert layers(answer)["signups"] == "rules"
    assert layers(answer)["family"] == "distilled"


def test_a_disabled_task_takes_its_products_with_it(function: Any) -> None:
    switch(function, "task", "disable", "family")
    answer = function.recommend(top_k=10)[1]
    dropped = reasons(answer)
    assert {dropped[p] for p in ("saver", "index_fund", "growth_fund")} == {"kill switch task:family: disabled"}
    assert [r["product_id"] for r in answer["recommendations"]] == ["wallet", "home_loan"]


def test_a_disabled_product_is_dropped_alone(function: Any) -> None:
    switch(function, "product", "disable", "index_fund")
    answer = function.recommend()[1]
    assert reasons(answer)["index_fund"] == "kill switch product:index_fund: disabled"
    assert answer["recommendations"][0]["product_id"] == "wallet"


def test_a_product_by_rules_is_ranked_by_them_and_told_without_facts(function: Any) -> None:
    switch(function, "product", "rules", "index_fund")
    answer = function.recommend(top_k=10)[1]
    (found,) = [r for r in answer["recommendations"] if r["product_id"] == "index_fund"]
    assert found["drivers"] == {"family:investments": 0.2}  # the prior of the rules
    assert found["reason"]["facts"] == []
    assert layers(answer)["family"] == "distilled"


def test_a_switch_of_another_model_version_does_nothing(function: Any) -> None:
    switch(function, "model", "disable", "tiny-000000000000")
    assert function.recommend()[1]["oversight"] == []
    version = function("GET", "/v1/health")[1]["model_version"]
    switch(function, "model", "rules", version)
    answer = function.recommend()[1]
    assert set(layers(answer).values()) == {"rules"}
    assert answer["oversight"] == [f"kill switch model:{version}: rules"]


def test_without_a_previous_model_its_strategy_steps_down_to_rules(function: Any) -> None:
    switch(function, "global", "previous")
    answer = function.recommend()[1]
    assert set(layers(answer).values()) == {"rules"}
    assert answer["oversight"] == ["kill switch global: previous: rules, because there is no previous model"]


@pytest.fixture
def succeeded(make_function: Any, tmp_path: Path) -> Any:
    """A function whose champion has a predecessor, with other calibrators."""
    tasks = tiny_bundle.tasks()
    tasks[0]["distilled"]["calibrator"] = {"kind": "platt", "a": 1.0, "b": -4.0}
    older = tiny_bundle.write(tmp_path / "older", seed=2, tasks=tasks)
    return make_function(understudy_admins=ADMINS, understudy_previous_bundle=str(older))


def test_the_previous_model_speaks_where_it_is_asked_for(succeeded: Any) -> None:
    champion = succeeded.recommend()[1]["tasks"]["signups"]["value"]
    switch(succeeded, "global", "previous")
    answer = succeeded.recommend()[1]
    assert answer["oversight"][0].startswith("kill switch global: previous: tiny-")
    assert layers(answer)["signups"] == "distilled"
    assert answer["tasks"]["signups"]["value"] < champion / 5
    assert answer["recommendations"][0]["reason"]["facts"]  # what the previous model found


def test_the_previous_model_speaks_for_one_task_or_one_product(succeeded: Any) -> None:
    champion = succeeded.recommend(top_k=10)[1]
    switch(succeeded, "task", "previous", "signups")
    answer = succeeded.recommend()[1]
    assert answer["tasks"]["signups"]["value"] < champion["tasks"]["signups"]["value"] / 5
    assert answer["tasks"]["family"] == champion["tasks"]["family"]
    admin(succeeded, "DELETE", SWITCH, scope="task", target="signups", reason="over")
    switch(succeeded, "product", "previous", "saver")
    answer = succeeded.recommend(top_k=10)[1]
    scores = [{r["product_id"]: r["score"] for r in a["recommendations"]} for a in (champion, answer)]
    assert answer["tasks"] == champion["tasks"]
    assert scores[1].get("saver", 0.0) < scores[0]["saver"]
    assert scores[1]["index_fund"] == scores[0]["index_fund"]


def test_a_previous_model_that_is_switched_off_itself_gives_way_to_rules(succeeded: Any) -> None:
    switch(succeeded, "global", "previous")
    older = succeeded.recommend()[1]["oversight"][0].rpartition(" ")[2]
    switch(succeeded, "model", "disable", older)
    answer = succeeded.recommend()[1]
    assert set(layers(answer).values()) == {"rules"}
    assert answer["oversight"] == ["kill switch global: previous: rules, because it is switched off itself"]


def test_a_refused_previous_bundle_gives_way_to_rules(make_function: Any, tmp_path: Path) -> None:
    older = tiny_bundle.write(tmp_path / "older", seed=2)
    (older / "rules.json").write_text("{}")
    function = make_function(understudy_admins=ADMINS, understudy_previous_bundle=str(older))
    switch(function, "global", "previous")
    answer = function.recommend()[1]
    assert set(layers(answer).values()) == {"rules"}
    assert "the previous model is refused" in answer["oversight"][0]


def test_the_strictest_of_several_counts(succeeded: Any) -> None:
    switch(succeeded, "global", "previous")
    switch(succeeded, "task", "rules", "signups")
    answer = succeeded.recommend()[1]
    assert (layers(answer)["signups"], layers(answer)["family"]) == ("rules", "distilled")


def test_switches_that_cannot_be_read_leave_rules_until_one_is_set_anew(function: Any) -> None:
    switch(function, "product", "disable", "saver")
    function.store.remove_documents([SWITCHES])
    with_broken_switches(function)
    answer = function.recommend()[1]
    assert set(layers(answer).values()) == {"rules"}
    assert answer["oversight"] == ["the kill switches cannot be read: only rules speak"]
    assert admin(function, "GET", SWITCH)[0] == 503
    switch(function, "product", "disable", "wallet")
    assert function.entries()[-1].payload["replaced_unreadable"] is True
    assert layers(function.recommend()[1])["signups"] == "distilled"


def with_broken_switches(function: Any) -> None:
    function.app.backing.log.append("operation", {"operation": "vandalism"}, [Put(SWITCHES, "[", before=0)])


def test_a_switch_carries_who_set_it_and_every_call_is_on_record(function: Any) -> None:
    switch(function, "product", "disable", "saver")
    body = {"scope": "product", "target": "saver", "strategy": "rules", "reason": "better so"}
    _, answer = admin(function, "PUT", SWITCH, body, operator=BORA)
    (found,) = answer["switches"]
    assert (found["strategy"], found["operator"], found["reason"]) == ("rules", BORA, "better so")
    assert admin(function, "GET", SWITCH)[1] == answer
    admin(function, "DELETE", SWITCH, scope="product", target="saver", reason="over")
    payloads = [entry.payload for entry in function.entries()]
    assert [(p["operation"], p["operator"]) for p in payloads] == [
        ("set_kill_switch", ANNA),
        ("set_kill_switch", BORA),
        ("read_kill_switches", ANNA),
        ("clear_kill_switch", ANNA),
    ]
    assert function.check_log().verdict == "clean"


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "everything"},
        {"target": None},
        {"scope": "global"},
        {"target": "no_such_task"},
        {"reason": ""},
        {"strategy": "off"},
        {"operator": "somebody else"},
    ],
)
def test_a_malformed_switch_is_refused(function: Any, changes: dict[str, Any]) -> None:
    body = {"scope": "task", "target": "signups", "strategy": "rules", "reason": "a drill"} | changes
    assert admin(function, "PUT", SWITCH, body)[0] == 400
    assert function.recommend()[1]["oversight"] == []


def test_what_is_not_set_cannot_be_cleared(function: Any) -> None:
    assert admin(function, "DELETE", SWITCH, scope="global", reason="over")[0] == 404
    status, problem = admin(function, "DELETE", SWITCH, scope="task")
    assert status == 400
    assert problem["errors"]
