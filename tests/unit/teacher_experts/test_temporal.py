from __future__ import annotations

import torch
from torch import Tensor

from teacher.experts.temporal import SequenceEnsemble, Temporal, regime
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs


def ensemble() -> SequenceEnsemble:
    torch.manual_seed(0)
    return SequenceEnsemble(length=12, channels=3, dim=16, dropout=0.0).eval()


def inputs(steps: Tensor, mask: Tensor) -> Inputs:
    empty = torch.zeros(len(steps), 0)
    return Inputs(empty, empty, empty.long(), empty, {"monthly": steps}, {"monthly": mask}, {}, {}, empty)


def full(rows: int = 4) -> tuple[Tensor, Tensor]:
    return torch.randn(rows, 12, 3), torch.ones(rows, 12, dtype=torch.bool)


def test_time_permutation_changes_the_output_of_every_branch() -> None:
    model = ensemble()
    steps, mask = full()
    moved = steps[:, torch.tensor([5, 1, 9, 0, 2, 11, 3, 7, 4, 10, 8, 6])]
    for branch in (model.scan, model.liquid, model.patches):
        before, after = (branch(model.embed(x), mask) for x in (steps, moved))
        assert (before - after).abs().max() > 1e-3


def test_padding_does_not_change_the_output() -> None:
    model = ensemble()
    steps, mask = full()
    real = mask.clone()
    real[:, :5] = False
    padded = torch.where(real.unsqueeze(-1), steps, torch.zeros(()))
    noisy = torch.cat([torch.zeros(4, 0, 3), padded], dim=1)
    torch.testing.assert_close(model(noisy, real), model(padded[:, 5:], real[:, 5:]))


def test_the_regime_gate_mixes_all_three_branches() -> None:
    model = ensemble()
    steps, mask = full(64)
    weights = torch.softmax(model.gate(regime(steps, mask)), dim=1)
    assert weights.shape == (64, 3)
    assert weights.std(dim=0).min() > 0
    model(steps, mask).square().sum().backward()
    for branch in (model.scan, model.liquid, model.patches):
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in branch.parameters())


def test_regime_statistics_are_those_of_the_real_steps() -> None:
    steps, mask = full(2)
    mask[0, :7] = False
    steps[~mask] = 0.0
    out = regime(steps, mask)
    real = steps[0, 7:]
    torch.testing.assert_close(out[0, :3], real.mean(dim=0))
    torch.testing.assert_close(out[0, 3:6], (real.var(dim=0, unbiased=False) + 1e-6).sqrt())
    torch.testing.assert_close(out[0, 6:9], real.diff(dim=0).abs().mean(dim=0))
    torch.testing.assert_close(out[0, 9:12], real[-1])


def test_expert_reads_its_sequence_and_its_context() -> None:
    torch.manual_seed(0)
    feed = Feed(fields=[1], sequences=["monthly"], distributions=[])
    expert = Temporal(feed, {"monthly": (12, 3)}, dim=4, hidden=8, width=16, dropout=0.0).eval()
    fields, (steps, mask) = torch.randn(4, 2, 4), full()
    value = expert(fields, inputs(steps, mask)).value
    assert value.shape == (4, 16)
    assert not torch.allclose(value, expert(fields, inputs(steps.flip(1), mask)).value)
    assert not torch.allclose(value, expert(fields + 1.0, inputs(steps, mask)).value)
