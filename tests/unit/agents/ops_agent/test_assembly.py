"""The report: colours, incidents, and what stays from one day to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agents.checklist import Night, Papers
from agents.evidence import open_artefacts
from agents.ops_agent.assemble import assemble, merged, without_explained
from agents.ops_agent.diagnose import item_findings, unknown_findings
from agents.ops_agent.found import Found
from agents.ops_agent.page import render
from understudy.contracts.watch import Evidence, ItemResult, OpsReport

MADE = datetime(2026, 6, 13, 1, tzinfo=UTC)
EVIDENCE = [Evidence(kind="metric", ref="of that day")]
FAIR = Found("fairness", "major", "a group", "why", "do", "serving", True, EVIDENCE)


def report(
    results: list[ItemResult], *found: Found, day: str = "2026-06-12", before: OpsReport | None = None
) -> OpsReport:
    night = Night(day, Papers(open_artefacts(None)))
    everything = [*found, *item_findings(results), *unknown_findings(results)]
    return assemble(night, results, everything, before=before, made=MADE, actions=[], inputs="0" * 64)


def test_green_needs_everything_measured_and_well(results: Any) -> None:
    assert report(results()).colour == "GREEN"
    assert report(results(psi_max=None)).colour == "YELLOW"
    assert report(results(psi_max=0.15)).colour == "YELLOW"
    failed = report(results(psi_max=0.5))
    assert failed.colour == "RED"
    assert failed.checkpoints["serving"] == "RED"
    assert {colour for name, colour in failed.checkpoints.items() if name != "serving"} == {"GREEN"}


def test_failures_open_incidents_with_the_clock_of_their_severity(results: Any) -> None:
    found = report(results(audit_chain=0.0, psi_max=0.5, concentration_top10=0.6))
    due = {incident.finding: (incident.severity, incident.due[11:16]) for incident in found.incidents}
    assert due == {
        "audit_chain": ("critical", "02:00"),
        "herding": ("major", "05:00"),
        "drift": ("minor", "01:00"),
    }
    assert found.attention_required[0].id == "audit_chain", "the gravest first"
    assert report(results(psi_max=0.15)).incidents == []


def test_a_finding_keeps_its_day_and_its_incident_while_it_stands(results: Any) -> None:
    first = report(results(psi_max=0.5))
    second = report(results(psi_max=0.6), day="2026-06-13", before=first)
    assert second.attention_required[0].since == "2026-06-12"
    assert [one.id for one in second.incidents] == [one.id for one in first.incidents]
    third = report(results(), day="2026-06-14", before=second)
    assert third.incidents == []
    assert third.colour == "GREEN"


def test_a_graver_finding_opens_a_new_incident(results: Any) -> None:
    first = report(results(), FAIR)
    second = report(results(), replace(FAIR, severity="critical"), day="2026-06-13", before=first)
    assert [(one.id, one.severity) for one in second.incidents] == [("2026-06-13-fairness", "critical")]


def test_an_incident_that_is_not_red(results: Any) -> None:
    outage = Found("outage", "minor", "t", "c", "a", "serving", False, EVIDENCE, incident=True)
    found = report(results(), outage)
    assert found.colour == "YELLOW"
    assert [one.finding for one in found.incidents] == ["outage"]


def test_findings_with_one_id_are_one_and_failures_speak_first() -> None:
    warned = replace(FAIR, id="drift", failed=False, title="near", severity="minor", items=("P5-03",))
    failed = replace(FAIR, id="drift", title="over", items=("P5-04",))
    (one,) = merged([warned, failed])
    assert (one.title, one.severity, one.failed, set(one.items)) == ("over", "major", True, {"P5-03", "P5-04"})


def test_what_a_wider_finding_explains_is_not_told_again() -> None:
    wide = replace(FAIR, id="broken-delivery", items=("P1-02", "P1-04"))
    narrow = replace(FAIR, id="missing_columns", items=("P1-02",))
    graver = replace(FAIR, id="source_null_rate", severity="critical", items=("P1-04",))
    assert {one.id for one in without_explained([narrow, wide, graver])} == {"broken-delivery", "source_null_rate"}


def test_the_page_says_what_is_wrong_and_on_what_it_rests(results: Any) -> None:
    found = report(results(psi_max=(0.5, {"features": {"balance_1m": 0.5}}), faithfulness=None))
    page = render(found, {"Drift": [("2026-06-11", 0.02), ("2026-06-12", 0.5)]})
    for words in ("2026-06-12: RED", "balance_1m", "fails at 0.25", "its source is gone", "of/psi_max", "<svg"):
        assert words in page
    assert "<script" not in page
    assert page.count('scope="row"') >= 53
