"""The online feature record of every customer at a later date, from the same recipes and fits that the models saw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from teacher.datasets.base_table import BASE, CUTOFF, KEY, ROW_ID, read_features
from teacher.datasets.computed import compute_and_join
from teacher.datasets.dataset import finite
from teacher.datasets.people import read_profiles
from teacher.datasets.recipe_columns import check_recipe_columns
from teacher.datasets.roles import base_source
from teacher.datasets.sources import Tables, open_sources
from teacher.datasets.specs import LoadedSpec
from teacher.datasets.sql import quote
from teacher.features import apply_fits
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.event_recipes import Attributes
from understudy.contracts.features import FeatureSchema
from understudy.contracts.fitted_recipes import FeatureFits
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["online_records"]


def online_records(
    loaded: LoadedSpec,
    schema: FeatureSchema,
    fits: FeatureFits,
    kept: Path,
    *,
    as_of: dt.date,
    data_dir: Path | None,
    seed: int,
    customers: int | None,
    progress: Progress,
) -> Iterator[CustomerRecord]:
    """Yield each customer's record as of ``as_of``, computed from the events strictly before it, in the order of keys.

    Features that need a fit use ``fits``, which were made on the training rows: nothing is fitted here.

    Args:
        schema: the features of the records, in order.
        kept: folder of parts and monthly aggregates, shared with ``prepare``: a new month reads its own events only.

    Raises:
        UserError: a feature group holds columns of the base table, which no event can bring up to date.
    """
    spec = loaded.spec
    _refuse_stored(spec)
    with open_sources(loaded, data_dir=data_dir, seed=seed, customers=customers, progress=progress) as tables:
        check_recipe_columns(loaded, tables)
        _make_base(spec, tables, as_of)
        compute_and_join(spec, tables, kept, progress, cutoffs=[as_of])
        columns = apply_fits(spec, read_features(spec, tables), fits)
        keys = tables.con.sql(f"SELECT {KEY} FROM {BASE} ORDER BY {ROW_ID}").to_arrow_table()[0].to_pylist()
        profiles = read_profiles(spec, tables)
    values = {name: _values(columns[name]) for name in schema.names}
    for row, key in enumerate(keys):
        yield CustomerRecord(
            customer_id=key,
            schema_version=schema.version,
            as_of=as_of.isoformat(),
            features={name: finite(column[row]) for name, column in values.items()},
            profile=CustomerProfile.model_validate_json(profiles[row]),
        )


def _refuse_stored(spec: DatasetSpec) -> None:
    stored = [group.name for group in spec.groups if group.numeric or group.categorical]
    if stored:
        what = f"{', '.join(stored)}: columns of the base table, not computed from events"
        raise UserError(what, where="groups", fix="Declare them under [[groups.compute]], or load the prepared rows.")


def _make_base(spec: DatasetSpec, tables: Tables, as_of: dt.date) -> None:
    """``@base`` without labels: a row per customer of the first attributes' table (else of the base) at ``as_of``."""
    people = next((r.source for _, _, r in spec.recipes() if isinstance(r, Attributes)), base_source(spec).name)
    source = next(s for s in spec.sources if s.name == people)
    key = quote(source.key or spec.key)
    tables.con.execute(
        f"CREATE TABLE {BASE} AS SELECT row_number() OVER (ORDER BY k) - 1 AS {ROW_ID}, CAST(k AS VARCHAR) AS {KEY}, "
        f"k AS {quote(spec.key)}, DATE '{as_of.isoformat()}' AS {CUTOFF} FROM (SELECT DISTINCT {key} AS k "
        f"FROM {quote(people)})"
    )


def _values(column: NDArray[np.float64] | pa.Array) -> list[float | str | None]:
    values: list[float | str | None] = column.tolist() if isinstance(column, np.ndarray) else column.to_pylist()
    return values
