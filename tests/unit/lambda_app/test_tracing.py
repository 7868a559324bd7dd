"""A request's trace is taken over, malformed ones are not, and answers and entries carry it."""

from __future__ import annotations

from typing import Any

import pytest
import tiny_bundle

from lambda_app.tracing import read_trace

W3C = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
XRAY = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def test_a_w3c_trace_is_continued() -> None:
    trace = read_trace({"traceparent": W3C, "x-amzn-trace-id": XRAY}, "")
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace.sampled
    version, trace_id, span, flags = trace.traceparent.split("-")
    assert (version, trace_id, flags) == ("00", trace.trace_id, "01")
    assert span != "00f067aa0ba902b7"
    assert len(span) == 16


def test_else_x_ray_names_it() -> None:
    assert read_trace({"x-amzn-trace-id": XRAY}, "").trace_id == "5759e988bd862e3fe1be46a994272793"
    assert read_trace({}, XRAY).trace_id == "5759e988bd862e3fe1be46a994272793"
    assert not read_trace({}, XRAY.replace("Sampled=1", "Sampled=0")).sampled


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        W3C.upper(),
        f"ff{W3C[2:]}",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        W3C + "x",
        W3C + "\n",
        "c-1",
    ],
)
def test_a_malformed_one_is_replaced_and_never_repeated(header: str) -> None:
    one, two = (read_trace({"traceparent": header, "x-amzn-trace-id": header}, "") for _ in range(2))
    assert one.trace_id != two.trace_id
    assert not header or header not in one.traceparent


def test_answer_entry_and_headers_carry_it(function: Any) -> None:
    event = tiny_bundle.event(body={"customer_id": "c-1"})
    event["headers"]["traceparent"] = W3C
    response = function.raw(event)
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert response["headers"]["traceparent"].split("-")[1] == trace_id
    assert f'"trace_id":"{trace_id}"' in response["body"]
    (entry,) = function.entries()
    assert function.payload(entry)["answer"]["trace_id"] == trace_id


def test_every_kind_of_entry_names_the_trace(function: Any) -> None:
    _, answer = function.recommend()
    function("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})
    function("GET", f"/v1/customers/c-1/explanations/{answer['request_id']}")
    entries = function.entries()
    assert [e.kind for e in entries] == ["model_inference", "operation", "data_access"]
    assert all(len(function.payload(e)["trace_id"]) == 32 for e in entries)
    assert function.payload(entries[0])["trace_id"] == answer["trace_id"]
