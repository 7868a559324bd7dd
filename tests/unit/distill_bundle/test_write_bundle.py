from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill.bundle import write_bundle
from understudy.bundle import load_bundle
from understudy.contracts.manifest import Manifest
from understudy.contracts.psi import PsiReference
from understudy.contracts.reasons import TemplateSet
from understudy.contracts.rules import RuleSet, TaskRules
from understudy.errors import UserError

TEXT = {"ko": "{product}", "en": "{product}"}
TEMPLATES = TemplateSet.model_validate(
    {
        "schema_version": 1,
        "templates": [{"facts": 0, "channel": "branch", "text": TEXT}],
        "disclosures": {},
        "ai_marker": {"ko": "AI", "en": "AI"},
    }
)
RULES = RuleSet(
    tasks={
        "churn_signal": TaskRules(type="binary", prior=[0.3], segments=[]),
        "nba_primary": TaskRules(type="multiclass", prior=[0.25] * 4, segments=[]),
        "spend": TaskRules(type="regression", prior=[12.0], segments=[]),
    }
)
EXPECTED = {
    "manifest.json",
    "rules.json",
    "catalog.json",
    "glossary.json",
    "templates.json",
    "psi.json",
    "feature_fits.json",
    "report.json",
    "report.html",
    "model_card.md",
    *(f"models/{task}.{kind}.txt" for task in RULES.tasks for kind in ("distilled", "direct")),
}


def write(sample: Any, out: Path, **changes: Any) -> Manifest:
    given = {"report": sample.report, "dataset": sample.dataset, "students": sample.students} | changes
    return write_bundle(
        given["dataset"], sample.soft, given["students"], given["report"], RULES, out, templates=TEMPLATES
    )


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def written(sample: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    out = tmp_path_factory.mktemp("run") / "bundle"
    return out, write(sample, out)


def test_layout_is_that_of_the_contract(written: tuple[Path, Manifest]) -> None:
    assert set(content(written[0])) == EXPECTED


def test_zip_beside_the_directory_holds_the_same_bytes(written: tuple[Path, Manifest]) -> None:
    out, _ = written
    with zipfile.ZipFile(out.with_name("bundle.zip")) as archive:
        assert archive.namelist() == sorted(EXPECTED)
        assert {name: archive.read(name) for name in archive.namelist()} == content(out)
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}


def test_manifest_holds_size_and_hash_of_every_other_file(written: tuple[Path, Manifest]) -> None:
    out, manifest = written
    files = content(out)
    assert Manifest.model_validate_json(files.pop("manifest.json")) == manifest
    assert {name: (entry.sha256, entry.bytes) for name, entry in manifest.files.items()} == {
        name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()
    }


def test_the_function_loads_what_was_written(written: tuple[Path, Manifest]) -> None:
    for path in (written[0], written[0].with_name("bundle.zip")):
        assert load_bundle(path).manifest == written[1]


def test_equal_inputs_give_equal_bytes(sample: Any, written: tuple[Path, Manifest], tmp_path: Path) -> None:
    write(sample, tmp_path / "bundle")
    assert content(tmp_path / "bundle") == content(written[0])
    assert (tmp_path / "bundle.zip").read_bytes() == written[0].with_name("bundle.zip").read_bytes()


def test_version_names_dataset_and_content(sample: Any, written: tuple[Path, Manifest], tmp_path: Path) -> None:
    _, manifest = written
    name, _, digest = manifest.model_version.rpartition("-")
    assert name == "toy-bank"
    assert len(digest) == 12
    rejected = sample.report.model_copy(update={"accepted": False})
    assert write(sample, tmp_path / "bundle", report=rejected).model_version != manifest.model_version


def test_served_tasks_follow_gates_and_students(sample: Any, written: tuple[Path, Manifest]) -> None:
    _, manifest = written
    churn = manifest.tasks[0]
    assert churn.layer == "distilled"
    assert churn.teacher_gates == sample.soft.gates["churn_signal"]
    assert churn.distilled is not None
    assert churn.distilled.path == "models/churn_signal.distilled.txt"
    assert churn.distilled.trees == 8
    assert churn.distilled.calibrator == sample.students["churn_signal"].distilled.calibrator
    assert manifest.tasks[1].direct is not None
    assert manifest.tasks[1].direct.trees == 8 * 4
    assert manifest.protected == ["지역"]
    assert manifest.metrics["spend"] == {"teacher.r2": 0.84, "distilled.r2": 0.83, "direct.r2": 0.81, "prior.r2": 0.5}


def test_layer_below_is_kept_in_the_manifest(sample: Any, tmp_path: Path) -> None:
    tasks = [task.model_copy(update={"layer": "rules"}) for task in sample.report.tasks]
    manifest = write(sample, tmp_path / "bundle", report=sample.report.model_copy(update={"tasks": tasks}))
    assert {task.layer for task in manifest.tasks} == {"rules"}


def test_models_of_the_bundle_predict_as_the_students(sample: Any, written: tuple[Path, Manifest]) -> None:
    out, _ = written
    for task, pair in sample.students.items():
        for kind, student in (("distilled", pair.distilled), ("direct", pair.direct)):
            packed = replace(student, text=(out / f"models/{task}.{kind}.txt").read_text())
            features = sample.dataset.features
            assert np.array_equal(packed.predict(features), student.predict(features))


def test_psi_reference_is_of_the_training_rows(written: tuple[Path, Manifest]) -> None:
    reference = PsiReference.model_validate_json((written[0] / "psi.json").read_bytes())
    assert reference.rows == 400
    assert set(reference.features) == {"balance", "지역", "tenure"}


def test_json_is_canonical(written: tuple[Path, Manifest]) -> None:
    raw = (written[0] / "catalog.json").read_text(encoding="utf-8")
    assert "적금" in raw
    assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_files_are_readable_by_others(written: tuple[Path, Manifest]) -> None:
    out, _ = written
    assert out.stat().st_mode & 0o777 == 0o755
    assert {p.stat().st_mode & 0o777 for p in out.rglob("*") if p.is_file()} == {0o644}
    assert out.with_name("bundle.zip").stat().st_mode & 0o777 == 0o644


def test_a_failure_leaves_the_old_bundle_whole(sample: Any, written: tuple[Path, Manifest], tmp_path: Path) -> None:
    write(sample, tmp_path / "bundle")
    with pytest.raises(UserError, match="no gate report"):
        write(sample, tmp_path / "bundle", report=sample.report.model_copy(update={"tasks": sample.report.tasks[:1]}))
    assert content(tmp_path / "bundle") == content(written[0])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "bundle.zip"]


def test_a_task_without_students_is_refused(sample: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no students"):
        write(sample, tmp_path / "bundle", students={"spend": sample.students["spend"]})
    assert list(tmp_path.iterdir()) == []
