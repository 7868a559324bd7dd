from __future__ import annotations

import torch

from teacher.experts.tree_embedding import adjacency, distortion, hyperbolic, lay_out, tree_distances

# A root, 5 branches, 2 sub-branches each, 3 leaves each.
PARENTS = [-1] + [0] * 5 + [1 + i // 2 for i in range(10)] + [6 + i // 3 for i in range(30)]


def euclidean(points: torch.Tensor) -> torch.Tensor:
    return (points.unsqueeze(0) - points.unsqueeze(1)).square().sum(dim=-1).clamp(min=1e-12).sqrt()


def test_distances_count_edges() -> None:
    wanted = tree_distances(PARENTS)
    assert wanted[0, 16].item() == 3
    assert wanted[16, 17].item() == 2
    assert wanted[16, 19].item() == 4
    assert wanted[16, 45].item() == 6
    assert torch.equal(wanted, wanted.T)


def test_hyperbolic_space_keeps_the_tree_better_than_euclidean_space_of_the_same_width() -> None:
    wanted = tree_distances(PARENTS)
    for dim in (2, 4):
        torch.manual_seed(0)
        curved = distortion(hyperbolic(lay_out(PARENTS, dim)), wanted)
        torch.manual_seed(0)
        flat = distortion(euclidean(lay_out(PARENTS, dim, space=euclidean)), wanted)
        assert curved < 0.8 * flat


def test_neighbours_are_parent_children_and_the_node_itself() -> None:
    links = adjacency([-1, 0, 0, 1])
    assert (links > 0).tolist() == [
        [True, True, True, False],
        [True, True, False, True],
        [True, False, True, False],
        [False, True, False, True],
    ]
    torch.testing.assert_close(links.sum(dim=1), torch.ones(4))
