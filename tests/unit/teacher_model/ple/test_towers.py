from __future__ import annotations

import torch

from teacher.ple.towers import Towers


def test_each_task_reads_its_own_state_and_each_member_has_its_own_head() -> None:
    torch.manual_seed(0)
    towers = Towers([1, 3], width=4, hidden=6, members=2, dropout=0.0)
    states = torch.randn(2, 2 * 5, 4)
    out = towers(states)
    assert [tuple(logits.shape) for logits in out] == [(2, 5, 1), (2, 5, 3)]
    hidden = torch.relu(states[1] @ towers.enter.weight[1] + towers.enter.bias[1])
    head = towers.heads[1]
    for member in range(2):
        expected = hidden[member * 5 : member * 5 + 5] @ head.weight[member] + head.bias[member]
        torch.testing.assert_close(out[1][member], expected)
