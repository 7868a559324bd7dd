"""Through the batch job: each gate lets a good student pass and stops a bad one, and the exit code says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

GATES = ("skill", "fidelity", "quality", "benefit", "fairness", "bypass")
TASKS = ("churn", "next_family", "spend")


def shuffled(values: np.ndarray) -> np.ndarray:
    return np.random.default_rng(9).permutation(values)


def test_good_students_are_ready_for_promotion(troupe: Any, tmp_path: Path) -> None:
    done = troupe.run(tmp_path / "out")
    assert done.code == 0
    assert done.of("ended")[0]["exit_code"] == 0
    assert {(task, gate): done.status(task, gate) for task in TASKS for gate in GATES}.keys()
    for task in TASKS:
        assert {done.status(task, gate) for gate in GATES} <= {"pass", "warn"}
        assert done.report[task]["layer"] == "distilled"
    assert done.of("review") == []
    assert (tmp_path / "out" / "bundle.zip").exists()


def test_skill_a_blind_teacher_leaves_its_task_to_the_rules(troupe: Any, tmp_path: Path) -> None:
    troupe.soft["churn"] = shuffled(troupe.soft["churn"])
    done = troupe.run(tmp_path / "out")
    assert done.status("churn", "skill") == "fail"
    assert done.report["churn"]["layer"] == "rules"


def test_fidelity_a_student_of_another_teacher_is_rejected_or_replaced(troupe: Any, tmp_path: Path) -> None:
    troupe.distilled["churn"] = troupe.direct["churn"] = shuffled(troupe.soft["churn"])
    rejected = troupe.run(tmp_path / "reject")
    assert rejected.code == 3
    assert rejected.status("churn", "fidelity") == "fail"
    assert rejected.of("result")[0]["accepted"] is False
    troupe.direct["churn"] = troupe.soft["churn"]
    replaced = troupe.run(tmp_path / "fallback", run={"on_fidelity_failure": "fallback"})
    assert replaced.code == 0
    assert replaced.report["churn"]["layer"] == "direct"


def test_quality_a_student_that_is_off_scale_is_rejected(troupe: Any, tmp_path: Path) -> None:
    troupe.distilled["churn"] = expit(logit(troupe.soft["churn"]) + 0.9)
    done = troupe.run(tmp_path / "out")
    assert done.code == 3
    assert done.status("churn", "quality") == "fail"


def test_benefit_a_better_direct_student_ships_instead(troupe: Any, tmp_path: Path) -> None:
    truth = troupe.soft["spend"]
    troupe.soft["spend"] = truth + np.random.default_rng(3).normal(size=len(truth)) * truth.std() * 0.35
    troupe.distilled["spend"], troupe.direct["spend"] = troupe.soft["spend"], truth
    done = troupe.run(tmp_path / "out")
    assert done.status("spend", "benefit") == "fail"
    assert done.report["spend"]["layer"] == "direct"


def test_fairness_an_unfair_student_is_refused(troupe: Any, tmp_path: Path) -> None:
    women = troupe.dataset.protected["gender"] == "f"
    for said in (troupe.distilled, troupe.direct):
        said["churn"] = np.where(women, expit(logit(troupe.soft["churn"]) - 1.5), troupe.soft["churn"])
    done = troupe.run(tmp_path / "out")
    assert done.code == 3
    assert done.status("churn", "fairness") == "fail"
    assert done.report["churn"]["layer"] != "distilled"


def test_bypass_a_student_that_beats_its_teacher_is_shown_for_review(troupe: Any, tmp_path: Path) -> None:
    labels = troupe.dataset.labels["churn"]
    better = expit(logit(troupe.soft["churn"]) + np.where(labels == 1, 0.5, -0.5))
    troupe.distilled["churn"] = better
    done = troupe.run(tmp_path / "out", run={"on_fidelity_failure": "fallback"})
    assert done.status("churn", "bypass") == "warn"
    assert [event["task"] for event in done.of("review")] == ["churn"]
    assert done.of("result")[0]["review"] == ["churn"]


@pytest.mark.parametrize("bad", ["1.4.x", "seven"])
def test_data_that_are_no_numbers_are_refused_by_place(troupe: Any, tmp_path: Path, bad: str) -> None:
    folder = tmp_path / "bank"
    folder.mkdir()
    for path in troupe.spec.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    lines = (folder / "people.csv").read_text().splitlines()
    cells = lines[17].split(",")
    lines[17] = ",".join([cells[0], bad, *cells[2:]])
    (folder / "people.csv").write_text("\n".join(lines) + "\n")
    done = troupe.run(tmp_path / "out", run={"dataset": str(folder / "spec.toml")})
    assert done.code == 4
    refused = done.of("refused")[0]
    assert "people.csv" in refused["where"]
    assert bad in refused["what"]


def test_fairness_harm_that_only_an_intersection_shows_is_refused(troupe: Any, tmp_path: Path) -> None:
    protected = troupe.dataset.protected
    crossed = (protected["gender"] == "f") != (protected["region"] == "land")
    for said in (troupe.distilled, troupe.direct):
        said["churn"] = expit(logit(troupe.soft["churn"]) + np.where(crossed, -0.9, 0.9))
    done = troupe.run(tmp_path / "out")
    gate = next(found for found in done.report["churn"]["gates"] if found["gate"] == "fairness")
    assert (done.code, gate["status"]) == (3, "fail")
    assert "gender & region=f & city" in gate["reason"]
    assert "[gender=" not in gate["reason"]
    compared = next(m["value"] for m in gate["measures"] if m["name"] == "intersections_compared")
    assert compared >= 4 * 3


@pytest.mark.parametrize(
    ("threshold", "what"),
    [("skill_f1_times_random = 3.0", "task 'next_family' with 3 classes"), ("skill_auc = 1.0", "gates.skill_auc")],
)
def test_a_threshold_that_no_model_reaches_is_refused_before_any_work(
    troupe: Any, tmp_path: Path, threshold: str, what: str
) -> None:
    folder = tmp_path / "bank"
    folder.mkdir()
    for path in troupe.spec.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / "spec.toml").open("a") as spec:
        spec.write(threshold + "\n")
    done = troupe.run(tmp_path / "out", run={"dataset": str(folder / "spec.toml")})
    assert done.code == 2
    assert done.of("plan") == []
    refused = done.of("refused")[0]
    assert what in f"{refused['where']} {refused['what']}"


def test_ranking_an_order_that_is_not_the_teachers_is_rejected(troupe: Any, tmp_path: Path) -> None:
    good = troupe.run(tmp_path / "good")
    ranking = json.loads((good.root / "gates" / "report.json").read_bytes())["ranking"]
    assert ranking["status"] == "pass"
    assert {measure["name"] for measure in ranking["measures"]} == {"overlap@1", "ndcg@1"}
    folder = tmp_path / "bank"
    folder.mkdir()
    for path in troupe.spec.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / "spec.toml").open("a") as spec:
        spec.write("ranking_overlap = 0.999\n")
    strict = troupe.run(tmp_path / "strict", run={"dataset": str(folder / "spec.toml")})
    ranking = json.loads((strict.root / "gates" / "report.json").read_bytes())["ranking"]
    assert (strict.code, ranking["status"]) == (3, "fail")
    assert "the ranking (overlap@1" in strict.of("result")[0]["reason"]
