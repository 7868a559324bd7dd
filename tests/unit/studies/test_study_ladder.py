from __future__ import annotations

import pytest
import torch

from studies._ladder import RUNGS, Ladder, Rung
from teacher import TeacherConfig
from teacher.inputs import Inputs, Layout

LAYOUT = Layout.model_validate(
    {
        "numeric": ["a", "b"],
        "categorical": [],
        "cardinalities": [],
        "sequences": {},
        "distributions": {},
        "feeds": {},
        "tasks": [{"name": f"t{i}", "type": "binary", "group": "g", "width": 1, "weight": 1.0} for i in range(3)],
    }
)
EDGES = torch.tensor([[-1.0, 0.0, 1.0]] * 2)


def rows(count: int) -> Inputs:
    numbers = torch.randn(count, 2, generator=torch.Generator().manual_seed(0))
    empty = torch.zeros(count, 0)
    return Inputs(numbers, torch.zeros(count, 2), empty.long(), numbers, {}, {}, {}, {}, empty)


@pytest.mark.parametrize(("rung", "weights"), [("shared_bottom", [1]), ("mmoe", [8]), ("ple", [6, 6])])
def test_every_rung_has_the_gates_of_its_paper(rung: Rung, weights: list[int]) -> None:
    network = Ladder(LAYOUT, TeacherConfig(width=8, hidden=12), EDGES, rung)
    output = network(rows(5))
    assert [layer.weights.shape[-1] for layer in output.layers] == weights
    assert [logits.shape for logits in output.logits] == [(1, 5, 1)] * 3
    sum(logits.square().sum() for logits in output.logits).backward()  # type: ignore[union-attr]
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_a_shared_bottom_gives_every_task_the_same_state() -> None:
    states = Ladder(LAYOUT, TeacherConfig(width=8, hidden=12), EDGES, "shared_bottom")(rows(4)).layers[0].tasks
    torch.testing.assert_close(states[0], states[1])
    assert set(RUNGS) == {"shared_bottom", "mmoe", "ple"}
