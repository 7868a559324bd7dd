"""The entry point of the worker function: a batch of SQS messages in, the ids of those that must come back out.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (partial batch responses)
"""

from __future__ import annotations

import json
import os
from collections import Counter
from functools import cache
from typing import Any

from agents.reason_generator.worker import WARN_AT, SentenceWorker, WorkerSettings
from understudy.stores import StoreError

__all__ = ["handler", "worker"]

MARGIN_SECONDS = 1.0


@cache
def worker() -> SentenceWorker:
    """The worker of this environment."""
    return SentenceWorker(WorkerSettings.from_environment())


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Do the jobs of one event. What found no model, no store or no time comes back."""
    records = event.get("Records", []) if isinstance(event, dict) else []
    outcomes = worker().run(
        [str(record.get("body", "")) for record in records],
        remaining=lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS,
    )
    print(json.dumps({"event": "sentences", **Counter(outcomes), **_spending()}))
    again = [
        {"itemIdentifier": str(record.get("messageId", ""))}
        for record, outcome in zip(records, outcomes, strict=True)
        if outcome == "unavailable"
    ]
    return {"batchItemFailures": again}


def _spending() -> dict[str, Any]:
    """For the log: how much of the month's budget is used, and a mark that an alarm can look for."""
    try:
        used = worker().budget_used()
    except StoreError:
        return {}
    return {"budget_used": round(used, 4), "budget_warning": used >= WARN_AT}


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    worker()
