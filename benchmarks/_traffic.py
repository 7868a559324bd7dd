"""Requests at a fixed rate from a process of its own, timed from the moment they were due."""

from __future__ import annotations

import multiprocessing
import threading
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from _timing import percentile

from understudy.client import ApiError, NoAnswerError, Retries, UnderstudyClient
from understudy.contracts.api import RecommendationRequest

__all__ = ["Plan", "Shot", "fire", "summary"]


@dataclass(frozen=True)
class Plan:
    """``rate`` requests a second for ``seconds``, each with at most ``attempts``; customers take turns."""

    url: str
    customers: tuple[str, ...]
    rate: float
    seconds: float
    threads: int = 16
    attempts: int = 1


@dataclass(frozen=True)
class Shot:
    """One request: seconds from when it was due to its answer, the status (0: no answer), and what was answered."""

    latency: float
    status: int
    request_id: str = ""
    mac: str = ""
    key: str = ""


def fire(plan: Plan) -> list[Shot]:
    """Carry out ``plan``. A request that comes late because the ones before it were slow counts its lateness: otherwise
    a stalled server would be asked less and look better."""
    context = multiprocessing.get_context("spawn")  # the caller has threads, which a fork would leave half dead
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_fire, plan).result()


def _fire(plan: Plan) -> list[Shot]:
    total = int(plan.rate * plan.seconds)
    counter, lock = iter(range(total)), threading.Lock()
    shots: list[Shot] = []
    run = uuid.uuid4().hex[:8]  # a key that was used before would get its old answer, and nothing would be decided
    start = time.perf_counter() + 0.2

    def work() -> None:
        with UnderstudyClient(plan.url, retries=Retries(plan.attempts, longest=1.0)) as client:
            while True:
                with lock:
                    place = next(counter, None)
                if place is None:
                    return
                due = start + place / plan.rate
                time.sleep(max(0.0, due - time.perf_counter()))
                shots.append(_shoot(client, plan.customers[place % len(plan.customers)], f"shot-{run}-{place}", due))

    threads = [threading.Thread(target=work) for _ in range(plan.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return shots


def _shoot(client: UnderstudyClient, customer: str, key: str, due: float) -> Shot:
    try:
        answer = client.recommend(RecommendationRequest(customer_id=customer, locale="en"), idempotency_key=key)
    except ApiError as error:
        return Shot(time.perf_counter() - due, error.status, key=key)
    except NoAnswerError:
        return Shot(time.perf_counter() - due, 0, key=key)
    return Shot(time.perf_counter() - due, 200, answer.request_id, answer.audit.mac, key)


def summary(shots: list[Shot]) -> dict[str, float | int]:
    """Count, errors, and percentiles of the latency in milliseconds."""
    times = [shot.latency * 1e3 for shot in shots]
    return {
        "requests": len(shots),
        "errors": sum(shot.status != 200 for shot in shots),
        "p50_ms": round(percentile(times, 0.5), 2),
        "p99_ms": round(percentile(times, 0.99), 2),
        "max_ms": round(max(times), 2),
    }
