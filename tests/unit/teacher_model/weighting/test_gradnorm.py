from __future__ import annotations

import pytest
import torch

from teacher.inputs.layout import TaskLayout
from teacher.weighting import GradNorm


def gradnorm(*weights: float) -> GradNorm:
    return GradNorm(
        [
            TaskLayout.model_validate({"name": f"t{i}", "type": "binary", "group": "g", "width": 1, "weight": weight})
            for i, weight in enumerate(weights)
        ]
    )


def settle(weighting: GradNorm, slopes: torch.Tensor, later: torch.Tensor) -> None:
    """Losses start at 1 and then stand at ``later``; the loss of task t has the gradient ``slopes_t`` at its state."""
    for step in range(400):
        gradient = (weighting.share * weighting.factors() * slopes).unsqueeze(1)
        weighting.observe(gradient, torch.ones(3) if step == 0 else later)


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (2.0, 0.5, 1.0)])
def test_the_weights_settle_where_the_paper_says(weights: tuple[float, ...]) -> None:
    """``v_t n_t`` proportional to ``r_t^1.5``, and the weights sum to the number of tasks."""
    weighting = gradnorm(*weights)
    slopes, later = torch.tensor([0.3, 1.0, 5.0]), torch.tensor([0.9, 0.6, 0.3])
    settle(weighting, slopes, later)
    expected = (later / later.mean()) ** 1.5 / slopes
    torch.testing.assert_close(weighting.factors(), 3 * expected / expected.sum(), rtol=1e-3, atol=1e-4)


def test_equal_tasks_keep_equal_weights() -> None:
    weighting = gradnorm(1.0, 1.0, 1.0)
    settle(weighting, torch.full((3,), 0.7), torch.full((3,), 0.5))
    assert weighting.factors().tolist() == pytest.approx([1.0, 1.0, 1.0])
