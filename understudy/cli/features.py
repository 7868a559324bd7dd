"""Feature records from events: the definitions and fits that the models learned from, at another date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.errors import UserError

if TYPE_CHECKING:
    from distill.pipeline import Pipeline
    from understudy.contracts.api import CustomerRecord

__all__ = ["computes_features", "default_date", "feature_records", "parse_date", "write_records"]

_ROWS_AT_ONCE = 4096


def computes_features(pipeline: Pipeline) -> bool:
    """Whether every feature of the dataset is computed from events; otherwise the prepared rows are the records."""
    groups = pipeline.spec.spec.groups
    return not any(group.numeric or group.categorical for group in groups)


def default_date(pipeline: Pipeline) -> dt.date:
    """The newest cutoff that the gates have judged: the test snapshot's, or the date of the data.

    Raises:
        UserError: the spec has neither.
    """
    spec = pipeline.spec.spec
    text = spec.split.time.test if spec.split.time else spec.as_of
    if text is None:
        raise UserError("the spec has no date", where="--as-of", fix="Give one, as 2024-01-31.")
    return dt.date.fromisoformat(text)


def parse_date(text: str) -> dt.date:
    """An ISO date.

    Raises:
        UserError: it is none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not an ISO date", where="--as-of", fix="Write it as 2024-01-31.") from None


def feature_records(pipeline: Pipeline, as_of: dt.date, bundle: Path | None = None) -> Iterator[CustomerRecord]:
    """Every customer's record as of ``as_of``, from the events before it, for the students of ``bundle`` (default: for
    the pipeline's dataset).

    Raises:
        UserError: the dataset's features are not computed from events.
    """
    from teacher.datasets.online import online_records
    from understudy.bundle import load_bundle
    from understudy.contracts.fitted_recipes import FeatureFits

    if bundle is None:
        schema, fits = pipeline.dataset.schema, pipeline.dataset.fits
    else:
        opened = load_bundle(bundle)
        schema, fits = opened.manifest.features, FeatureFits.model_validate_json(opened.read("feature_fits.json"))
    return online_records(
        pipeline.spec,
        schema,
        fits,
        pipeline.root / "data.features",
        as_of=as_of,
        data_dir=pipeline.data_dir,
        seed=pipeline.config.seed,
        customers=pipeline.config.customers,
        progress=pipeline.progress,
    )


def write_records(pipeline: Pipeline, as_of: dt.date, path: Path) -> int:
    """Write the records to a Parquet file that ``understudy features load`` reads; returns how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = pipeline.dataset.schema.features
    kinds = {f"feature:{f.name}": pa.float64() if f.kind == "numeric" else pa.string() for f in features}
    schema = pa.schema({"customer_id": pa.string(), "as_of": pa.string(), "profile": pa.string(), **kinds})
    scratch = path.with_name(f".{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, count = [], 0
    with pq.ParquetWriter(scratch, schema, compression="zstd") as writer:
        for record in feature_records(pipeline, as_of):
            rows.append(_row(record))
            if len(rows) == _ROWS_AT_ONCE:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                count, rows = count + len(rows), []
        writer.write_table(pa.Table.from_pylist(rows, schema))
    scratch.replace(path)
    return count + len(rows)


def _row(record: CustomerRecord) -> dict[str, object]:
    named = {f"feature:{name}": value for name, value in record.features.items()}
    profile = record.profile.model_dump_json()
    return {"customer_id": record.customer_id, "as_of": record.as_of, "profile": profile, **named}
