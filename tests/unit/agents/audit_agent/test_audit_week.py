"""A whole audit of a week: as it should be, and with each thing in it that must be found."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import audited
import pytest
import tiny_bundle
from jury_judges import Fixed

from agents.audit_agent import Replayed, ReplayError, run_audit
from agents.audit_agent.bounds import load_bounds
from agents.jury import open_cases
from understudy.atomic import canonical_json, write_json
from understudy.audit import AuditLog
from understudy.clock import turned
from understudy.contracts.watch import AuditReport, Checkpoint7, Measurement, OpsReport
from understudy.errors import UserError
from understudy.objects import open_objects
from understudy.stores import audit_key


def audit(week: audited.Week, **options: Any) -> AuditReport:
    return run_audit(week.settings, audited.WEEK, **{"replay": week.replay, **options})


def measured(report: AuditReport, name: str) -> Measurement:
    return next(one for one in report.measurements if one.name == name)


def severities(report: AuditReport) -> dict[str, str]:
    return {finding.id: finding.severity for finding in report.focus_areas}


def claim(report: AuditReport, regulation: str) -> Any:
    return next(one for one in report.claims if one.regulation.startswith(regulation))


def test_a_week_as_it_should_be(week: audited.Week) -> None:
    report = audit(week)
    assert severities(report) == {"herding": "minor"}, "a catalog of five products herds a little"
    assert report.risk == "LOW"
    assert (report.first, report.last) == ("2026-11-16", "2026-11-22")
    assert report.log is not None
    assert (report.log.verdict, report.log.checkpoints) == ("clean", 1)
    for name, expected in {"audit_chain": 1, "rescored_alike": 1, "suitability_violations": 0, "lineage": 1}.items():
        assert measured(report, name).value == expected
    assert measured(report, "rescored_alike").n == 21
    assert measured(report, "fria_age_days").value == 21
    assert {result.item.id: result.status for result in report.items} == {
        "P6-01": "PASS", "P6-02": "PASS", "P6-03": "PASS", "P6-04": "PASS", "P6-05": "PASS", "P6-06": "PASS",
        "P6-07": "PASS", "P6-08": "PASS",
    }  # fmt: skip
    assert report.jury == []
    unknown = {one.regulation for one in report.claims if one.status == "UNKNOWN"}
    assert unknown == {"SR 11-7, effective challenge", "AI Basic Act, fairness of high-impact AI"}
    assert all(one.evidence for one in report.claims if one.status != "UNKNOWN")


def test_every_measurement_that_is_judged_is_made(week: audited.Week) -> None:
    names = {one.name for one in audit(week).measurements}
    assert names == set(load_bounds())


def test_the_report_is_kept_once_and_recorded(week: audited.Week) -> None:
    report = audit(week)
    objects = open_objects(week.settings.understudy_reports)
    kept = objects.read("audit/weekly/2026-11-22.json")
    assert kept is not None
    assert kept.data == canonical_json(report.model_dump(mode="json"))
    assert [entry["operation"] for entry in week.entries()] == ["audit_sample", "report"]
    page = objects.read("audit/weekly/2026-11-22.html")
    assert page is not None
    assert b"risk LOW" in page.data
    assert audit(week) == report
    assert objects.read("audit/weekly/2026-11-22.json") == kept
    assert len(week.entries()) == 2, "a second run reads, and leaves nothing"


def test_a_changed_entry_is_critical_and_the_chain_names_it(week: audited.Week) -> None:
    place = week.tamper()
    report = audit(week)
    assert report.risk == "HIGH"
    assert severities(report)["audit_chain"] == "critical"
    assert place.replace("/", ", entry ") in report.focus_areas[0].title
    assert claim(report, "EU AI Act, article 12").status == "FAIL"
    assert next(result for result in report.items if result.item.id == "P6-07").status == "FAIL"


def test_damage_found_later_is_another_report_of_the_same_week(week: audited.Week) -> None:
    before = audit(week)
    week.tamper()
    after = audit(week)
    assert (before.risk, after.risk) == ("LOW", "HIGH")
    assert before.input_sha256 != after.input_sha256


def test_without_checkpoints_nobody_knows_whether_the_log_was_set_back(week: audited.Week) -> None:
    settings = week.settings.model_copy(update={"understudy_checkpoints": None})
    report = run_audit(settings, audited.WEEK, replay=week.replay)
    assert severities(report)["audit_chain"] == "minor"
    assert report.risk == "MEDIUM"
    assert claim(report, "EU AI Act, article 12").status == "UNKNOWN"


def test_another_answer_the_second_time_is_critical(week: audited.Week) -> None:
    def other(contents: Sequence[Mapping[str, Any]]) -> Replayed:
        again = week.replay(contents)
        answers = [dict(one) if one else None for one in again.answers]
        assert answers[0] is not None
        answers[0]["ranking"] = answers[0]["ranking"][::-1]
        return Replayed(again.model_version, answers)

    report = audit(week, replay=other)
    found = measured(report, "rescored_alike")
    assert found.value == pytest.approx(1 - 1 / 21)
    assert found.detail["parts"] == {"ranking": 1}
    assert severities(report)["rescored_alike"] == "critical"


@pytest.mark.parametrize("why", ["absent", "fails", "another version"])
def test_what_cannot_be_decided_again_is_unknown_and_not_right(why: str, week: audited.Week) -> None:
    def fails(contents: Sequence[Mapping[str, Any]]) -> Replayed:
        raise ReplayError("the function failed: Sandbox.Timedout")

    def another(contents: Sequence[Mapping[str, Any]]) -> Replayed:
        return Replayed("other-000000000000", week.replay(contents).answers)

    replay = {"absent": None, "fails": fails, "another version": another}[why]
    report = audit(week, replay=replay)
    assert measured(report, "rescored_alike").value is None
    assert severities(report)["rescored_alike"] == "minor"
    assert report.risk == "MEDIUM"


def test_erased_customers_are_counted_and_no_fault(week: audited.Week) -> None:
    week.world.store.remove_documents([audit_key("c-1"), audit_key("c-2")])
    report = audit(week)
    assert measured(report, "rescored_alike").n == 19
    assert measured(report, "data_protection_violations").detail["erased"] == 2
    assert report.risk == "LOW"


def test_of_very_many_decisions_a_share_is_read(week: audited.Week, monkeypatch: pytest.MonkeyPatch) -> None:
    import agents.audit_agent.measuring as measuring

    monkeypatch.setattr(measuring, "OPENED", 10)
    found = measured(audit(week), "data_protection_violations")
    assert found.detail["share of decisions looked at"] == pytest.approx(10 / 21)


def test_a_product_above_the_cap_is_critical_though_the_entry_says_otherwise(
    week: audited.Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    import agents.audit_agent.contents as contents

    monkeypatch.setattr(contents, "own_cap", lambda content, policy: 0)
    report = audit(week)
    assert measured(report, "suitability_violations").value == 21
    assert severities(report)["suitability_violations"] == "critical"
    assert claim(report, "KFCPA, article 17").status == "FAIL"


def test_the_caps_are_worked_out_from_the_profile() -> None:
    from agents.audit_agent.contents import own_cap

    policy = tiny_bundle.catalog().suitability
    profiles: list[tuple[dict[str, Any], int]] = [
        ({"risk_tolerance": 5, "age": 40, "income_krw": 6e7}, 5),
        ({"risk_tolerance": 5, "age": 65, "income_krw": 6e7}, 2),
        ({"risk_tolerance": 5, "age": 40, "income_krw": 1e7}, 3),
        ({"risk_tolerance": 5, "age": None, "income_krw": None}, 2),
        ({"risk_tolerance": None, "age": 40, "income_krw": 6e7}, 0),
        ({"risk_tolerance": 1, "age": 70, "income_krw": 1e7}, 1),
    ]
    assert [own_cap({"record": {"profile": profile}}, policy) for profile, _ in profiles] == [
        cap for _, cap in profiles
    ]
    assert own_cap({"record": None}, policy) == 0


def test_reasons_that_the_record_does_not_bear_out_are_named(
    week: audited.Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    import agents.audit_agent.reasons as reasons

    empty = reasons._record

    def other(content: Mapping[str, Any]) -> Any:
        return empty({**content, "record": None})

    monkeypatch.setattr(reasons, "_record", other)
    report = audit(week)
    assert (measured(report, "faithfulness").value or 0) < 0.6
    assert severities(report)["faithfulness"] == "major"
    assert measured(report, "faithfulness").detail["unfaithful"]
    assert claim(report, "EU AI Act, article 13").status == "FAIL"


def test_an_objection_that_was_ignored_is_critical(week: audited.Week, monkeypatch: pytest.MonkeyPatch) -> None:
    import agents.audit_agent.measuring as measuring
    from agents.evidence import Columns

    read = measuring.read_day

    def objecting(*arguments: Any, **options: Any) -> Columns:
        columns = read(*arguments, **options)
        columns.opted_out[:1] = True
        return columns

    monkeypatch.setattr(measuring, "read_day", objecting)
    report = audit(week)
    assert measured(report, "data_protection_violations").value == 7
    assert severities(report)["data_protection_violations"] == "critical"


@pytest.mark.parametrize(
    ("broken", "said"),
    [("data", "stages/data.json: it is about other data"), ("manifest", "bundle/manifest.json: the run made x-1")],
)
def test_a_broken_link_of_the_lineage_is_named(broken: str, said: str, week: audited.Week) -> None:
    run = week.root / "run"
    if broken == "data":
        write_json(run / "stages" / "data.json", {"result": {"fingerprint": "e" * 64}})
    else:
        write_json(run / "bundle" / "manifest.json", {"model_version": "x-1"})
    report = audit(week)
    assert said in measured(report, "lineage").detail["broken"]
    assert severities(report)["lineage"] == "major"


def test_a_run_without_records_leaves_the_lineage_unknown(week: audited.Week) -> None:
    shutil.rmtree(week.root / "run" / "stages")
    report = audit(week)
    assert measured(report, "lineage").value is None
    assert "stages/data.json: it is not there" in str(measured(report, "lineage").why)
    assert report.risk == "MEDIUM"


def test_a_bundle_that_is_refused_leaves_everything_but_the_log_unknown(week: audited.Week) -> None:
    (week.root / "bundle" / "rules.json").write_bytes(b"{}")
    report = audit(week)
    assert measured(report, "audit_chain").value == 1
    assert "rules.json" in str(measured(report, "rescored_alike").why)
    assert {one.name for one in report.measurements} == set(load_bounds())
    assert report.risk == "MEDIUM"


def test_what_the_nights_stored_is_counted_again(week: audited.Week) -> None:
    from agents.audit_agent.population import Population
    from agents.evidence import Frame, open_history, read_day

    frame = Frame.of(week.world.app.decider.bundle)
    population, history = Population("week"), open_history(week.settings.understudy_reports)
    for day in audited.WEEK.days:
        population.take(read_day(week.settings, frame, day))
    for day, cells in population.cells.items():
        history.put_state("offers", day, {"model_version": week.version, "days": [{"day": day, "cells": cells}]})
    assert measured(audit(week), "recounted_alike").value == 1
    day = audited.WEEK.days[3]
    cells = json.loads(json.dumps(population.cells[day]))
    cells["age"]["yes"][0][0] += 1
    history.put_state("offers", day, {"model_version": week.version, "days": [{"day": day, "cells": cells}]})
    shutil.rmtree(week.root / "reports" / "audit")
    report = audit(week)
    assert measured(report, "recounted_alike").detail["other"] == [day]
    assert severities(report)["recounted_alike"] == "major"


def test_the_jury_hears_what_fails_and_what_the_nights_could_not_pass(week: audited.Week) -> None:
    from jury_items import item_result

    night = OpsReport(
        period="2026-11-22",
        made="2026-11-23T01:00:00+00:00",
        colour="RED",
        attention_required=[],
        checkpoints=dict.fromkeys(get_args(Checkpoint7), "RED"),
        items=[item_result("FAIL", period="2026-11-22", value=0.3)],
        input_sha256="0" * 64,
    )
    open_objects(week.settings.understudy_reports).write("ops/2026-11-22.json", night.model_dump_json().encode())
    week.tamper()
    report = audit(
        week, judges=[Fixed("conservative", "FAIL"), Fixed("statistical", "WARN"), Fixed("business", "WARN")]
    )
    assert [outcome.item for outcome in report.jury] == ["P5-03", "P6-07"]
    assert all(outcome.verdict == "MINORITY_REPORT" and outcome.open for outcome in report.jury)
    recorded = [entry for entry in week.entries() if entry["operation"] == "jury_case"]
    with open_cases(open_objects(week.settings.understudy_reports)) as cases:
        assert {entry["case"]: entry["sha256"] for entry in recorded} == cases.hashes()


def test_dissent_that_was_removed_is_found_by_the_next_audit(week: audited.Week) -> None:
    week.tamper()
    bench = [Fixed("conservative", "FAIL"), Fixed("statistical", "WARN"), Fixed("business", "WARN")]
    audit(week, judges=bench)
    (week.root / "reports" / "cases.sqlite").unlink()
    shutil.rmtree(week.root / "reports" / "audit")
    report = audit(week, judges=bench)
    assert measured(report, "case_store").value == 0
    assert severities(report)["case_store"] == "critical"


def test_an_outage_is_no_quorum_and_is_asked_again_by_the_next_run(week: audited.Week) -> None:
    week.tamper()
    silent = audit(week)
    assert [outcome.verdict for outcome in silent.jury] == ["NO_QUORUM"]
    entries = len(week.entries())
    assert audit(week) == silent
    assert len(week.entries()) == entries
    heard = audit(week, judges=[Fixed(name, "FAIL") for name in ("conservative", "statistical", "business")])  # type: ignore[arg-type]
    assert [outcome.verdict for outcome in heard.jury] == ["CONSENSUS"]


def test_a_finding_keeps_the_day_on_which_it_was_first_made(week: audited.Week) -> None:
    week.tamper()
    earlier = audit(week)
    finding = earlier.focus_areas[0].model_copy(update={"since": "2026-10-01"})
    document = earlier.model_copy(update={"focus_areas": [finding]}).model_dump_json()
    shutil.rmtree(week.root / "reports" / "audit")
    open_objects(week.settings.understudy_reports).write("audit/weekly/2026-11-15.json", document.encode())
    assert audit(week).focus_areas[0].since == "2026-10-01"


def test_a_finding_that_has_become_graver_is_a_new_one(week: audited.Week) -> None:
    week.tamper()
    earlier = audit(week)
    milder = earlier.focus_areas[0].model_copy(update={"since": "2026-10-01", "severity": "minor"})
    document = earlier.model_copy(update={"focus_areas": [milder]}).model_dump_json()
    shutil.rmtree(week.root / "reports" / "audit")
    open_objects(week.settings.understudy_reports).write("audit/weekly/2026-11-15.json", document.encode())
    assert audit(week).focus_areas[0].since == "2026-11-22"


def test_decisions_by_a_version_that_nobody_promoted_are_named(tmp_path: Path) -> None:
    week = audited.Week(tmp_path, customers=7)
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute("DROP TRIGGER entries_stay")
        connection.execute("DELETE FROM entries WHERE writer = 'promotion'")
        connection.execute("DELETE FROM heads WHERE writer = 'promotion'")
    report = audit(week)
    broken = " ".join(measured(report, "promoted").detail["broken"])
    assert f"no person promoted {week.version}" in broken
    assert "which nobody promoted" in broken
    assert severities(report)["promoted"] == "major"
    assert measured(report, "fria_age_days").value is None
    assert "promotion, entry 1: rolled_back" in report.focus_areas[0].title


def test_a_promotion_that_cannot_be_read_is_a_fault(week: audited.Week) -> None:
    with turned(lambda: audited.NEXT - timedelta(days=1)):
        AuditLog(week.world.store, week.world.keyring, "promotion").append("model_promotion", {"outcome": "approve"})
    assert measured(audit(week), "promoted").detail["broken"] == ["records: 1 promotion entries cannot be read"]


def test_a_place_that_cannot_be_reached_is_an_error_for_people(week: audited.Week) -> None:
    settings = week.settings.model_copy(update={"understudy_audit_keys": "file:///nowhere.json"})
    with pytest.raises(UserError, match="keyring cannot be read"):
        run_audit(settings, audited.WEEK)
