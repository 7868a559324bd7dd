"""``--teacher FILE`` sets hyper-parameters of the teacher by name, for every command that trains."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from understudy.cli.app import app, pipeline_for
from understudy.errors import UserError


def test_the_file_changes_the_preset_and_the_run(tmp_path: Path) -> None:
    path = tmp_path / "teacher.toml"
    path.write_text('weighting = "famo"\nsurgery = "upgrad"\ntransfer = [["a", "b"]]\nonnx = true\n')
    pipeline = pipeline_for("finsynth", tmp_path / "run", 7, 2, 300, "quick", teacher=path)
    assert pipeline.config.teacher == {"weighting": "famo", "surgery": "upgrad", "transfer": [["a", "b"]], "onnx": True}
    pipeline.__dict__["dataset"] = SimpleNamespace(rows=lambda split: range(200))
    config = pipeline.teacher_config
    assert (config.weighting, config.surgery, config.onnx, config.members) == ("famo", "upgrad", True, 2)
    assert config.transfer == [("a", "b")]


def test_an_unknown_name_is_refused_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "teacher.toml"
    path.write_text('weightning = "famo"\n')
    with pytest.raises(UserError, match="weightning: unknown key"):
        pipeline_for("finsynth", tmp_path / "run", 7, 2, 300, "quick", teacher=path)


@pytest.mark.parametrize("command", [["train"], ["distill"], ["run"], ["bundle", "build"]])
def test_every_command_that_trains_has_the_option(command: list[str]) -> None:
    assert "--teacher" in CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
