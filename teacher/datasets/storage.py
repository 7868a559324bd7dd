"""Write a prepared dataset to a folder, and open it again. Equal inputs give equal bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from teacher.datasets.base_table import floats
from teacher.datasets.dataset import FEATURE, FITS, LABEL, PROTECTED, TABLE, TRUTH, WEIGHT, Dataset, Sequences
from teacher.datasets.disjoint import refuse_other_splits, split_record
from teacher.datasets.specs import LoadedSpec
from teacher.features import FittedSchema, RawFeatures, encode_rows
from understudy.atomic import write_json
from understudy.contracts._model import read_json, validated
from understudy.contracts.catalog import Catalog
from understudy.contracts.features import FeatureSchema
from understudy.contracts.fitted_recipes import FeatureFits
from understudy.contracts.reasons import Glossary
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = ["PreparedRows", "open_dataset", "write_dataset"]


@dataclass(frozen=True)
class PreparedRows:
    """All that is stored about the rows that are kept, aligned."""

    row_ids: NDArray[np.int64]
    customer_ids: list[str]
    units: NDArray[np.int64]
    as_of: list[str]
    split: NDArray[np.int8]
    raw: RawFeatures
    labels: dict[str, NDArray[np.float64]]
    row_weights: dict[str, NDArray[np.float64]]
    truth: dict[str, NDArray[np.float64]]
    protected: dict[str, NDArray[np.str_]]
    profiles: list[str]
    sequences: dict[str, Sequences]
    distributions: dict[str, NDArray[np.float32]]


def write_dataset(
    folder: Path,
    loaded: LoadedSpec,
    fitted: FittedSchema,
    fits: FeatureFits,
    rows: PreparedRows,
    facts: dict[str, Any],
) -> None:
    """Write the table, the sequences, the schema and ``dataset.json`` (``facts`` and the contracts behind them)."""
    pq.write_table(_table(rows), folder / TABLE, compression="zstd")
    for kind, arrays in (("sequences", _sequence_arrays(rows)), ("distributions", rows.distributions)):
        (folder / kind).mkdir()
        for name, array in arrays.items():
            np.save(folder / kind / f"{name}.npy", array, allow_pickle=False)
    write_json(folder / "splits.json", split_record(rows.row_ids, rows.split))
    fit = {"split": "train", "rows": fitted.rows, "row_ids_sha256": fitted.row_ids_sha256}
    write_json(folder / "schema.json", {"schema": fitted.schema.model_dump(mode="json"), "fit": fit})
    write_json(folder / FITS, fits.model_dump(mode="json"))
    contracts = {
        "spec": loaded.spec.model_dump(mode="json"),
        "catalog": loaded.catalog.model_dump(mode="json"),
        "glossary": loaded.glossary.model_dump(mode="json"),
    }
    write_json(folder / "dataset.json", {**facts, **contracts})


def _sequence_arrays(rows: PreparedRows) -> dict[str, NDArray[Any]]:
    values = {f"{name}.values": sequence.values for name, sequence in rows.sequences.items()}
    return values | {f"{name}.mask": sequence.mask for name, sequence in rows.sequences.items()}


def _table(rows: PreparedRows) -> pa.Table:
    columns: dict[str, Any] = {
        "row_id": rows.row_ids,
        "customer_id": pa.array(rows.customer_ids, type=pa.string()),
        "as_of": pa.array(rows.as_of, type=pa.string()),
        "unit": rows.units,
        "split": rows.split,
    }
    columns |= {FEATURE + name: values for name, values in rows.raw.items()}
    columns |= {LABEL + name: values for name, values in rows.labels.items()}
    columns |= {WEIGHT + name: values for name, values in rows.row_weights.items()}
    columns |= {
        PROTECTED + name: pa.array(values.tolist(), type=pa.string()) for name, values in rows.protected.items()
    }
    for name, values in rows.truth.items():
        wide = values if values.ndim == 2 else values[:, None]
        columns |= {f"{TRUTH}{name}:{index}": wide[:, index] for index in range(wide.shape[1])}
    columns["profile"] = pa.array(rows.profiles, type=pa.string())
    return pa.table(columns)


def open_dataset(out: Path) -> Dataset:
    """Open what ``prepare`` wrote. Sequences are memory-mapped.

    Raises:
        UserError: the folder holds no whole dataset.
    """
    import json

    try:
        facts = json.loads((out / "dataset.json").read_bytes())
        splits = json.loads((out / "splits.json").read_bytes())
        schema_file = json.loads((out / "schema.json").read_bytes())
        table = pq.read_table(out / TABLE)
    except (FileNotFoundError, json.JSONDecodeError, pa.ArrowInvalid) as error:
        raise UserError(f"no whole dataset: {error}", where=str(out), fix="Prepare the dataset again.") from None
    refuse_other_splits(splits, table["row_id"].to_numpy(), table["split"].to_numpy(), str(out / TABLE))
    spec = validated(DatasetSpec, facts["spec"], str(out / "dataset.json"))
    schema = validated(FeatureSchema, schema_file["schema"], str(out / "schema.json"))
    return Dataset(
        spec=spec,
        catalog=validated(Catalog, facts["catalog"], str(out / "dataset.json")),
        glossary=validated(Glossary, facts["glossary"], str(out / "dataset.json")),
        fingerprint=facts["fingerprint"],
        seed=facts["seed"],
        row_ids=table["row_id"].to_numpy(),
        customer_ids=_strings(table, "customer_id"),
        units=table["unit"].to_numpy(),
        split=table["split"].to_numpy(),
        schema=schema,
        features=encode_rows(schema, _raw(table, schema)),
        labels={task.name: floats(_column(table, LABEL + task.name)) for task in spec.tasks},
        row_weights={t.name: floats(_column(table, WEIGHT + t.name)) for t in spec.tasks if t.row_weight is not None},
        protected={name: _strings(table, PROTECTED + name) for name in spec.protected},
        sequences={sequence.name: _open_sequence(out, sequence.name) for sequence in spec.sequences},
        distributions={
            d.name: np.load(out / "distributions" / f"{d.name}.npy", allow_pickle=False) for d in spec.distributions
        },
        truth=_truth(table, spec),
        folder=out,
        fits=read_json(FeatureFits, out / FITS),
    )


def _open_sequence(out: Path, name: str) -> Sequences:
    values = np.load(out / "sequences" / f"{name}.values.npy", mmap_mode="r", allow_pickle=False)
    mask = np.load(out / "sequences" / f"{name}.mask.npy", mmap_mode="r", allow_pickle=False)
    return Sequences(values=values, mask=mask)


def _column(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()


def _strings(table: pa.Table, name: str) -> NDArray[np.str_]:
    return np.asarray(table[name].to_pylist(), dtype=np.str_)


def _raw(table: pa.Table, schema: FeatureSchema) -> RawFeatures:
    return {
        feature.name: floats(_column(table, FEATURE + feature.name))
        if feature.kind == "numeric"
        else _column(table, FEATURE + feature.name)
        for feature in schema.features
    }


def _truth(table: pa.Table, spec: DatasetSpec) -> dict[str, NDArray[np.float64]]:
    truth: dict[str, NDArray[np.float64]] = {}
    for task in spec.tasks:
        if task.truth is not None:
            columns = [floats(_column(table, f"{TRUTH}{task.name}:{index}")) for index in range(task.width)]
            truth[task.name] = np.stack(columns, axis=1) if task.classes else columns[0]
    return truth
