"""The published bill: its lines add up, its bars are judged, and it is made of committed figures only."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
import cost

FOOTPRINT = {
    "read_units": 5, "write_units": 20, "stored_bytes": 9000, "kms_requests": 1, "log_bytes": 2000, "metrics": 7
}  # fmt: skip
TRAFFIC = [
    {"recommendations": 5e6, "usd_per_million": {cost.MODEL: 0.2}},
    {"recommendations": 2e5, "usd_per_million": {cost.MODEL: 90.0}},  # fewer than asked for: no upper bound
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name, content in {
        "handler_latency": {"stores": {"SQLite, memory": {"p50": 3.0}}},
        "request_footprint": {"footprint": FOOTPRINT},
        "reasons": {"traffic": TRAFFIC},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def test_the_bars_are_held_against_the_sum_of_the_lines(results: Path) -> None:
    found = cost.figures(1e6, results)
    serving = [line for line in found["lines"] if not line["watching"]]
    listed, free = sum(line["usd"] for line in serving), sum(line["free"] for line in serving)
    watched = sum(line["usd"] for line in found["lines"] if line["watching"])
    values = [bar["value"] for bar in found["bars"]]
    assert values == pytest.approx([listed, listed - free, listed + 1.0, listed - free + 1.0])
    assert found["totals"][f"{cost.DEPLOYED_MB}"]["1"] == pytest.approx(
        {"list": listed, "billed": listed - free, "watching": watched}
    )


def test_the_tables_are_made_of_the_figures(results: Path) -> None:
    found: Any = json.loads(json.dumps(cost.figures(1e6, results)))
    text = "\n".join(cost.published(found))
    assert "20.00 M units x 0.625" in text
    assert "| 12.50 |  | DynamoDB, writes |" in text
    assert "| amazon.nova-lite-v1:0 | 1.00 |" in text
    assert "| DynamoDB, writes | 12.50 |" in "\n".join(cost.published_brief(found))


def test_the_deployed_memory_is_that_of_the_stages() -> None:
    pytest.importorskip("aws_cdk", reason="THE CDK IS NOT INSTALLED: the memory of the stages is not compared")
    from infra.config import STAGES

    assert {config.memory_mb for config in STAGES.values()} == {cost.DEPLOYED_MB}
