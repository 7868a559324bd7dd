"""A stage counts as finished only for the very inputs it finished with."""

from __future__ import annotations

from pathlib import Path

from understudy.stages import RunDirectory, fingerprint


def test_a_finished_stage_is_remembered_for_its_inputs_only(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert run.finished("data", {"seed": 1}) is None
    run.finish("data", {"seed": 1}, {"rows": 10})
    assert run.finished("data", {"seed": 1}) == {"rows": 10}
    assert run.finished("data", {"seed": 2}) is None


def test_a_torn_record_means_not_finished(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.finish("data", {"seed": 1}, {})
    (tmp_path / "stages" / "data.json").write_text('{"fingerp')
    assert run.finished("data", {"seed": 1}) is None


def test_fingerprints_do_not_depend_on_key_order() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
