"""One generated bank for all tests here: 3,000 customers, seed 11."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from teacher.datasets.finsynth import FinsynthConfig, generate
from teacher.datasets.finsynth.simulate import Partition, simulate
from teacher.datasets.finsynth.streams import Streams
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
def sql(bank: dict[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the bank as a view."""
    with duckdb.connect() as connection:
        for name, path in bank.items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}/*.parquet')")
        yield connection
