"""Objection, restriction and channels over HTTP: each holds from the next request on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from understudy.stores import StoreError

CONSENTS = "/v1/customers/c-1/consents"
RESTRICTION = "/v1/customers/c-1/restriction"
# 12:00 and 21:00 in Korea.
NOON, NIGHT = datetime(2026, 11, 21, 3, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda now: monkeypatch.setattr("lambda_app.recommend.utc_now", lambda: now)


def reasons(answer: Any) -> set[str]:
    return {dropped["reason"] for dropped in answer["dropped"]}


@pytest.mark.parametrize("channel", ["sms", "email", "push", "phone", "mail"])
def test_the_bank_approaches_only_who_agreed_and_never_at_night(function: Any, at: Any, channel: str) -> None:
    at(NOON)
    assert reasons(function.recommend(channel=channel)[1]) == {f"consent: the customer has not agreed to {channel}"}
    assert function("PUT", CONSENTS, {"channels": {channel: True}}) == (200, {"channels": {channel: True}})
    assert function.recommend(channel=channel)[1]["recommendations"]
    at(NIGHT)
    answer = function.recommend(channel=channel)[1]
    assert (answer["recommendations"], reasons(answer)) == ([], {"quiet hours: no contact from 21:00 to 08:00"})
    assert function.recommend(channel="app")[1]["recommendations"]  # the customer came by themselves
    at(NOON)
    function("PUT", CONSENTS, {"channels": {channel: False}})
    assert reasons(function.recommend(channel=channel)[1]) == {f"consent: the customer refused {channel}"}


@pytest.mark.parametrize("channel", ["branch", "app"])
def test_where_the_customer_comes_they_may_refuse_to_be_told(function: Any, channel: str) -> None:
    assert function.recommend(channel=channel)[1]["recommendations"]
    function("PUT", CONSENTS, {"channels": {channel: False}})
    assert reasons(function.recommend(channel=channel)[1]) == {f"consent: the customer refused {channel}"}
    assert function("GET", CONSENTS)[1] == {"channels": {channel: False}}


def test_restriction_to_rules_and_to_no_decision(function: Any) -> None:
    assert function("GET", RESTRICTION) == (200, {"restriction": "none"})
    assert function("PUT", RESTRICTION, {"restriction": "rules"})[0] == 200
    answer = function.recommend()[1]
    assert {task["layer"] for task in answer["tasks"].values()} == {"rules"}
    assert answer["oversight"] == ["restriction: rules"]
    assert all(r["reason"]["facts"] == [] for r in answer["recommendations"])
    function("PUT", RESTRICTION, {"restriction": "no_decision"})
    answer = function.recommend()[1]
    assert (answer["recommendations"], reasons(answer)) == ([], {"restriction: no automated decision"})
    assert all(one.payload["record"]["features"] is None for one in function.entries() if "record" in one.payload)
    function("PUT", RESTRICTION, {"restriction": "none"})
    assert function.recommend()[1]["tasks"]["signups"]["layer"] == "distilled"


def test_one_choice_leaves_the_others_alone(function: Any) -> None:
    function("PUT", CONSENTS, {"channels": {"sms": True}})
    function("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})
    function("PUT", RESTRICTION, {"restriction": "rules"})
    assert function("GET", CONSENTS)[1] == {"channels": {"sms": True}}
    assert function("GET", "/v1/customers/c-1/preferences")[1] == {"opted_out": True}
    assert function("GET", RESTRICTION)[1] == {"restriction": "rules"}
    assert [e.payload["operation"] for e in function.entries()] == [
        "set_consents",
        "set_preferences",
        "set_restriction",
    ]
    assert function.check_log().verdict == "clean"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CONSENTS, {"channels": {"pigeon": True}}),
        (CONSENTS, {"channels": {"sms": "yes"}}),
        (CONSENTS, {}),
        (RESTRICTION, {"restriction": "some"}),
        (RESTRICTION, {}),
    ],
)
def test_a_malformed_choice_changes_nothing(function: Any, path: str, body: Any) -> None:
    assert function("PUT", path, body)[0] == 400
    assert function.entries() == []


@pytest.mark.parametrize("path", [CONSENTS, RESTRICTION, "/v1/customers/c-1/preferences"])
def test_choices_that_cannot_be_read_are_not_guessed(function: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("gone")

    for method in ("read_documents", "read_context"):
        monkeypatch.setattr(function.app.backing.store, method, fail)
    assert function("GET", path)[0] == 503


def test_channels_are_sealed_under_the_customers_key(function: Any) -> None:
    function("PUT", CONSENTS, {"channels": {"sms": True}})
    assert b"sms" not in bytes(next(iter(function.store.entries()))[3])
    assert function.entries()[0].payload["channels"] == {"sms": True}
