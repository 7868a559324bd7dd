"""The whole way: the real function's decisions, read from its log, watched; and what a breach sets off stops a task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import watched

from agents.evidence import Frame, RequestDay, open_history, read_day
from agents.monitors import (
    Executors,
    MonitorConfig,
    MonitorNight,
    Policy,
    StoredKillSwitches,
    act,
    run_monitors,
)
from understudy.audit import AuditLog, fsck
from understudy.bundle import load_bundle
from understudy.contracts.api import CustomerRecord

CUSTOMERS = 130
Seen = tuple[watched.World, MonitorNight, str]


def _seen(root: Path, made: Callable[[int], CustomerRecord]) -> Seen:
    world = watched.World(root, now=watched.NOW)
    world.store.put_records(made(number) for number in range(CUSTOMERS))
    answers = [world.ask(f"c-{number}") for number in range(CUSTOMERS)]
    assert {status for status, _ in answers} == {200}
    day = min(body["generated_at"][:10] for _, body in answers)
    settings, frame = world.settings(), Frame.of(load_bundle(world.bundle))
    columns = read_day(settings, frame, day)
    history = open_history(settings.understudy_reports)
    return world, run_monitors(day, columns, RequestDay(day), frame, history, MonitorConfig()), day


def _richer(number: int) -> CustomerRecord:
    record = watched.customer(number)
    features: dict[str, Any] = {**record.features, "salary_share": 0.99, "visits": 25}
    return record.model_copy(update={"features": features})


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return _seen(tmp_path_factory.mktemp("usual"), watched.customer)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return _seen(tmp_path_factory.mktemp("moved"), _richer)


def test_customers_like_the_training_rows_have_not_drifted(usual: Seen) -> None:
    _, night, _ = usual
    assert night["psi_max"].value is not None
    assert night["psi_max"].value < 0.25
    assert not [breach for breach in night.breaches if breach.rule in ("drift", "fairness")]
    assert night["herding_hhi"].value is not None
    assert night["latency_p99_ms"].value is None


def test_moved_features_are_named(moved: Seen) -> None:
    _, night, _ = moved
    (breach,) = [breach for breach in night.breaches if breach.rule == "drift"]
    assert set(breach.detail) == {"salary_share", "visits"}
    assert night["psi_critical_features"].value == 2


def test_old_records_are_stale(usual: Seen) -> None:
    _, night, _ = usual
    staleness = night["staleness_hours_p99"].value
    assert staleness is not None
    assert (staleness >= 24) is any(breach.rule == "staleness" for breach in night.breaches)


def test_an_automatic_kill_switch_holds_from_the_next_request(moved: Seen) -> None:
    world, night, day = moved
    assert world.ask("c-1")[1]["tasks"]["signups"]["layer"] == "distilled"
    log = AuditLog(world.store, world.keyring, "ops-agent")
    executors = Executors(log, since=f"{day}T23:00:00+00:00", switches=StoredKillSwitches(world.store, log))
    config = MonitorConfig(policy=Policy(drift=("kill_switch",)))
    history = open_history(world.settings().understudy_reports)
    drift = [breach for breach in night.breaches if breach.rule == "drift"]
    (done,) = act(day, drift, config, executors, history)
    assert done["done"] == "global: rules"
    after = world.ask("c-1")[1]
    assert {score["layer"] for score in after["tasks"].values()} == {"rules"}
    assert any("kill switch global" in note for note in after["oversight"])
    assert fsck(world.store, world.keyring).verdict == "clean"
