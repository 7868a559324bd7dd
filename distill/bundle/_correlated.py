"""Which facts of a glossary move together, so that only one of them is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.reasons import FactDef, Glossary

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["correlated_facts", "with_correlations"]

# |rho| from which two facts are one to a listener: they share four fifths of their variance.
TOGETHER = 0.9
SAMPLE = 5_000
LEAST_ROWS = 50


def with_correlations(dataset: Dataset) -> Glossary:
    """The dataset's glossary with its sets of correlated facts filled in."""
    return dataset.glossary.model_copy(update={"correlated": correlated_facts(dataset)})


def correlated_facts(dataset: Dataset) -> list[list[str]]:
    """Sets of at least two facts, each pair of which has ``|rho| >= 0.9`` on training rows.

    ``rho`` is Spearman's rank correlation of the features that the facts' values (else their support) are read from,
    over the rows where both are there; a category has no rank and is left out. Sets are built fact by fact, in order of
    keys: a fact joins the first set with all of whose members it is correlated (complete linkage), so that chains of
    weaker relations do not become one fact. Facts read from the same feature belong together whatever their support.
    """
    facts = sorted(_ranked(dataset), key=lambda fact: fact.key)
    if not facts:
        return []
    rows = dataset.rows("train")
    rows = rows[np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)]
    position = {name: index for index, name in enumerate(dataset.schema.names)}
    values = dataset.features[rows][:, [position[_main(fact)] for fact in facts]]
    rho = _spearman(values)
    sets: list[list[int]] = []
    for fact in range(len(facts)):
        home = next((s for s in sets if all(abs(rho[fact, other]) >= TOGETHER for other in s)), None)
        if home is None:
            sets.append([fact])
        else:
            home.append(fact)
    return [[facts[index].key for index in found] for found in sets if len(found) > 1]


def _main(fact: FactDef) -> str:
    return fact.value_feature or fact.features[0]


def _ranked(dataset: Dataset) -> list[FactDef]:
    numeric = {feature.name for feature in dataset.schema.features if feature.kind == "numeric"}
    never = {*dataset.glossary.protected, *dataset.glossary.proxies}
    return [
        fact
        for fact in dataset.glossary.facts
        if not fact.sensitive and never.isdisjoint(fact.features) and _main(fact) in numeric
    ]


def _spearman(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[facts, facts]`` of ``values`` ``[rows, facts]`` with NaN; 0 where few rows hold both, or one is constant."""
    count = values.shape[1]
    rho = np.eye(count)
    for one in range(count):
        for two in range(one):
            both = values[~np.isnan(values[:, [one, two]]).any(axis=1)][:, [one, two]]
            if len(both) < LEAST_ROWS:
                continue
            ranks = np.column_stack([_midranks(both[:, 0]), _midranks(both[:, 1])])
            ranks -= ranks.mean(axis=0)
            norm = np.sqrt((ranks[:, 0] ** 2).sum() * (ranks[:, 1] ** 2).sum())
            rho[one, two] = rho[two, one] = (ranks[:, 0] @ ranks[:, 1]) / norm if norm > 0 else 0.0
    return rho


def _midranks(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0, ties at their mean."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return ((2 * ends - counts - 1) / 2)[inverse]
