"""Generated events: never a 5xx, never the input in the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tiny_bundle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MARK = "zqx9mark"
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(MARK)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3))
keys = st.sampled_from(["customer_id", "top_k", "locale", "channel", "opted_out"]) | st.text(max_size=8)
bodies = st.one_of(
    st.dictionaries(keys, values, max_size=5).map(json.dumps),
    st.fixed_dictionaries(
        {"customer_id": st.sampled_from(["c-1", MARK])}, optional={"top_k": values, "locale": values}
    ).map(json.dumps),
    st.text(max_size=60),
    st.binary(max_size=60).map(lambda b: b.decode("latin-1")),
    values,
)
segments = st.sampled_from(
    ["v1", "recommendations", "health", "customers", "c-1", MARK, "preferences", "explanations", "%00"]
)
paths = st.one_of(
    st.sampled_from(["/v1/recommendations", "/v1/health", "/v1/customers/c-1/preferences"]),
    st.lists(segments, max_size=6).map(lambda parts: "/" + "/".join(parts)),
    st.text(max_size=30),
)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "post", "", "OPTIONS"])


@st.composite
def events(draw: st.DrawFn) -> Any:
    event: dict[str, Any] = tiny_bundle.event(draw(methods), draw(paths), "")
    event["body"] = draw(bodies)
    event["isBase64Encoded"] = draw(st.sampled_from([False, False, True, "yes", None]))
    event["headers"] = draw(
        st.sampled_from(
            [{"content-type": "application/json"}, {"content-type": "application/json"}, None, {"x": 1}, []]
        )
    )
    for key in draw(st.lists(st.sampled_from([*event]), max_size=1)):
        if draw(st.booleans()):
            event[key] = draw(values)
    return event


@pytest.fixture(scope="module")
def seen() -> set[int]:
    return set()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=events())
def test_no_event_breaks_the_handler(function: Any, seen: set[int], event: Any) -> None:
    response = function.raw(event)
    seen.add(response["statusCode"])
    assert response["statusCode"] in {200, 400, 404, 405, 413, 415}, response
    body = json.loads(response["body"])
    assert MARK not in response["body"]
    assert "Traceback" not in response["body"]
    if response["statusCode"] != 200:
        assert body["status"] == response["statusCode"]


def test_the_generator_reached_the_routes(seen: set[int]) -> None:
    assert {200, 400, 404, 405} <= seen
