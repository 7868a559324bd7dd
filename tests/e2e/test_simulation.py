"""A fortnight of the whole system in which four things go wrong, each on a day of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from console_bank import asking, signed_in

from lambda_app.settings import Settings
from understudy.cli.simulation.bank import bank_of, borrow_run
from understudy.cli.simulation.month import live
from understudy.cli.simulation.plan import Plan
from understudy.cli.simulation.verdict import Verdict, verdict
from understudy.cli.simulation.world import World
from understudy.errors import UserError
from understudy.progress import Silent

# So few customers a day show drift only together with those of the days before, a quarter of it: it has to be large.
DRIFTING = ["atm_cash_mean_12m", "branch_visits_mean_12m", "support_calls_mean_12m"]
PLAN = Plan(days=12, requests=240, first=date(2026, 6, 1), drift=9, unfair=10, tampered=11, outage=12)


@pytest.fixture(scope="module")
def fortnight(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Verdict]:
    root = tmp_path_factory.mktemp("month")
    world = World(root, replace(bank_of(borrow_run(finished_run, root)), drifting=DRIFTING, factor=20.0))
    live(world, PLAN, Silent())
    return world, verdict(world, PLAN)


def test_every_event_is_reported_on_its_day_and_nothing_else_is_red(fortnight: tuple[World, Verdict]) -> None:
    _, found = fortnight
    assert found.strays == []
    assert [(line.event, line.problem) for line in found.lines] == [(event.name, None) for event in PLAN.events]
    assert found.holds


def test_the_days_before_are_not_red_and_the_days_after_are(fortnight: tuple[World, Verdict]) -> None:
    _, found = fortnight
    colours = list(found.colours.values())
    assert set(colours[: PLAN.drift - 1]) == {"YELLOW"}
    assert set(colours[PLAN.tampered - 1 :]) == {"RED"}


def test_the_console_shows_each_event_from_its_day_on(fortnight: tuple[World, Verdict]) -> None:
    world, _ = fortnight
    (bundle,) = world.root.glob("registry/versions/*/bundle.zip")
    with asking(Settings.from_environment(world.environment(str(bundle)))) as client:
        browser = signed_in(client)
        pages = {day: browser.get(f"/?day={PLAN.date_of(day)}") for day in range(1, PLAN.days + 1)}
        log = browser.get("/log")
    for day, page in pages.items():
        shown = {event.finding for event in PLAN.events if f'id="finding-{event.finding}"' in page.body}
        begun = {event.finding for event in PLAN.events if event.day <= day}
        assert shown <= begun, day
        assert {event.finding for event in PLAN.events if event.day == day} <= shown, day
        assert ("Somebody has to act." in page.text) == any(event.red for event in PLAN.events if event.day <= day)
    assert "The log is not what its writers wrote." in log.text


def test_what_the_policy_names_was_set_off_and_recorded(fortnight: tuple[World, Verdict]) -> None:
    world, _ = fortnight
    actions = [action for day in range(1, 13) for action in _report(world, day)["actions"]]
    assert {action["action"] for action in actions} >= {"alarm", "propose_kill_switch"}
    assert not [action for action in actions if action["action"] == "kill_switch"], "only by a policy that names it"
    alarms = sorted((world.reports / "alarms").iterdir())
    assert any("fair" in json.loads(path.read_bytes())["text"] for path in alarms)


def test_the_week_was_audited_and_what_came_later_is_not_in_it(fortnight: tuple[World, Verdict]) -> None:
    world, _ = fortnight
    week = world.report(f"audit/weekly/{PLAN.date_of(7)}")
    assert week["log"]["verdict"] == "clean"
    assert week["risk"] != "HIGH"


def test_a_month_is_replayed_from_its_beginning(fortnight: tuple[World, Verdict]) -> None:
    world, _ = fortnight
    with pytest.raises(UserError, match="served here already"):
        live(world, PLAN, Silent())


def test_a_late_report_and_a_stray_one_fail_the_verdict(fortnight: tuple[World, Verdict]) -> None:
    world, _ = fortnight
    late = Plan(days=12, requests=240, drift=8, unfair=10, tampered=11, outage=12)
    found = verdict(world, late)
    assert not found.holds
    assert next(line.problem for line in found.lines if line.event == "customers drift") == "late"
    early = Plan(days=12, requests=240, drift=9, unfair=12, tampered=11, outage=12)
    assert ("2026-06-10", "fairness") in verdict(world, early).strays


def _report(world: World, day: int) -> dict[str, Any]:
    found: dict[str, Any] = world.report(f"ops/{PLAN.date_of(day)}")
    return found
