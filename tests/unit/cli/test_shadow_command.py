from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.errors import UserError


def test_a_run_without_teachers_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["shadow", str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert "no teacher was kept" in result.exception.what
    assert str(tmp_path / "soft") in result.exception.where


def test_the_teachers_of_all_folds_are_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    for fold in (0, 1):
        (tmp_path / f"soft/fold{fold}").mkdir(parents=True)
        (tmp_path / f"soft/fold{fold}/teacher.pt").touch()
    seen: list[object] = []

    def export(teachers: list[object], dataset: object, rows: list[int], out: Path) -> None:
        seen.extend([*teachers, dataset, rows])
        out.mkdir()

    monkeypatch.setattr("teacher.Teacher.load", lambda path: path.parent.name)
    monkeypatch.setattr("teacher.datasets.open_dataset", lambda folder: folder.name)
    monkeypatch.setattr("teacher.export.shadow.shadow_rows", lambda dataset, customers: list(range(customers)))
    monkeypatch.setattr("teacher.export.shadow.export_shadow", export)
    result = CliRunner().invoke(app, ["shadow", str(tmp_path), "--customers", "3"])
    assert result.exit_code == 0, result.output
    assert seen == ["fold0", "fold1", "data", [0, 1, 2]]
    assert "2 teachers and 3 customers" in result.output
