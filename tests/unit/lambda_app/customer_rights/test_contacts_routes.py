"""Contacts are recorded once, and tire the customer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from understudy.contracts.rights import Contact, Contacts
from understudy.stores.customers import contacts_key

PATH = "/v1/customers/c-1/contacts"


def contact(contact_id: str, *, hours_ago: float = 1, channel: str = "branch") -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    return {"contact_id": contact_id, "at": at.isoformat(timespec="seconds"), "channel": channel}


def test_three_contacts_in_seven_days_are_enough(function: Any) -> None:
    for number in range(2):
        assert function("POST", PATH, contact(f"k-{number}"))[1]["recorded"] is True
    function("POST", PATH, contact("old", hours_ago=24 * 7 + 1))
    assert function.recommend()[1]["recommendations"]
    function("POST", PATH, contact("k-2"))
    answer = function.recommend()[1]
    assert answer["recommendations"] == []
    assert {d["reason"] for d in answer["dropped"]} == {"fatigue: 3 contacts in 7 days"}


def test_a_contact_that_is_sent_again_counts_once(function: Any) -> None:
    body = contact("k-1")
    for expected in (True, False, False):
        assert function("POST", PATH, body)[1] == {"contact_id": "k-1", "recorded": expected, "refusal": None}
    assert len(function.store.read_context("c-1").contacts) == 1
    assert len(function.entries()) == 1
    assert function("POST", PATH, body | {"channel": "app"})[0] == 409


def test_a_contact_without_consent_counts_and_is_remarked(function: Any) -> None:
    status, answer = function("POST", PATH, contact("k-1", channel="sms"))
    assert (status, answer["refusal"]) == (200, "consent: the customer has not agreed to sms")
    assert len(function.store.read_context("c-1").contacts) == 1
    payload = function.entries()[0].payload
    assert (payload["allowed"], payload["refusal"]) == (False, answer["refusal"])


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "yesterday"},
        {"at": "2026-11-21T09:00:00"},
        {"at": "2999-01-01T00:00:00+09:00"},
        {"at": "2020-01-01T00:00:00+09:00"},
        {"channel": "pigeon"},
        {"contact_id": ""},
    ],
)
def test_a_malformed_contact_is_refused(function: Any, changes: dict[str, str]) -> None:
    status, problem = function("POST", PATH, contact("k-1") | changes)
    assert (status, problem["errors"][0]["field"]) == (400, next(iter(changes)))
    assert function.store.read_context("c-1").contacts == []


def test_contacts_are_forgotten_in_time(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    function("POST", PATH, contact("k-1"))
    for kind in ("sqlite", "dynamodb"):
        monkeypatch.setattr(f"understudy.stores.{kind}.documents.now_seconds", lambda: int(time.time()) + 91 * 86_400)
    assert function.store.read_documents([contacts_key("c-1")]) == {}


def test_the_newest_hundred_are_kept(function: Any) -> None:
    many = [Contact.model_validate(contact(f"k-{n}", hours_ago=200 - n)) for n in range(100)]
    function.store.put_documents([(contacts_key("c-1"), Contacts(contacts=many).model_dump_json())])
    function("POST", PATH, contact("newest", hours_ago=0.5))
    found = function.store.read_documents([contacts_key("c-1")])[contacts_key("c-1")].json()["contacts"]
    assert (len(found), found[0]["contact_id"], found[-1]["contact_id"]) == (100, "k-1", "newest")
