"""`agents eval` on a small bundle: what is good passes, what is spoilt does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from agents.evaluation.report import Evaluation
from lambda_app import reasons
from understudy.bundle import Bundle, load_bundle
from understudy.cli.adversarial import adversarial_records
from understudy.cli.evaluation import MARKS, evaluate
from understudy.local.scripted_sentences import HOSTILE
from understudy.progress import Silent


def population() -> list[Any]:
    counts = [(1, 0.9, 2), (4, 0.1, 9), (7, 0.5, 1), (12, 0.95, 12), (2, 0.2, 5), (0, 0.8, 3)]
    found = []
    for number, (overseas, salary, visits) in enumerate(counts):
        one = tiny_bundle.customer(f"c-{number}")
        features = one.features | {"overseas_count": overseas, "salary_share": salary, "visits": visits}
        found.append(one.model_copy(update={"features": features}))
    return found


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(tiny_bundle.write(tmp_path_factory.mktemp("b") / "bundle"))


@pytest.fixture(scope="module")
def report(bundle: Bundle) -> Evaluation:
    return evaluate(bundle, population(), Silent())


def test_every_section_is_judged(report: Evaluation) -> None:
    assert {(s.locale, s.writer) for s in report.sections} == {
        (locale, writer) for locale in ("ko", "en") for writer in ("off", "well_meant", "hostile")
    }
    assert all(section.reasons for section in report.sections)


def test_delivered_reasons_are_faithful_grounded_and_compliant(report: Evaluation) -> None:
    for section in report.sections:
        assert section.quality is not None
        assert (section.quality.faithfulness, section.quality.grounding, section.quality.compliance) == (1, 1, 1)
        assert section.quality.claims > 0, "there was something to be faithful about"
        assert section.quality.numbers > 0


def test_a_well_meant_model_speaks_and_a_hostile_one_does_not(report: Evaluation) -> None:
    by_writer = {(s.locale, s.writer): s for s in report.sections}
    for locale in ("ko", "en"):
        assert by_writer[locale, "off"].by_model == 0
        assert by_writer[locale, "well_meant"].by_model > 0
        assert by_writer[locale, "hostile"].by_model == 0
        assert by_writer[locale, "hostile"].refused > 0
    assert report.hostile_delivered == []


def test_adversarial_records_are_answered_and_not_told(report: Evaluation) -> None:
    assert report.adversarial_records == len(list(adversarial_records(population()[0]))) > 30
    assert report.adversarial_leaks == []


def test_customers_with_other_facts_hear_other_reasons(report: Evaluation) -> None:
    for section in report.sections:
        assert section.diversity.different == 1.0
        assert section.same_again == 1.0


def test_a_text_that_tells_what_the_record_does_not_hold_fails(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    real = reasons.ReasonGenerator.reason

    def lying(self: Any, *args: Any, **options: Any) -> Any:
        reason = real(self, *args, **options)
        return reason.model_copy(update={"text": reason.text.replace("4 ", "9 ")})

    monkeypatch.setattr(reasons.ReasonGenerator, "reason", lying)
    monkeypatch.setattr(reasons.SafetyGate, "check", _pass_everything)
    found = evaluate(bundle, population()[1:2], Silent())
    english = next(s for s in found.sections if s.locale == "en" and s.writer == "off")
    assert english.quality is not None
    assert english.quality.faithfulness < 1
    assert not found.passed


def _pass_everything(*_: Any, **__: Any) -> Any:
    from agents.safety_gate import Verdict

    return Verdict.of([])


def test_the_marks_belong_to_the_hostile_sentences() -> None:
    for kind, marks in MARKS.items():
        for locale in ("ko", "en"):
            assert any(mark in HOSTILE[kind][locale] for mark in marks), (kind, locale)


def test_what_is_unknown_passes_no_bar(report: Evaluation) -> None:
    section = report.sections[0].model_copy(update={"quality": None})
    spoilt = report.model_copy(update={"sections": [section, *report.sections[1:]]})
    assert not spoilt.passed
    assert json.loads(spoilt.model_dump_json())["sections"][0]["quality"] is None


def test_the_command_judges_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from understudy.cli import population as online
    from understudy.cli.app import app

    tiny_bundle.write(tmp_path / "bundle")
    monkeypatch.setattr(online, "records_of_run", lambda run, customers: iter(population()))
    monkeypatch.setattr("understudy.cli.evaluation.records_of_run", lambda run, customers: population())
    result = CliRunner().invoke(app, ["agents", "eval", "--run", str(tmp_path), "--out", str(tmp_path / "eval.json")])
    assert "adversarial" in result.output
    assert json.loads((tmp_path / "eval.json").read_text())["customers"] == len(population())
    assert result.exit_code in (0, 3)


@pytest.mark.parametrize(
    ("judge", "counted"), [("pass", "passed"), ("disagree", "refused"), ("schema", "without"), ("guardrail", "without")]
)
def test_a_judge_reads_what_the_gate_passed(
    judge: str, counted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from understudy.audit import fsck, open_keyring
    from understudy.cli.app import app
    from understudy.cli.serving import ServePaths
    from understudy.stores import open_store

    tiny_bundle.write(tmp_path / "bundle")
    monkeypatch.setattr("understudy.cli.evaluation.records_of_run", lambda run, customers: population()[:3])
    asked = ["agents", "eval", "--run", str(tmp_path), "--out", str(tmp_path / "eval.json"), "--fake-judge", judge]
    assert CliRunner().invoke(app, asked).exit_code in (0, 3)
    sections = json.loads((tmp_path / "eval.json").read_text())["sections"]
    for section in sections:
        judged = section["judged"]
        if section["writer"] == "well_meant":
            assert judged[counted] > 0
            assert sum(judged.values()) == judged[counted]
            assert (section["by_model"] > 0) is (judge == "pass")
        else:
            assert judged == {"passed": 0, "refused": 0, "without": 0}, "the gate passes nothing hostile to the judge"
    paths = ServePaths(tmp_path)
    store = open_store(paths.store)
    assert any(b"safety_judge@1" in row[3] for row in store.entries()), "calls and judgements are on record"
    assert fsck(store, open_keyring(paths.keys)).exit_code == 0
    store.close()
