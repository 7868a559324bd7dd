"""Neither the order of the file nor the order of the ids may tell the split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from teacher.leakage.findings import Check, Evidence, check_of

__all__ = ["BOUND", "check_order", "id_order"]

# -log10 of the p-value; about 40 tests are made, so one honest split in 10^6 is refused.
BOUND = 8.0
_BLOCKS = 20
_CYCLES = range(2, 13)


def check_order(orders: dict[str, NDArray[np.float64]], split: NDArray[np.int8], units: NDArray[np.int64]) -> Check:
    """Test whether the split depends on where a unit stands in each of ``orders`` (name -> sortable ``[rows]``).

    Units, not rows, are counted (rows of a household share their split by design), each at its first row. Tests:
    independence of the split from the block (20 equal parts: "the last fifth is the test set"), from the place modulo
    2 to 12 ("every fifth row"), and from the split of the unit before it.
    """
    evidence: list[Evidence] = []
    for name, order in orders.items():
        labels = _in_order(order, split, units)
        places = np.arange(len(labels))
        if len(labels) < 10 * _BLOCKS:
            continue
        evidence.append(_independence(name, "blocks", places * _BLOCKS // len(labels), labels))
        evidence += [_independence(name, f"every {cycle}", places % cycle, labels) for cycle in _CYCLES]
        evidence.append(_independence(name, "neighbours", labels[:-1], labels[1:]))
    return check_of(
        "order",
        "Does the order of the file or of the ids tell the split?",
        "Split by a hash of the key: remove what ties the split to the order, or choose another split.key.",
        evidence,
        note="" if evidence else "too few units to tell",
    )


def id_order(ids: NDArray[np.str_]) -> NDArray[np.float64]:
    """Rank of each id: as numbers if all are numbers, else as text."""
    try:
        values: NDArray[np.float64] = ids.astype(np.float64)
        if np.isfinite(values).all():
            return values
    except ValueError:
        pass
    return np.unique(ids, return_inverse=True)[1].astype(np.float64)


def _in_order(order: NDArray[np.float64], split: NDArray[np.int8], units: NDArray[np.int64]) -> NDArray[np.int64]:
    by_order = np.argsort(order, kind="stable")
    _, first = np.unique(units[by_order], return_index=True)
    return split[by_order][np.sort(first)].astype(np.int64)


def _independence(name: str, test: str, part: NDArray[np.int64], labels: NDArray[np.int64]) -> Evidence:
    table = np.zeros((int(part.max()) + 1, 3))
    np.add.at(table, (part, labels), 1.0)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    p = float(chi2_contingency(table, correction=False).pvalue) if min(table.shape) > 1 else 1.0
    return Evidence("-log10 p", -np.log10(max(p, 1e-300)), BOUND, [name], detail=test)
