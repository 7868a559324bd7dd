"""Every item of the checklist is seen to pass, warn, fail and be unknown, on a real night changed in one place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from changed_night import Case
from states_of_days import DAYS
from states_of_runs import RUNS

from agents.checklist import load_items, measure
from agents.checklist.registry import registered
from agents.evidence import RequestDay, WatchSettings
from agents.monitors import MonitorConfig
from agents.ops_agent.collect import collect
from agents.watch.nightly import fsck_night
from understudy.cli.simulation.bank import bank_of, borrow_run
from understudy.cli.simulation.plan import Plan
from understudy.cli.simulation.traffic import serve_day
from understudy.cli.simulation.world import World, environment

ITEMS = {item.id: item for item in load_items()}
STATES = RUNS | DAYS
PLAN = Plan(days=1, requests=760)
DAY = PLAN.date_of(1)


@pytest.fixture(scope="module")
def case(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A run that distilled twice, and a day on which its bundle decided."""
    root = tmp_path_factory.mktemp("watched")
    world = World(root, bank_of(borrow_run(finished_run, root)))
    world.prepare()
    config = MonitorConfig()
    with world.clock():
        world.at(PLAN.date_of(0), 12)
        told = world.environment(world.promote())
        with environment(told):
            serve_day(world, PLAN, 1)
            world.at(DAY, 24.25)
            world.sign()
            settings = WatchSettings.from_environment()
            fsck_night(settings, DAY)
            found = collect(settings, DAY, config)
            assert isinstance(found.requests, RequestDay)
            yield Case(finished_run, found.night, found.requests, config, ITEMS)


def test_every_item_is_bound_and_every_state_is_tried() -> None:
    assert STATES.keys() == ITEMS.keys()
    for item in ITEMS.values():
        warns = item.warn is not None and item.direction in ("above", "below")
        assert STATES[item.id].keys() == {"PASS", "FAIL", "UNKNOWN"} | ({"WARN"} if warns else set())
    by_agents = {item.measurement for item in ITEMS.values()} & registered().keys()
    assert len(by_agents) == len(registered()) == 44, "and nine are monitors'"


@pytest.mark.parametrize(("item", "status"), [(item, status) for item, states in STATES.items() for status in states])
def test_state(case: Case, item: str, status: str) -> None:
    assert case.status(item, STATES[item][status](case)) == status


def test_a_measurement_that_breaks_is_unknown_and_says_how(case: Case) -> None:
    night = case.papers(data__profile=lambda document: document.pop("features") and None)
    found = measure("missing_columns", night)
    assert found.value is None
    assert "KeyError" in str(found.why)
