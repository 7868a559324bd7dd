"""Selection rates, true positive rates and divergence of each group against all other groups, with replicates.

Shapes: S = 1 + replicates (index 0 is the sample as it is), G groups, D decisions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, hstack

from distill.metrics import Functional, Resampler

__all__ = ["GroupCounts", "count_groups"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class GroupCounts:
    """Counts per group and decision.

    Attributes:
        names: The groups of one attribute, G of them; rows of unknown group count nowhere.
        size: ``[S, G, 1]`` rows; ``size_known`` those whose label is known.
        divergence: ``[S, G, 1]`` sum of the per-row divergence from the teacher.
        yes: model (or "label") -> ``[S, G, D]`` rows with a yes.
        hits: model -> ``[S, G, D]`` rows with a yes whose outcome is yes.
    """

    names: list[str]
    size: Floats
    size_known: Floats
    divergence: Floats
    yes: dict[str, Floats]
    hits: dict[str, Floats]

    def rows(self, group: int) -> int:
        return int(self.size[0, group, 0])

    def selection_rates(self, model: str, group: int) -> tuple[Floats, Floats]:
        """Share of yes in the group, and among all other groups: two ``[S, D]``."""
        return _rates(self.yes[model], self.size_known if model == "label" else self.size, group)

    def true_positive_rates(self, model: str, group: int) -> tuple[Floats, Floats]:
        """The same among the rows whose outcome is yes."""
        return _rates(self.hits[model], self.yes["label"], group)

    def comparable(self, group: int, least: float, *, of: Floats) -> Bools:
        """``[D]`` whether both sides hold at least ``least`` of the rows counted in ``of``."""
        own, rest = _sides(of, group)
        return np.asarray(np.minimum(own[0], rest[0]) >= least)

    def mean_divergence(self, group: int) -> Floats:
        """Mean divergence in the group, ``[S]``."""
        return np.asarray(self.divergence[:, group, 0] / self.size[:, group, 0], dtype=np.float64)

    def divergence_ratio(self, group: int) -> Floats:
        """Mean divergence in the group over the mean of all rows with a known group, ``[S]``."""
        overall = self.divergence[:, :, 0].sum(axis=1) / self.size[:, :, 0].sum(axis=1)
        out: Floats = np.ones_like(overall)
        np.divide(self.mean_divergence(group), overall, out=out, where=overall > 0)
        return out


def _sides(counts: Floats, group: int) -> tuple[Floats, Floats]:
    own = counts[:, group]
    return own, counts.sum(axis=1) - own


def _rates(yes: Floats, of: Floats, group: int) -> tuple[Floats, Floats]:
    """Half a yes in one row is added, so that a replicate without any stays finite."""
    (own, rest), (own_of, rest_of) = _sides(yes, group), _sides(of, group)
    return (own + 0.5) / (own_of + 1.0), (rest + 0.5) / (rest_of + 1.0)


def count_groups(
    resampler: Resampler,
    groups: NDArray[np.str_],
    decisions: dict[str, Bools],
    outcomes: Bools,
    known: Bools,
    divergence: Floats,
) -> GroupCounts:
    """Count in the sample and in every replicate.

    Args:
        resampler: The test rows' bootstrap.
        groups: ``[n]`` group of each row, "" unknown.
        decisions: model -> ``[n, D]``.
        outcomes: ``[n, D]`` what a perfect model would decide; False where the label is not known.
        known: ``[n]`` whether the label is known.
        divergence: ``[n]`` per-row divergence of the student from the teacher.
    """
    names = [name for name in np.unique(groups).tolist() if name]
    code = np.searchsorted(names, groups) if names else np.zeros(len(groups), dtype=np.int64)
    code = np.where(groups == "", -1, code)
    everyone = np.ones((len(groups), 1), dtype=np.bool_)
    blocks = {
        "size": _cells(code, len(names), everyone),
        "size_known": _cells(code, len(names), known[:, None]),
        "divergence": _cells(code, len(names), everyone).multiply(divergence[:, None]),
        "yes/label": _cells(code, len(names), outcomes),
    }
    for model, said in decisions.items():
        blocks[f"yes/{model}"] = _cells(code, len(names), said)
        blocks[f"hits/{model}"] = _cells(code, len(names), said & outcomes)
    counted = _run(resampler, blocks, len(names))
    return GroupCounts(
        names=names,
        size=counted["size"],
        size_known=counted["size_known"],
        divergence=counted["divergence"],
        yes={key.removeprefix("yes/"): value for key, value in counted.items() if key.startswith("yes/")},
        hits={key.removeprefix("hits/"): value for key, value in counted.items() if key.startswith("hits/")},
    )


def _cells(code: NDArray[np.int64], groups: int, mask: Bools) -> csc_matrix:
    """``[n, G * D]`` indicator of a row's group and of the decisions that are True for it."""
    row, decision = np.nonzero(mask & (code >= 0)[:, None])
    column = code[row] * mask.shape[1] + decision
    return csc_matrix((np.ones(len(row)), (row, column)), shape=(len(code), groups * mask.shape[1]))


def _run(resampler: Resampler, blocks: dict[str, csc_matrix], groups: int) -> dict[str, Floats]:
    """``[S, G, D]`` weighted column sums of every block."""
    # One row has one group and few decisions, so the product costs a few entries a row and not G * D.
    transposed = hstack(list(blocks.values()), format="csc").T.tocsr()
    functional: Functional = lambda weights: np.asarray((transposed @ weights.T).T)  # noqa: E731
    result = resampler.run({"counts": functional})["counts"]
    stacked = np.concatenate([result.value[None], result.samples])
    edges = np.cumsum([block.shape[1] for block in blocks.values()])[:-1]
    parts = np.split(stacked, edges, axis=1)
    return {
        name: part.reshape(len(part), groups, -1) if groups else np.zeros((len(part), 0, 1))
        for name, part in zip(blocks, parts, strict=True)
    }
