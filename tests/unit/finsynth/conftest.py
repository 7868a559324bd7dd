"""One generated bank for all tests here: 3,000 customers, seed 11."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from teacher.datasets import load_spec
from teacher.datasets.finsynth import FinsynthConfig, generate
from teacher.datasets.finsynth.simulate import Partition, simulate
from teacher.datasets.finsynth.streams import Streams
from teacher.features import build_features
from understudy.progress import Silent

CUSTOMERS, SEED = 3_000, 11


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return generate(tmp_path_factory.mktemp("bank"), customers=CUSTOMERS, seed=SEED, progress=Silent())


@pytest.fixture(scope="session")
def base(bank: dict[str, Path]) -> pa.Table:
    return pq.read_table(bank["base"])


@pytest.fixture(scope="session")
def partition() -> Partition:
    return simulate(0, CUSTOMERS, Streams(SEED, 0), FinsynthConfig())


@pytest.fixture(scope="session")
def features(bank: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Every feature of the spec that needs no fit, at the first cutoff, in the order of the customers."""
    spec = load_spec("finsynth").spec
    sources = {source.name: bank[source.table] for source in spec.sources if source.table}
    out = tmp_path_factory.mktemp("features")
    built = build_features(spec, sources, out, cutoffs=[dt.date(2026, 2, 1)], progress=Silent())
    return pa.concat_tables(pq.read_table(file) for file in built.files).sort_by("@key")


@pytest.fixture(scope="session")
def plain(features: pa.Table) -> dict[str, np.ndarray]:
    """The plain ones ``[customers]``: numbers as they are, categories as codes."""
    found = {}
    for group, column, _ in load_spec("finsynth").spec.features():
        if group.tier == "plain" and column in features.column_names:
            values = features[column].combine_chunks()
            if pa.types.is_string(values.type) or pa.types.is_dictionary(values.type):
                values = values.cast(pa.string()).dictionary_encode().indices
            found[column] = values.to_numpy(zero_copy_only=False).astype(float)
    return found


@pytest.fixture(scope="session")
def sql(bank: dict[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the bank as a view."""
    with duckdb.connect() as connection:
        for name, path in bank.items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}/*.parquet')")
        yield connection
