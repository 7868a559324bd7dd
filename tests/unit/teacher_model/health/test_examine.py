"""Each historical bug, planted in a real training, stops it; the same training without the bug is healthy."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from teacher import TeacherConfig, fit_teacher
from teacher.health import TrainingHealthError
from teacher.ple.network import Network, Output
from teacher.training import fit, trainer
from teacher.training.average import MovingAverage
from teacher.weighting import DynamicWeightAverage
from teacher.weighting.uncertainty import Uncertainty
from understudy.progress import Silent

Patch = Callable[[pytest.MonkeyPatch], None]


def run(toy: Any, config: TeacherConfig, out: Path) -> None:
    train = len(toy.features) * 4 // 5
    valid = np.arange(train, len(toy.features))
    fit_teacher(toy, np.arange(train), valid, config, out, progress=Silent())


def flipped_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Uncertainty, "terms", lambda self, losses: self.factors() * losses - self.log_sigma)


def double_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = Uncertainty.terms
    monkeypatch.setattr(Uncertainty, "terms", lambda self, losses: terms(self, losses * self.share))


def stale_average(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MovingAverage, "update", lambda self: setattr(self, "updates", self.updates + 1))


def shifted_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer_of = fit._trainer

    def shifted(*args: Any) -> Any:
        built = trainer_of(*args)
        built.train.labels.copy_(built.train.labels.roll(1, dims=0))
        return built

    monkeypatch.setattr(fit, "_trainer", shifted)


def unstepped_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "one_cycle", lambda step, steps, warmup: 1.0)


def dead_expert(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = Network.forward

    def silenced(self: Network, inputs: Any) -> Output:
        with torch.no_grad():
            width = len(self.names) + self.first.per_group
            self.first.task_gate.bias.view(-1, width)[:, 1] = -50.0
        return forward(self, inputs)

    monkeypatch.setattr(Network, "forward", silenced)


def averaged_head(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = trainer.task_losses

    def averaged(logits: list[Tensor], labels: Tensor, tasks: Any, delta: float, weights: Tensor | None) -> Tensor:
        scale = torch.tensor([1.0, 1.0 / 105, 1.0])
        return losses(logits, labels, tasks, delta, weights) * scale

    monkeypatch.setattr(trainer, "task_losses", averaged)
    monkeypatch.setattr("teacher.health.monitor.task_losses", averaged)
    monkeypatch.setattr("teacher.health.heads.task_losses", averaged)


def unreachable_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A weighting that first acts after more epochs than the run has: all it says would be about uniform weights."""
    wanted = DynamicWeightAverage.waits_for.fget  # type: ignore[attr-defined]
    waits = property(lambda self: {words: (100.0, there) for words, (_, there) in wanted(self).items()})
    monkeypatch.setattr(DynamicWeightAverage, "waits_for", waits)


def not_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = trainer.task_losses
    monkeypatch.setattr(trainer, "task_losses", lambda *args: losses(*args) + float("nan"))


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (flipped_sign, "sigma_settles"),
        (double_weight, "weights_applied_once"),
        (stale_average, "average_moved"),
        (shifted_labels, "labels_aligned"),
        (unstepped_schedule, "schedule_followed"),
        (unreachable_threshold, "thresholds_reached"),
        (dead_expert, "experts_alive"),
        (averaged_head, "gradients_balanced"),
        (averaged_head, "heads_heard"),
        (not_a_number, "finite"),
    ],
)
def test_a_planted_bug_stops_the_training(
    toys: Any, small_config: TeacherConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Patch, check: str
) -> None:
    plant(monkeypatch)
    changes = {
        # A shifted label can only be learned by heart, and an uncertain weighting would make up for the small loss.
        "labels_aligned": {"epochs": 20, "dropout": 0.0, "learning_rate": 5e-3, "patience": 20},
        "gradients_balanced": {"weighting": "uniform"},
        "thresholds_reached": {"weighting": "dwa"},
    }
    config = small_config.model_copy(update=changes.get(check, {}))
    with pytest.raises(TrainingHealthError, match=check) as caught:
        run(toys(200), config, tmp_path)
    assert caught.value.exit_code == 3
    report = json.loads((tmp_path / "health.json").read_bytes())
    assert report["status"] == "fail"
    assert check in [entry["name"] for entry in report["checks"] if entry["status"] == "fail"]
    assert not (tmp_path / "teacher.pt").exists()


def test_a_healthy_training_passes_every_check(toys: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    run(toys(600), small_config.model_copy(update={"epochs": 10, "learning_rate": 5e-3}), tmp_path)
    report = json.loads((tmp_path / "health.json").read_bytes())
    assert report["status"] == "pass"
    assert {entry["status"] for entry in report["checks"]} == {"pass"}
    assert len(report["checks"]) == 12
    assert report["tasks"] == ["buys", "next", "spend"]
    assert [entry["epoch"] for entry in report["epochs"]] == list(range(1, 11))
    last = report["epochs"][-1]
    assert all(0 < sigma < 3 for sigma in last["sigma"])
    assert [len(layer) for layer in last["gate_entropy"]] == [3, 3]
    rates = zip(last["effective_rate"], last["gradient_norm"], strict=True)
    assert all(rate == pytest.approx(last["learning_rate"] / 3 * norm) for rate, norm in rates)


def test_a_task_with_a_linear_path_may_leave_its_gated_path_alone(
    toys: Any, small_config: TeacherConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the planted bug takes from the gated path is no fault where there is a path beside it."""
    averaged_head(monkeypatch)
    config = small_config.model_copy(update={"weighting": "uniform", "wide_classes": 3})
    with suppress(TrainingHealthError):
        run(toys(200), config, tmp_path)
    checks = {entry["name"]: entry for entry in json.loads((tmp_path / "health.json").read_bytes())["checks"]}
    assert checks["gradients_balanced"]["status"] == "pass"
    assert checks["heads_heard"]["status"] == "fail"  # a head that is averaged is still caught


def test_a_run_too_short_for_its_weighting_says_so(toys: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    config = small_config.model_copy(update={"weighting": "dwa", "epochs": 2})
    with pytest.raises(TrainingHealthError, match="an epoch after two to compare needs 3, and this run had 2"):
        run(toys(200), config, tmp_path)


def test_health_is_watched_while_the_training_goes_on(
    toys: Any, small_config: TeacherConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    watch = fit.watch
    monkeypatch.setattr(fit, "watch", lambda trainer, path: seen.append(watch(trainer, path)))
    run(toys(200), small_config, tmp_path)
    assert [(report.status, len(report.epochs)) for report in seen] == [("training", n) for n in (1, 2, 3)]
