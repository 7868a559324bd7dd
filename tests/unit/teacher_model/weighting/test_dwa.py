from __future__ import annotations

import pytest
import torch

from teacher.inputs.layout import TaskLayout
from teacher.weighting import DynamicWeightAverage

TASKS = [
    TaskLayout.model_validate({"name": f"t{i}", "type": "binary", "group": "g", "width": 1, "weight": 1.0})
    for i in range(3)
]
EPOCHS = torch.tensor([[1.0, 2.0, 0.5], [0.9, 1.0, 0.5], [0.5, 0.9, 0.4], [0.4, 0.2, 0.4]])


def test_weights_are_those_of_the_reference_implementation() -> None:
    scalarization = pytest.importorskip("torchjd.scalarization")
    mine, theirs = DynamicWeightAverage(TASKS), scalarization.DWA()
    for losses in EPOCHS:
        assert 3 * mine(losses).item() == pytest.approx(theirs(losses).item(), rel=1e-6)
        mine.end_epoch(losses)
        theirs.step()


def test_a_task_that_stands_still_counts_more() -> None:
    weighting = DynamicWeightAverage(TASKS)
    assert weighting.factors().tolist() == [1.0, 1.0, 1.0]
    for losses in EPOCHS[:2]:
        weighting.end_epoch(losses)
    fallen, halved, still = weighting.factors().tolist()
    assert still > fallen > halved
    assert fallen + halved + still == pytest.approx(3.0)
    # The ratio of two weights is exp of half the difference of their rates.
    assert still / halved == pytest.approx(torch.exp(torch.tensor((1.0 - 0.5) / 2)).item(), rel=1e-5)
