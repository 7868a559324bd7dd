"""The sentence worker's day: a few jobs off the queue, written by a stand-in for the language model."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from understudy.cli.simulation.plan import Plan
from understudy.cli.simulation.world import World
from understudy.queues import open_queue

if TYPE_CHECKING:
    from understudy.local.fake_bedrock import FakeBedrock

__all__ = ["MODEL", "write_day"]

MODEL = "amazon.nova-lite-v1:0"
DELIVERIES = 4


def write_day(world: World, plan: Plan, number: int, bedrock: FakeBedrock) -> Counter[str]:
    """Outcomes of the day's jobs. On the day of the outage nobody answers."""
    from agents.reason_generator.worker import SentenceWorker, WorkerSettings

    bedrock.mode = "unavailable" if number == plan.outage else "success"
    world.at(plan.date_of(number), 9)
    worker = SentenceWorker(WorkerSettings.from_environment())
    queue = open_queue(world.jobs)
    outcomes: Counter[str] = Counter()
    for _ in range(DELIVERIES):  # the queue delivers a few jobs at a time
        outcomes += worker.drain(queue, limit=plan.sentences // DELIVERIES)
    queue.close()
    worker.store.close()
    return outcomes
