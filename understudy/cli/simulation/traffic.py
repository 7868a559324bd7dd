"""One day of customers: their records are loaded at night, they come during the bank's day, the function answers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from random import Random
from typing import Any

from understudy.cli.simulation.plan import Bank, Plan
from understudy.cli.simulation.world import World
from understudy.contracts.api import CustomerRecord

__all__ = ["Day", "serve_day"]

# The bank's day in hours of UTC (Korea is nine hours ahead): 09:00 to 17:30 there.
OPENS, CLOSES = 0.0, 8.5
LEFT_MS = 10_000
# Latencies are drawn, so that a replay does not depend on the machine: log-normal, p50 9 ms, p99 about 25 ms.
LATENCY_MS, LATENCY_SPREAD = 9.0, 0.44


@dataclass(frozen=True)
class Day:
    """How a day went: status codes by how often."""

    answers: dict[int, int]


class _Invocation:
    """What Lambda tells a function of its invocation."""

    function_name = "simulated"
    aws_request_id = "simulated"

    def get_remaining_time_in_millis(self) -> int:
        return LEFT_MS


def serve_day(world: World, plan: Plan, number: int) -> Day:
    """Load the records of the customers who will come, and let them come."""
    from lambda_app.handler import application, handler

    random = Random(f"{plan.seed}/{number}")
    day = plan.date_of(number)
    bank = world.bank
    coming = random.sample(bank.records, min(plan.requests, len(bank.records)))
    coming += [random.choice(bank.records) for _ in range(plan.requests - len(coming))]
    world.at(day, 0)
    store = world.store()
    store.put_records(_delivered(bank, plan, number, {record.customer_id: record for record in coming}))
    store.close()
    application.cache_clear()  # a new day, a new environment of the function
    answers: dict[int, int] = {}
    said = io.StringIO()
    with redirect_stdout(said):
        for moment, record in zip(_moments(random, len(coming)), coming, strict=True):
            world.at(day, moment)
            answer = handler(_event(record.customer_id, random), _Invocation())
            answers[answer["statusCode"]] = answers.get(answer["statusCode"], 0) + 1
    _write_log(world, day, said.getvalue(), random)
    return Day(answers)


def _delivered(bank: Bank, plan: Plan, number: int, records: dict[str, CustomerRecord]) -> Iterator[CustomerRecord]:
    """The records as the bank's systems deliver them on this day, wrong as they may be."""
    dated = plan.date_of(number - 1)
    for record in records.values():
        changed: dict[str, Any] = {"as_of": dated}
        if number >= plan.drift:
            known = ((name, _number(record.features.get(name))) for name in bank.drifting)
            moved = {name: value * bank.factor for name, value in known if value is not None}
            changed["features"] = {**record.features, **moved}
        if number >= plan.unfair and bank.loses(record):
            changed["profile"] = record.profile.model_copy(update={"risk_tolerance": None})
        yield record.model_copy(update=changed)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moments(random: Random, count: int) -> list[float]:
    return sorted(random.uniform(OPENS, CLOSES) for _ in range(count))


def _event(customer: str, random: Random) -> dict[str, Any]:
    body = {"customer_id": customer, "locale": "ko" if random.random() < 0.8 else "en"}
    return {
        "version": "2.0",
        "rawPath": "/v1/recommendations",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/recommendations"}, "stage": "$default"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def _write_log(world: World, day: str, text: str, random: Random) -> None:
    lines = []
    for line in text.splitlines():
        entry = json.loads(line)
        if "Latency" in entry:
            entry["Latency"] = round(LATENCY_MS * random.lognormvariate(0, LATENCY_SPREAD), 3)
        lines.append(json.dumps(entry, separators=(",", ":")))
    (world.metrics / f"{day}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
