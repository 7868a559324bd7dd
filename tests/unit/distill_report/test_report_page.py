from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill.report import ReportDocument, render_report, write_report
from distill.report._sign_off import open_points
from understudy.contracts.gates import GateReport, GateResult, Measure

VOID = {"meta", "wbr"}


class Page(HTMLParser):
    """Tags must nest; collects text, ids and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        self.ids += [known["id"] or ""] if "id" in known else []
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    @property
    def said(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))


def html(sample: Any, report: GateReport | None = None) -> str:
    return render_report(sample.dataset, sample.soft, sample.students, report or sample.report)["report.html"].decode()


def with_gates(report: GateReport, task: str, gates: list[GateResult], **changes: Any) -> GateReport:
    tasks = [t.model_copy(update={"gates": gates, **changes}) if t.task == task else t for t in report.tasks]
    return report.model_copy(update={"tasks": tasks})


def fairness_gate(status: str, measures: list[Measure], reason: str = "because") -> GateResult:
    return GateResult(gate="fairness", status=status, measures=measures, threshold="DI in [0.8, 1.25]", reason=reason)


@pytest.fixture(scope="module")
def page(sample: Any) -> Page:
    return Page(html(sample))


def test_page_is_self_contained(sample: Any, page: Page) -> None:
    raw = html(sample)
    assert "script" not in page.tags
    assert all(link.startswith("#") for link in page.links)
    assert not re.search(r"https?://|@import|url\(", raw)


def test_every_link_has_its_target(page: Page) -> None:
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_text_of_the_data_is_escaped_and_kept(sample: Any, page: Page) -> None:
    assert "Toy bank <한국어 & test>" in page.said
    assert "<한국어" not in html(sample)
    assert "과제: 이탈 징후" in page.said


def test_accepted_and_rejected_read_differently(sample: Any, page: Page) -> None:
    assert "Accepted : every blocking gate of every task passed." in page.said
    rejected = sample.report.model_copy(update={"accepted": False, "reason": "rejected by spend; layers: 2 distilled"})
    assert "Rejected by spend; layers: 2 distilled." in Page(html(sample, rejected)).said


def test_served_layers_are_counted(sample: Any, page: Page) -> None:
    assert "Of 3 tasks, distilled students serve 3." in page.said
    rules = with_gates(sample.report, "spend", sample.report.tasks[2].gates, layer="rules")
    assert "Of 3 tasks, distilled students serve 2 and rules serve 1." in Page(html(sample, rules)).said


def test_failures_come_before_warnings_before_unknown(sample: Any) -> None:
    bad = sample.report.tasks[0].gates[0].model_copy(update={"status": "fail", "reason": "teacher_auc is too low"})
    warned = bad.model_copy(update={"status": "warn", "reason": "interval too wide"})
    report = with_gates(with_gates(sample.report, "spend", [bad]), "churn_signal", [warned])
    said = Page(html(sample, report)).said
    attention = said[said.index("Needs attention") : said.index("Results per task")]
    assert attention.index("teacher AUC is too low") < attention.index("interval too wide")
    assert attention.index("interval too wide") < attention.index("cannot be computed")
    ids = Page(html(sample, report)).ids
    assert [i for i in ids if i.startswith("task-")] == ["task-spend", "task-churn_signal", "task-nba_primary"]


def test_nothing_to_attend_to_is_said(sample: Any) -> None:
    tasks = [task.model_copy(update={"gates": task.gates[:1]}) for task in sample.report.tasks]
    assert (
        "Every gate of every task passed." in Page(html(sample, sample.report.model_copy(update={"tasks": tasks}))).said
    )


def test_status_is_a_word_not_a_colour(page: Page) -> None:
    assert "● pass" in page.said
    assert "? unknown" in page.said


def test_results_show_every_model_with_its_interval(page: Page) -> None:
    said = page.said[page.said.index("Results per task") : page.said.index("Tasks in detail")]
    for expected in ("0.840 0.830 – 0.850", "0.830 0.820 – 0.840", "0.810 0.800 – 0.820", "0.500"):
        assert expected in said
    assert "Ceiling" not in said


def test_ceiling_has_a_column_where_it_is_known(sample: Any, make_measure: Callable[..., Measure]) -> None:
    report = with_gates(sample.report, "spend", sample.report.tasks[2].gates, ceiling=[make_measure("r2", 0.9)])
    said = Page(html(sample, report)).said
    assert "Ceiling" in said
    assert "0.900 0.890 – 0.910" in said


def test_each_task_has_three_figures_and_a_strip(page: Page) -> None:
    assert page.tags.count("figure") == 9
    assert page.tags.count("svg") >= 12


def test_disjoint_splits_are_counted(sample: Any, page: Page) -> None:
    assert "None of the 800 row ids occurs in more than one split, and no customer does." in page.said
    ids = sample.dataset.row_ids.copy()
    ids[-1] = ids[0]
    customers = np.array(["same"] * 800)
    overlapping = replace(sample, dataset=replace(sample.dataset, row_ids=ids, customer_ids=customers))
    said = Page(html(overlapping)).said
    assert "1 row ids occur in more than one split: the test is not held out, and 1 customers occur in more" in said


def test_fairness_without_measurement_is_unknown(sample: Any, page: Page) -> None:
    assert "Fairness was not measured: no fairness gate was run. Unknown is no pass." in page.said
    report = with_gates(sample.report, "spend", [fairness_gate("unknown", [], "no protected attribute")])
    assert "not measured: no protected attribute" in Page(html(sample, report)).said


def test_value_outside_its_bound_is_marked_with_its_note(sample: Any, make_measure: Callable[..., Measure]) -> None:
    inside = make_measure("di[gender=남성]", 0.95)
    outside = make_measure("di[gender=여성]", 0.7).model_copy(update={"note": "teacher 0.710"})
    report = with_gates(sample.report, "spend", [fairness_gate("warn", [inside, outside], "di[gender=여성] is low")])
    said = Page(html(sample, report)).said
    assert "▲ 0.700" in said
    assert "teacher 0.710" in said
    assert "gender: 여성" in said
    assert "▲ 0.950" not in said
    assert "disparate impact of gender=여성 is low" in said


def test_leakage_gate_is_unknown_unless_it_left_its_report(sample: Any, page: Page, tmp_path: Path) -> None:
    assert "Not recorded (unknown)." in page.said
    closest = {"measure": "AUC", "value": 0.78, "bound": 0.98, "columns": ["a"], "task": "spend", "detail": ""}
    check = {
        "name": "single",
        "question": "Does one feature tell a label?",
        "status": "pass",
        "measured": 9,
        "note": "",
    }
    checks = [check | {"way_out": "", "failures": [], "closest": closest}]
    (tmp_path / "leakage.json").write_text(json.dumps({"passed": True, "checks": checks}))
    said = Page(html(replace(sample, dataset=replace(sample.dataset, folder=tmp_path)))).said
    assert "Passed: 1 checks (1 pass)." in said
    assert "AUC 0.780, bound 0.980" in said


def test_task_without_any_known_test_label_still_renders(sample: Any) -> None:
    labels = sample.dataset.labels | {"spend": np.full(800, np.nan)}
    assert "spend" in Page(html(replace(sample, dataset=replace(sample.dataset, labels=labels)))).said


def test_json_holds_what_the_page_says(sample: Any, tmp_path: Path) -> None:
    write_report(sample.dataset, sample.soft, sample.students, sample.report, tmp_path / "report")
    document = ReportDocument.model_validate_json((tmp_path / "report" / "report.json").read_bytes())
    assert document.gates == sample.report
    assert document.dataset.rows == {"train": 400, "valid": 200, "test": 200}
    assert document.dataset.shared_rows == 0
    assert document.dataset.protected == {"gender": ["남성", "여성"]}
    assert document.soft_labels.out_of_fold == document.soft_labels.training_rows == 400
    assert document.soft_labels.folds == 3
    assert document.leakage is None
    assert sorted(p.name for p in (tmp_path / "report").iterdir()) == ["model_card.md", "report.html", "report.json"]


def test_equal_inputs_give_equal_bytes(sample: Any) -> None:
    one = render_report(sample.dataset, sample.soft, sample.students, sample.report)
    assert one == render_report(sample.dataset, sample.soft, sample.students, sample.report)


def test_card_states_outcome_figures_and_limits(sample: Any) -> None:
    card = render_report(sample.dataset, sample.soft, sample.students, sample.report)["model_card.md"].decode()
    assert card.startswith("# Model card: Toy bank")
    assert "**Accepted**: every blocking gate of every task passed." in card
    assert "| churn_signal | AUC | 0.500 | 0.810 [0.800, 0.820] | **0.830 [0.820, 0.840]** |" in card
    assert "- **unknown** spend, benefit: cannot be computed" in card
    assert "- churn_signal: alpha 0.6, rounds 213" in card
    assert "Not measured: churn_signal (benefit), nba_primary (benefit), spend (benefit)." in card


def test_score_that_no_replicate_changes_has_no_interval(sample: Any) -> None:
    flat = Measure(name="r2", value=0.0, low=0.0, high=0.0, rows=200)
    scores = sample.report.tasks[2].scores | {"prior": [flat]}
    report = with_gates(sample.report, "spend", sample.report.tasks[2].gates, scores=scores)
    assert "0.000 – 0.000" not in Page(html(sample, report)).said


def test_what_is_signed_is_bound_to_the_figures_and_names_what_is_open(sample: Any) -> None:
    files = render_report(sample.dataset, sample.soft, sample.students, sample.report)
    page = Page(files["report.html"].decode())
    assert "sign-off" in page.ids
    assert hashlib.sha256(files["report.json"]).hexdigest() in page.said
    task = sample.report.tasks[0]
    clean = [gate.model_copy(update={"status": "pass"}) for gate in task.gates]
    review = [clean[0].model_copy(update={"gate": "bypass", "status": "warn"}), *clean[1:]]
    one = sample.report.model_copy(update={"tasks": [task], "accepted": True})
    assert f"bypass warn: {task.task}." in open_points(with_gates(one, task.task, review))
    assert not [point for point in open_points(with_gates(one, task.task, clean)) if task.task in point]
    assert open_points(one.model_copy(update={"accepted": False, "reason": "rejected by churn"}))[0].endswith("churn.")


def test_every_student_that_was_tried_is_listed(sample: Any) -> None:
    task = sample.report.tasks[0]
    tried: list[dict[str, float | int | str]] = [
        {"alpha": 0.0, "features": "all", "faithful": "no", "chosen": "direct"},
        {"alpha": 0.6, "features": 12, "faithful": "yes", "chosen": "distilled"},
    ]
    said = Page(html(sample, with_gates(sample.report, task.task, task.gates, tried=tried))).said
    assert "All 2 students that were fitted" in said
    assert "0.6 12 yes distilled" in said
