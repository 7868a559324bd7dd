"""More training rows, which only the teacher labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from distill.soft_labels._soft import SoftLabels
from teacher.datasets.dataset import Dataset, Sequences
from understudy.stages import fingerprint

__all__ = ["augmented", "first_rows"]

SWAPPED = 0.15
"""Chance that a feature of an added row is drawn anew."""


def augmented(dataset: Dataset, share: float, seed: int) -> Dataset:
    """``dataset`` and, behind its rows, ``share`` times its training rows more, none of which has a label.

    An added row is a training row in which each feature was drawn anew, with chance ``SWAPPED``, from that feature's
    training values (resampled marginals; after MUNGE of Bucila, Caruana and Niculescu-Mizil, KDD 2006, without its
    nearest neighbours). It keeps the raw structure, the customer and the split unit of the row that it was made from:
    the teacher that labels it is the one that saw neither.
    """
    if share == 0:
        return dataset
    rng = np.random.default_rng(seed)
    train = dataset.rows("train")
    base = np.sort(rng.choice(train, size=round(share * len(train))))
    features = dataset.features[base]
    for column in range(features.shape[1]):
        anew = np.flatnonzero(rng.random(len(base)) < SWAPPED)
        features[anew, column] = dataset.features[rng.choice(train, size=len(anew)), column]
    every = np.concatenate([np.arange(len(dataset.row_ids)), base])
    added = np.arange(len(base), dtype=np.int64)
    return replace(
        dataset,
        fingerprint=fingerprint([dataset.fingerprint, share, seed]),
        row_ids=np.concatenate([dataset.row_ids, dataset.row_ids.max() + 1 + added]),
        customer_ids=dataset.customer_ids[every],
        units=dataset.units[every],
        split=dataset.split[every],
        features=np.concatenate([dataset.features, features]),
        labels={task: _unlabelled(values, len(base)) for task, values in dataset.labels.items()},
        protected={name: groups[every] for name, groups in dataset.protected.items()},
        sequences={n: Sequences(s.values[every], s.mask[every]) for n, s in dataset.sequences.items()},
        distributions={name: values[every] for name, values in dataset.distributions.items()},
        truth={},
        row_weights={task: weights[every] for task, weights in dataset.row_weights.items()},
    )


def first_rows(soft: SoftLabels, rows: int) -> SoftLabels:
    """The soft labels of the rows that are no addition."""
    return SoftLabels({task: values[:rows] for task, values in soft.probs.items()}, soft.fold[:rows], soft.gates)


def _unlabelled(labels: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.concatenate([labels, np.full(count, np.nan)])
