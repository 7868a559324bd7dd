"""One log line a request that CloudWatch reads as metrics (embedded metric format), at the price of a JSON dump.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import os
from typing import Any

from lambda_app.clock import utc_now
from lambda_app.decision import Decision
from lambda_app.logs import RequestLog, write

__all__ = ["NAMESPACE", "STEP_DOWNS", "emit", "observe", "step_down"]

NAMESPACE = "Understudy"
# Beginning of a recorded reason -> the metric it counts under. A reason that none fits counts as StepDownOther.
STEP_DOWNS = {
    "the gates chose": "StepDownGates",
    "the customer has opted out": "StepDownOptOut",
    "there is no record": "StepDownNoRecord",
    "kill switch": "StepDownKillSwitch",
    "the record has feature schema": "StepDownSchema",
    "the record is": "StepDownStale",
    "the model cannot be loaded": "StepDownModel",
    "the prediction": "StepDownPrediction",
    "the bundle has no such student": "StepDownModel",
    "the kill switch": "StepDownKillSwitch",
}
# Log events that are metrics of their own.
FAILURES = {"AuditFailures": "audit_failed", "ReadFailures": "read_failed", "StoreFailures": "store_failed"}

# Counted in the line, and drawn on no dashboard.
UNREAD = {"Recommended", "Unprocessed"}


def observe(log: RequestLog, decision: Decision) -> None:
    """Count what one decision was made of: layers, step-downs, review tiers, and rejected texts."""
    counts = log.counts
    layers = log.facts.setdefault("layers", {})  # task -> layer -> how often; more than once in a batch
    for name, score in decision.scoring.tasks.items():
        counts[f"Layer{score.layer.capitalize()}"] += 1
        of_task = layers.setdefault(name, {})
        of_task[score.layer] = of_task.get(score.layer, 0) + 1
        for step in score.steps:
            counts[step_down(step)] += 1
    for recommendation in decision.recommendations:
        counts[f"ReviewTier{recommendation.review_tier}"] += 1
    counts["Recommended"] += len(decision.recommendations)
    for explained in decision.explained:
        counts["GateRejections"] += sum(not verdict.passed for _, verdict in explained.judged)


def step_down(step: str) -> str:
    """The metric of a recorded step down, ``<layer>: <reason>``."""
    reason = step.partition(": ")[2]
    if reason.endswith("features are missing"):
        return "StepDownMissing"
    return next((name for start, name in STEP_DOWNS.items() if reason.startswith(start)), "StepDownOther")


def emit(log: RequestLog, route: str, status: int) -> None:
    """Write the request's line: its metrics, and beside them, for a person who searches, its ids and facts.

    CloudWatch bills a metric for each hour in which it gets a value, and once for each combination of dimensions. So
    what did not happen is in the line but no metric (alarms read its absence as none), and routes are for searches.
    """
    values: dict[str, float] = {
        "Latency": log.milliseconds(),
        "Faults": int(status >= 500),
        "Refusals": int(400 <= status < 500),
        **{name: log.counts[event] for name, event in FAILURES.items()},
        **{name: count for name, count in sorted(log.counts.items()) if name[0].isupper()},
    }
    line: dict[str, Any] = {
        "_aws": {
            "Timestamp": int(utc_now().timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["function"]],
                    "Metrics": [
                        {"Name": name, "Unit": _unit(name)}
                        for name, value in values.items()
                        if (value or name == "Latency") and name not in UNREAD
                    ],
                }
            ],
        },
        "event": "request",
        "function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
        "route": route,
        "status": status,
        "request_id": log.request_id,
        "trace_id": log.trace_id,
    }
    write(line | values | log.facts)


def _unit(name: str) -> str:
    return "Milliseconds" if name == "Latency" else "Count"
