"""Every right of a customer on the built zip over HTTP; each holds from the very next request on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import packaged
import pytest
import tiny_bundle
from packaged import Served

from understudy.contracts.rights import OUTBOUND, Channel, Restriction

CHANNELS: tuple[Channel, ...] = get_args(Channel)


@pytest.fixture
def customer(served: Served, request: pytest.FixtureRequest) -> str:
    """A customer whom no other test knows."""
    name = f"own-{zlib.crc32(request.node.name.encode())}"
    served.store.put_records([tiny_bundle.customer(name)])
    return name


@pytest.fixture(scope="module")
def night(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same function where it is two o'clock at night, for a customer who agreed to every channel."""
    folder = tmp_path_factory.mktemp("night")
    bundle = packaged.bundle(folder / "bundle", local_hour=packaged.NIGHT)
    with packaged.serve(package, folder, bundle, [tiny_bundle.customer()]) as running:
        running.good("PUT", "/v1/customers/c-1/consents", {"channels": dict.fromkeys(CHANNELS, True)})
        yield running


def layers(answer: Any) -> set[str]:
    return {task["layer"] for task in answer["tasks"].values()}


def reasons(answer: Any) -> set[str]:
    return {dropped["reason"] for dropped in answer["dropped"]}


def test_objection_and_its_revocation(served: Served, customer: str) -> None:
    path = f"/v1/customers/{customer}/preferences"
    assert "distilled" in layers(served.recommend(customer))
    assert served.good("PUT", path, {"opted_out": True}) == {"opted_out": True}
    objected = served.recommend(customer)
    assert layers(objected) == {"rules"}
    assert all(one["reason"]["facts"] == [] for one in objected["recommendations"])
    explanation = served.good("GET", f"/v1/customers/{customer}/explanations/{objected['request_id']}")
    assert (explanation["opted_out"], explanation["features"]) == (True, {})
    assert served.good("GET", path) == {"opted_out": True}
    assert served.good("PUT", path, {"opted_out": False}) == {"opted_out": False}
    assert "distilled" in layers(served.recommend(customer))


RESTRICTIONS = {
    # layers, whether anything is recommended, notes
    "none": (None, True, []),
    "rules": ({"rules"}, True, ["restriction: rules"]),
    "no_decision": ({"rules"}, False, ["restriction: no_decision"]),
}


@pytest.mark.parametrize("restriction", get_args(Restriction))
def test_every_restriction(served: Served, customer: str, restriction: str) -> None:
    path = f"/v1/customers/{customer}/restriction"
    assert served.good("PUT", path, {"restriction": restriction}) == served.good("GET", path)
    expected, anything, notes = RESTRICTIONS[restriction]
    answer = served.recommend(customer)
    assert expected in (None, layers(answer))
    assert bool(answer["recommendations"]) is anything
    assert answer["oversight"] == notes
    served.good("PUT", path, {"restriction": "none"})
    assert "distilled" in layers(served.recommend(customer))


@pytest.mark.parametrize("channel", CHANNELS)
def test_consent_to_every_channel(served: Served, customer: str, channel: Channel) -> None:
    path = f"/v1/customers/{customer}/consents"
    silent = served.recommend(customer, channel=channel)
    if channel in OUTBOUND:
        assert reasons(silent) == {f"consent: the customer has not agreed to {channel}"}
    else:
        assert silent["recommendations"]
    assert served.good("PUT", path, {"channels": {channel: True}}) == served.good("GET", path)
    assert served.recommend(customer, channel=channel)["recommendations"]
    served.good("PUT", path, {"channels": {channel: False}})
    refused = served.recommend(customer, channel=channel)
    assert (refused["recommendations"], reasons(refused)) == ([], {f"consent: the customer refused {channel}"})


@pytest.mark.parametrize("channel", CHANNELS)
def test_at_night_nobody_is_approached_whatever_they_agreed_to(night: Served, channel: Channel) -> None:
    answer = night.recommend(channel=channel)
    if channel in OUTBOUND:
        expected = {"quiet hours: no contact from 21:00 to 08:00"}
        assert (answer["recommendations"], reasons(answer)) == ([], expected)
    else:
        assert answer["recommendations"]
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    contact = {"contact_id": f"night-{channel}", "at": at, "channel": channel}
    recorded = night.good("POST", "/v1/customers/c-1/contacts", contact)
    assert recorded["recorded"] is True
    assert (recorded["refusal"] is not None) is (channel in OUTBOUND)


def test_contacts_tire_from_the_third_on(served: Served, customer: str) -> None:
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for number in (1, 2, 3):
        assert served.recommend(customer)["recommendations"]
        contact = {"contact_id": f"k-{number}", "at": at, "channel": "branch"}
        recorded = [served.good("POST", f"/v1/customers/{customer}/contacts", contact)["recorded"] for _ in range(2)]
        assert recorded == [True, False]
    tired = served.recommend(customer)
    assert tired["recommendations"] == []
    assert any(reason.startswith("fatigue") for reason in reasons(tired))


def test_rectification(served: Served, customer: str) -> None:
    path = f"/v1/customers/{customer}/corrections"
    assert served.ask("GET", path).status == 404
    before = served.recommend(customer)
    wanted = {"reason": "counted wrongly", "features": {"overseas_count": 0}, "profile": {"risk_tolerance": None}}
    assert served.good("PUT", path, wanted) == served.good("GET", path)
    after = served.recommend(customer)
    assert after["tasks"]["signups"]["value"] < before["tasks"]["signups"]["value"]
    assert "suitability: risk tolerance unknown" in reasons(after)
    served.store.put_records([tiny_bundle.customer(customer)])  # a nightly load does not undo it
    assert served.recommend(customer)["tasks"] == after["tasks"]
    served.good("PUT", path, {"reason": "all is well again", "features": {}, "profile": {}})
    assert served.recommend(customer)["tasks"] == before["tasks"]


def test_access_lists_everything_page_by_page(served: Served, customer: str) -> None:
    decided = {served.recommend(customer)["request_id"] for _ in range(22)}
    served.good("PUT", f"/v1/customers/{customer}/consents", {"channels": {"sms": True}})
    first = served.good("GET", f"/v1/customers/{customer}/data")
    assert first["records"][0]["features"]["balance"] == 5_000_000.0
    assert first["choices"]["channels"] == {"sms": True}
    second = served.good("GET", f"/v1/customers/{customer}/data", query={"after": first["next"]})
    listed = first["decisions"] + second["decisions"]
    assert second["next"] is None
    assert {one["ref"]["request_id"] for one in listed} == decided
    assert all(one["decision"]["answer"]["recommendations"] for one in listed)
    assert served.entries("export_data")[-1]["decisions"] == 2


def test_explanation_tells_the_decision_as_it_was_told(served: Served, customer: str) -> None:
    answer = served.recommend(customer, top_k=10)
    path = f"/explanations/{answer['request_id']}"
    explanation = served.good("GET", f"/v1/customers/{customer}{path}")
    for name in ("recommendations", "dropped", "tasks", "audit", "model_version"):
        assert explanation[name] == answer[name]
    assert explanation["features"] == tiny_bundle.features()
    assert served.ask("GET", f"/v1/customers/c-2{path}").status == 404
    assert served.entries("explain")[-1]["explained"] == answer["request_id"]


def test_deletion_forgets_the_customer_and_leaves_the_log_whole(served: Served, customer: str) -> None:
    answer = served.recommend(customer, top_k=10)
    others = served.recommend("c-2")
    erased = served.good("DELETE", f"/v1/customers/{customer}")
    assert erased["key_destroyed"] is True
    assert erased["removed"]["record"] == 1
    assert served.ask("GET", f"/v1/customers/{customer}/data").status == 404
    assert served.ask("POST", "/v1/recommendations", {"customer_id": customer}).status == 404
    assert served.ask("GET", f"/v1/customers/{customer}/explanations/{answer['request_id']}").status == 410
    assert served.good("GET", f"/v1/customers/c-2/explanations/{others['request_id']}")["recommendations"]
    assert served.verdict() == "clean"
    assert json.dumps(customer).encode() not in b"".join(row[3] for row in served.store.entries())
    served.store.put_records([tiny_bundle.customer(customer)])
    assert layers(served.recommend(customer)) == {"rules"}, "to be erased is not to consent"


def test_there_is_no_other_restriction() -> None:
    assert set(RESTRICTIONS) == set(get_args(Restriction))
