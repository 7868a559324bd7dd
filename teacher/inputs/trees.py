"""The tree of a distribution's bins, in numbers."""

from __future__ import annotations

from teacher.inputs.layout import TreeLayout
from understudy.contracts.spec import DatasetSpec, DistributionSpec

__all__ = ["tree_layout"]


def tree_layout(spec: DatasetSpec, distribution: DistributionSpec) -> TreeLayout | None:
    """Nodes in sorted order under one root, or None where the bins have no tree."""
    if distribution.tree is None:
        return None
    parents = spec.trees[distribution.tree].parents
    nodes = sorted(parents.keys() | set(parents.values()))
    number = {node: index + 1 for index, node in enumerate(nodes)}
    return TreeLayout(
        parents=[-1, *(number[parents[node]] if node in parents else 0 for node in nodes)],
        leaves=[number[column.removeprefix(distribution.prefix)] for column in distribution.columns],
    )
