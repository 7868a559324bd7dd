"""Two training processes are one training: the same batches, the same losses, the same teacher up to rounding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from own_bank import write_own_bank

from teacher import TeacherConfig, fit_teacher
from teacher.datasets import load_spec, open_dataset, prepare
from teacher.training.workers import Workers
from understudy.errors import UserError
from understudy.progress import Silent


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("bank")
    loaded = load_spec(str(write_own_bank(folder)))
    prepare(loaded, folder / "data", data_dir=None, seed=3, customers=None, progress=Silent())
    return open_dataset(folder / "data")


CONFIG = TeacherConfig(
    epochs=4,
    batch_size=64,
    width=16,
    hidden=24,
    members=2,
    embedding_dim=4,
    dropout=0,
    learning_rate=0.01,
    device="cpu",
)


def test_two_processes_train_the_teacher_of_one(dataset: Any, tmp_path: Path) -> None:
    """Without dropout nothing is random but the order of the rows, which both draw alike."""
    test, said, losses = dataset.rows("test"), {}, {}
    for processes in (1, 2):
        config, out = CONFIG.changed({"processes": processes}), tmp_path / str(processes)
        teacher = fit_teacher(dataset, dataset.rows("train"), dataset.rows("valid"), config, out, progress=Silent())
        said[processes] = teacher.predict(dataset, test)["leaves"]
        epochs = json.loads((out / "history.json").read_bytes())["epochs"]
        losses[processes] = [epoch["train_loss"]["leaves"] for epoch in epochs]
        assert json.loads((out / "health.json").read_bytes())["status"] == "pass"
    np.testing.assert_allclose(losses[2], losses[1], rtol=2e-3)
    assert np.ptp(said[1]) > 0.01  # there is something to agree on
    assert np.abs(said[2] - said[1]).max() < 0.05 * np.ptp(said[1])


def test_a_process_that_fails_is_told(dataset: Any, tmp_path: Path) -> None:
    missing = dataset.folder.parent / "gone"
    moved = type(dataset)(**{**vars(dataset), "folder": missing})
    with pytest.raises(UserError, match="a training process failed") as told:
        fit_teacher(
            moved,
            dataset.rows("train"),
            dataset.rows("valid"),
            CONFIG.changed({"processes": 2}),
            tmp_path,
            progress=Silent(),
        )
    assert "no whole dataset" in str(told.value)


@pytest.mark.parametrize("changes", [{"weighting": "famo"}, {"surgery": "pcgrad"}])
def test_what_reads_losses_before_they_are_averaged_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(UserError, match="several processes need weighting uniform or uncertainty"):
        CONFIG.changed({"processes": 2, **changes})


def test_shares_make_the_mean_of_partial_means_the_mean_of_all() -> None:
    labels = torch.tensor([[1.0, float("nan")], [0.0, 1.0], [1.0, float("nan")], [0.0, 0.0], [1.0, 1.0]])
    losses = torch.arange(10.0).view(5, 2)
    known = torch.isfinite(labels)
    whole = (losses * known).sum(0) / known.sum(0)
    parts = []
    for rank in range(2):
        workers = Workers(rank, 2)
        rows = workers.part(torch.arange(5))
        mine = (losses[rows] * known[rows]).sum(0) / known[rows].sum(0).clamp(min=1)
        shares = workers.shares(labels[rows], labels)
        assert shares is not None
        parts.append(mine * shares)
    torch.testing.assert_close(torch.stack(parts).mean(0), whole)
