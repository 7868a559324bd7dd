from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from teacher import Teacher, TeacherConfig, fit_teacher
from understudy.errors import UserError
from understudy.progress import Advance, Silent

TRAIN, VALID, TEST = np.arange(0, 200), np.arange(200, 260), np.arange(260, 320)


class Recorder(Silent):
    """Keeps what is said, and can be interrupted after some epochs."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.said: list[str] = []
        self.notes: list[str] = []
        self.interrupt_after = interrupt_after

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Advance]:
        def advance(steps: int = 1, note: str = "") -> None:
            self.notes.append(note)
            if len(self.notes) == self.interrupt_after:
                raise KeyboardInterrupt

        yield advance


def fit(toy: Any, config: TeacherConfig, out: Path, progress: Recorder | None = None) -> Teacher:
    return fit_teacher(toy, TRAIN, VALID, config, out, progress=progress or Recorder())


def same(one: Teacher, other: Teacher) -> bool:
    left, right = one.network.state_dict(), other.network.state_dict()
    return left.keys() == right.keys() and all(torch.equal(value, right[name]) for name, value in left.items())


def test_fit_writes_its_files_and_the_loaded_teacher_predicts_the_same(
    toy: Any, small_config: TeacherConfig, tmp_path: Path
) -> None:
    teacher = fit(toy, small_config, tmp_path)
    loaded = Teacher.load(tmp_path / "teacher.pt")
    assert loaded.experts == teacher.experts == ["deepfm", "temporal", "causal", "optimal_transport"]
    one, other = teacher.predict(toy, TEST), loaded.predict(toy, TEST)
    for task in ("buys", "next", "spend"):
        np.testing.assert_array_equal(one[task], other[task])
    assert one["buys"].shape == one["spend"].shape == (60,)
    assert ((one["buys"] > 0) & (one["buys"] < 1)).all()
    np.testing.assert_allclose(one["next"].sum(axis=1), 1.0)
    gates = loaded.gate_weights(toy, TEST)["buys"]
    assert gates.shape == (60, 4)
    np.testing.assert_allclose(gates.sum(axis=1), 1.0)
    assert json.loads((tmp_path / "health.json").read_bytes())["status"] == "pass"
    history = json.loads((tmp_path / "history.json").read_bytes())
    assert len(history["epochs"]) == small_config.epochs
    # What the watching agents read of a training.
    assert history["quantile_scaled"]
    assert all(0 < epoch["clipped_norm"] <= small_config.clip_norm + 1e-6 for epoch in history["epochs"])
    assert all(epoch["largest_norm"] >= epoch["clipped_norm"] - 1e-6 for epoch in history["epochs"])


def test_a_seed_gives_the_same_bytes_and_another_seed_does_not(
    toy: Any, small_config: TeacherConfig, tmp_path: Path
) -> None:
    config = small_config.model_copy(update={"epochs": 2})
    first = fit(toy, config, tmp_path / "a")
    fit(toy, config, tmp_path / "b")
    assert (tmp_path / "a/teacher.pt").read_bytes() == (tmp_path / "b/teacher.pt").read_bytes()
    assert not same(first, fit(toy, config.model_copy(update={"seed": 1}), tmp_path / "c"))


def test_an_interrupted_run_resumes_to_the_same_bytes(toy: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    fit(toy, small_config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(toy, small_config, tmp_path / "cut", Recorder(interrupt_after=1))
    assert not (tmp_path / "cut/teacher.pt").exists()
    resumed = Recorder()
    fit(toy, small_config, tmp_path / "cut", resumed)
    assert len(resumed.notes) == small_config.epochs - 1
    for name in ("teacher.pt", "history.json", "health.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_checkpoint_of_another_run_is_not_resumed(toy: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(toy, small_config, tmp_path, Recorder(interrupt_after=1))
    other = Recorder()
    fit(toy, small_config.model_copy(update={"seed": 5}), tmp_path, other)
    assert len(other.notes) == small_config.epochs


def test_progress_tells_the_epoch_and_the_validation_score(
    toy: Any, small_config: TeacherConfig, tmp_path: Path
) -> None:
    recorder = Recorder()
    fit(toy, small_config.model_copy(update={"epochs": 1}), tmp_path, recorder)
    assert recorder.notes[0].startswith("epoch 1/1, validation ")


def test_experts_without_input_are_named(toys: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    recorder = Recorder()
    teacher = fit(toys(sequences=[]), small_config.model_copy(update={"epochs": 1}), tmp_path, recorder)
    assert "temporal" not in teacher.experts
    assert any("temporal" in line and "left out" in line for line in recorder.said)
    assert "temporal" in Teacher.load(tmp_path / "teacher.pt").left_out
    assert "temporal" in json.loads((tmp_path / "history.json").read_bytes())["left_out"]


def test_the_caller_s_random_numbers_are_left_alone(toy: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    fit(toy, small_config.model_copy(update={"epochs": 1}), tmp_path)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("gate", ["softmax", "sigmoid"])
def test_labels_are_learned(toys: Any, small_config: TeacherConfig, tmp_path: Path, gate: str) -> None:
    toy = toys(900)
    config = small_config.model_copy(update={"epochs": 8, "gate": gate, "learning_rate": 5e-3})
    teacher = fit_teacher(toy, np.arange(600), np.arange(600, 750), config, tmp_path, progress=Silent())
    test = np.arange(750, 900)
    spend, truth = teacher.predict(toy, test)["spend"], toy.labels["spend"][test]
    assert 1 - ((spend - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum() > 0.5


def test_a_multiclass_toy_problem_reaches_95_percent(toys: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    toy = toys(1200)
    toy.features[:, :2] = np.random.default_rng(0).normal(size=(1200, 2))
    toy.labels["next"] = np.digitize(toy.features[:, 0] + toy.features[:, 1], [-0.8, 0.8]).astype(float)
    config = small_config.model_copy(update={"epochs": 10, "learning_rate": 5e-3})
    teacher = fit_teacher(toy, np.arange(800), np.arange(800, 1000), config, tmp_path, progress=Silent())
    test = np.arange(1000, 1200)
    assert (teacher.predict(toy, test)["next"].argmax(axis=1) == toy.labels["next"][test]).mean() >= 0.95


def test_rows_in_both_splits_are_refused(toy: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="1 row ids are in both training and validation"):
        fit_teacher(toy, TRAIN, np.append(VALID, 5), small_config, tmp_path, progress=Silent())
    with pytest.raises(UserError, match="0 validation rows"):
        fit_teacher(toy, TRAIN, VALID[:0], small_config, tmp_path, progress=Silent())


def test_a_file_that_is_no_teacher_is_refused(tmp_path: Path) -> None:
    (tmp_path / "teacher.pt").write_bytes(b"nothing")
    with pytest.raises(UserError, match="not a teacher file"):
        Teacher.load(tmp_path / "teacher.pt")
    with pytest.raises(UserError, match="file not found"):
        Teacher.load(tmp_path / "absent.pt")
