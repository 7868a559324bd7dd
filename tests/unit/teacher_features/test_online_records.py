"""Offline training rows and online records are the same numbers: one definition, one fit."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from own_bank import write_own_bank
from typer.testing import CliRunner

from teacher.datasets import Dataset, LoadedSpec, load_spec, open_dataset, prepare
from teacher.datasets.online import online_records
from understudy.cli.app import app
from understudy.contracts.api import CustomerRecord
from understudy.contracts.features import encode
from understudy.errors import UserError
from understudy.progress import Silent
from understudy.records.check import RecordReader

TEST, LATER = dt.date(2024, 7, 1), dt.date(2024, 8, 1)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_own_bank(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def loaded(spec: Path) -> LoadedSpec:
    return load_spec(str(spec))


@pytest.fixture(scope="module")
def dataset(loaded: LoadedSpec, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("run") / "data"
    prepare(loaded, out, data_dir=None, seed=7, customers=None, progress=Silent())
    return open_dataset(out)


def records(loaded: LoadedSpec, dataset: Dataset, as_of: dt.date, kept: Path) -> dict[str, CustomerRecord]:
    found = online_records(
        loaded,
        dataset.schema,
        dataset.fits,
        kept,
        as_of=as_of,
        data_dir=None,
        seed=7,
        customers=None,
        progress=Silent(),
    )
    return {record.customer_id: record for record in found}


def test_online_equals_offline_value_by_value(loaded: LoadedSpec, dataset: Dataset, tmp_path: Path) -> None:
    online = records(loaded, dataset, TEST, tmp_path)
    test = dataset.rows("test")
    for position, offline in zip(test, dataset.records(test), strict=True):
        record = online[offline.customer_id]
        assert record == offline
        np.testing.assert_array_equal(encode(dataset.schema, record.features)[0], dataset.features[position])
    values = [value for position in test for value in dataset.features[position]]
    assert np.isnan(values).any()
    assert len(online) == 500


def test_an_unseen_category_is_told_and_encoded_as_missing(
    loaded: LoadedSpec, dataset: Dataset, tmp_path: Path
) -> None:
    city = next(feature for feature in dataset.schema.features if feature.name == "city")
    online = records(loaded, dataset, TEST, tmp_path)
    unseen = [r for r in online.values() if str(r.features["city"]).startswith("village") and
              r.features["city"] not in (city.categories or [])]  # fmt: skip
    assert unseen
    for record in unseen:
        vector, unreadable = encode(dataset.schema, record.features)
        assert "city" in unreadable
        assert np.isnan(vector[dataset.schema.names.index("city")])


def test_a_later_date_sees_later_events(loaded: LoadedSpec, dataset: Dataset, tmp_path: Path) -> None:
    before, after = (records(loaded, dataset, day, tmp_path) for day in (TEST, LATER))
    assert {record.as_of for record in after.values()} == {"2024-08-01"}
    moved = [key for key in before if before[key].features["buys_3m"] != after[key].features["buys_3m"]]
    assert len(moved) > 200
    fitted = "balance_mean_6_in_cohort"
    assert any(before[key].features[fitted] != after[key].features[fitted] for key in before)


def test_the_command_writes_what_the_store_loads(spec: Path, dataset: Dataset, tmp_path: Path) -> None:
    to = tmp_path / "records.parquet"
    arguments = ["--dataset", str(spec), "--run", str(tmp_path / "run"), "--to", str(to), "--as-of", "2024-08-01"]
    said = CliRunner().invoke(app, ["features", "build", *arguments], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    table = pq.read_table(to)
    reader = RecordReader(dataset.schema, set(table.column_names), dt.date(2024, 8, 2))
    read = [reader.read(row) for row in table.to_pylist()]
    assert len(read) == 500
    assert json.loads(table["profile"][0].as_py())["owned"] in ([], ["card"])


def test_no_date_is_no_date(spec: Path, tmp_path: Path) -> None:
    arguments = ["--dataset", str(spec), "--run", str(tmp_path), "--to", str(tmp_path / "x"), "--as-of", "soon"]
    with pytest.raises(UserError, match="'soon' is not an ISO date"):
        CliRunner().invoke(app, ["features", "build", *arguments], catch_exceptions=False)


def test_stored_columns_cannot_be_brought_up_to_date(tmp_path: Path) -> None:
    path = write_own_bank(tmp_path)
    text = path.read_text().replace('name = "person"', 'name = "person"\nnumeric = ["closed"]').replace(
        'label = "closed = 1"', 'label = "cutoff = \'x\'"'
    )  # fmt: skip
    path.write_text(text)
    with pytest.raises(UserError, match="person: columns of the base table"):
        next(
            online_records(
                load_spec(str(path)), None, None, tmp_path, as_of=TEST, data_dir=None, seed=7, customers=None,
                progress=Silent(),
            )  # type: ignore[arg-type]
        )  # fmt: skip


def test_the_fits_name_the_training_rows(dataset: Dataset) -> None:
    assert [fit.kind for fit in dataset.fits.fits] == ["cohort"]
    assert dataset.fits.fits[0].rows == len(dataset.rows("train"))
    schema = json.loads((dataset.folder / "schema.json").read_bytes())
    assert dataset.fits.fits[0].row_ids_sha256 == schema["fit"]["row_ids_sha256"]
