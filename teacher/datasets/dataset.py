"""What every later stage reads: one prepared dataset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.catalog import Catalog
from understudy.contracts.features import FeatureSchema
from understudy.contracts.fitted_recipes import FeatureFits
from understudy.contracts.reasons import Glossary
from understudy.contracts.spec import DatasetSpec, TaskSpec
from understudy.errors import UserError

__all__ = ["FEATURE", "FITS", "LABEL", "PROTECTED", "TABLE", "TRUTH", "WEIGHT", "Dataset", "Sequences", "finite"]

TABLE, FITS = "table.parquet", "feature_fits.json"
FEATURE, LABEL, PROTECTED, TRUTH, WEIGHT = "feature:", "label:", "protected:", "truth:", "weight:"
_RECORDS_AT_ONCE = 4096


@dataclass(frozen=True)
class Sequences:
    """``values`` ``[rows, length, channels]``, oldest step first, left-padded with 0; ``mask`` ``[rows, length]`` is
    True where a step is real."""

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class Dataset:
    """A prepared dataset. Arrays are aligned: position ``i`` is one row everywhere.

    Attributes:
        fingerprint: sha256 over the source bytes, the spec, the seed and the sample.
        row_ids: ``[rows]`` unique and stable: the row's place in the base table.
        customer_ids: ``[rows]`` the key.
        units: ``[rows]`` number of the split unit: rows of one unit (a household, copies of one row) are never parted,
            by the split or by anything that splits again.
        split: ``[rows]`` 0 train, 1 valid, 2 test.
        schema: fitted on training rows only.
        features: ``[rows, F]`` what ``understudy.contracts.features.encode`` gives for the row's record.
        labels: task -> ``[rows]``; NaN is masked, a multiclass label is the class index.
        protected: attribute -> ``[rows]`` group name, "" unknown.
        sequences: name -> steps before the row's cutoff.
        distributions: name -> ``[rows, bins]``, each row sums to 1.
        truth: task -> true probability or mean, ``[rows]`` or ``[rows, K]``; generated data only.
        folder: where the dataset was prepared; ``records`` reads from it.
        fits: what the features that need a fit learned from the training rows.
        row_weights: task -> ``[rows]`` weight of each row when that task is learned; a task that is absent weighs all
            rows alike.
    """

    spec: DatasetSpec
    catalog: Catalog
    glossary: Glossary
    fingerprint: str
    seed: int
    row_ids: NDArray[np.int64]
    customer_ids: NDArray[np.str_]
    units: NDArray[np.int64]
    split: NDArray[np.int8]
    schema: FeatureSchema
    features: NDArray[np.float64]
    labels: dict[str, NDArray[np.float64]]
    protected: dict[str, NDArray[np.str_]]
    sequences: dict[str, Sequences]
    distributions: dict[str, NDArray[np.float32]]
    truth: dict[str, NDArray[np.float64]]
    folder: Path
    fits: FeatureFits = field(default_factory=FeatureFits)
    row_weights: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def rows(self, split: Literal["train", "valid", "test"]) -> NDArray[np.int64]:
        """Positions of the rows of ``split``, ascending."""
        return np.flatnonzero(self.split == ("train", "valid", "test").index(split)).astype(np.int64)

    def task(self, name: str) -> TaskSpec:
        """The task called ``name``.

        Raises:
            UserError: there is none.
        """
        for task in self.spec.tasks:
            if task.name == name:
                return task
        names = ", ".join(task.name for task in self.spec.tasks)
        raise UserError(f"no task is called {name!r}", where=self.spec.name, fix=f"Its tasks are {names}.")

    def records(self, positions: ArrayLike) -> Iterator[CustomerRecord]:
        """Yield the online record of each row, in the order of ``positions``; reads a few thousand rows at a time."""
        wanted = np.asarray(positions, dtype=np.int64)
        columns = [FEATURE + name for name in self.schema.names]
        table = pq.read_table(self.folder / TABLE, columns=["customer_id", "as_of", "profile", *columns])
        for start in range(0, len(wanted), _RECORDS_AT_ONCE):
            for row in table.take(wanted[start : start + _RECORDS_AT_ONCE]).to_pylist():
                yield CustomerRecord(
                    customer_id=row["customer_id"],
                    schema_version=self.schema.version,
                    as_of=row["as_of"],
                    features={name: finite(row[FEATURE + name]) for name in self.schema.names},
                    profile=CustomerProfile.model_validate_json(row["profile"]),
                )


def finite(value: float | str | None) -> float | str | None:
    """The value as a record holds it: NaN and infinities are unknown."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
