"""The picture of the deployment says what the templates say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.picture import Picture, picture, read_templates

SNAPSHOTS = Path(__file__).parent / "snapshots"
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


@pytest.fixture(scope="module")
def templates() -> dict[str, Any]:
    return dict(read_templates(SNAPSHOTS))


def arrow(drawn: Picture, start: str, end: str) -> str | None:
    found = [how for (a, b), how in drawn.arrows.items() if start in a and end in b]
    return found[0] if found else None


def test_the_page_is_drawn_from_the_templates(templates: dict[str, Any]) -> None:
    fix = f"python -m infra.picture {SNAPSHOTS.relative_to(PAGE.parents[1])} > docs/architecture.md"
    assert PAGE.read_text(encoding="utf-8") == picture(templates), fix


def test_it_shows_who_may_do_what(templates: dict[str, Any]) -> None:
    drawn = Picture(templates)
    assert arrow(drawn, "InferenceFunction", "StoreAudit") == "reads, writes"
    assert arrow(drawn, "AuditCheckpointFunction", "CheckpointsSigningKey") == "reads, signs"
    assert arrow(drawn, "InferenceFunction", "CheckpointsBucket") is None
    assert arrow(drawn, "AuditCheckpointFunction", "StoreCustomers") is None
    assert arrow(drawn, "WorkerSentences", "StoreCustomers") is None
    assert arrow(drawn, "OrdersQueue", "WorkerSentences") == "hands over"


def test_a_permission_that_is_added_is_an_arrow_that_is_added(templates: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(templates))
    (policy,) = (one for one in changed["audit"]["Resources"].values() if one["Type"] == "AWS::IAM::Policy")
    table = next(name for name in changed["stateful"]["Resources"] if name.startswith("StoreCustomers"))
    export = next(
        output["Export"]["Name"]
        for output in changed["stateful"]["Outputs"].values()
        if output["Value"] == {"Fn::GetAtt": [table, "Arn"]}
    )
    statement = {"Effect": "Allow", "Action": "dynamodb:DeleteItem", "Resource": {"Fn::ImportValue": export}}
    policy["Properties"]["PolicyDocument"]["Statement"].append(statement)
    assert arrow(Picture(changed), "AuditCheckpointFunction", "StoreCustomers") == "deletes"
