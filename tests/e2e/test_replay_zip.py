"""The built zip decides again what it decided, to the last bit, when an audit asks; a request cannot ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import packaged
import pytest

from agents.audit_agent.replay import differences, read_replayed
from understudy.audit import CustomerKeys, open_keyring, read_decision


def content(served: packaged.Served, customer_id: str, request_id: str) -> Mapping[str, Any]:
    """The decision as an auditor opens it."""
    ring = open_keyring(f"file://{served.folder / 'keys.json'}")
    body, key = served.store.get_request(request_id), served.store.read_context(customer_id).key
    assert body is not None
    return read_decision(body, ring, CustomerKeys(ring), customer_id, key).content


@pytest.mark.parametrize("customer_id", ["c-1", "bold", "other-schema"])
def test_the_function_gives_the_same_answer(customer_id: str, served: packaged.Served) -> None:
    answer = served.recommend(customer_id, top_k=5)
    stored = content(served, customer_id, answer["request_id"])
    before = sum(1 for _ in served.store.entries())
    replayed = read_replayed(served.function.invoke({"replay": [stored]}))
    assert replayed.model_version == answer["model_version"]
    (again,) = replayed.answers
    assert again is not None
    assert differences(stored, again) == []
    assert sum(1 for _ in served.store.entries()) == before, "nothing is recorded"


def test_a_request_is_no_replay(served: packaged.Served) -> None:
    found = served.ask("POST", "/v1/recommendations", {"replay": []})
    assert found.status == 400
