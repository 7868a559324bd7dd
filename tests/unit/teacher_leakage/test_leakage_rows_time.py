"""Disjoint splits, fits on training rows, gaps and cutoffs: each check trips on a planted fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from teacher.features import encode_rows, fit_schema
from teacher.leakage.rows import check_disjoint, check_fits
from teacher.leakage.time import check_events, check_gap
from understudy.contracts.spec import DatasetSpec, TimeSplit

SPLIT = np.array([0, 0, 0, 1, 2, 2], dtype=np.int8)
IDS = np.arange(6)


def test_disjoint_splits_pass() -> None:
    assert check_disjoint({"row_id": IDS, "group": np.array([5, 5, 7, 1, 2, 2])}, SPLIT).status == "pass"


@pytest.mark.parametrize(
    "named",
    [
        {"row_id": np.array([0, 1, 2, 3, 4, 0])},
        {"row_id": np.array([0, 0, 2, 3, 4, 5])},
        {"row_id": IDS, "group": np.array([5, 5, 7, 7, 2, 2])},
    ],
    ids=["row in two splits", "row twice", "group in two splits"],
)
def test_shared_rows_and_groups_are_found(named: dict[str, np.ndarray]) -> None:  # type: ignore[type-arg]
    assert check_disjoint(named, SPLIT).status == "fail"


@pytest.fixture
def spec() -> DatasetSpec:
    return DatasetSpec.model_validate(
        {
            "schema_version": 1,
            "name": "toy",
            "title": "Toy",
            "sources": [{"name": "t", "path": "./t.csv"}],
            "base": "t",
            "key": "id",
            "groups": [{"name": "g", "categorical": ["city"]}],
            "tasks": [{"name": "y", "type": "binary", "label": "y"}],
            "catalog": "catalog.toml",
        }
    )


def test_fits_on_training_rows_pass_and_others_are_found(spec: DatasetSpec) -> None:
    raw = {"city": pa.array(["a", "b", None, "a", "only in test", "b"])}
    train = np.flatnonzero(SPLIT == 0)
    fitted = fit_schema(spec, raw, train, IDS)
    assert fitted.schema.features[0].categories == ["a", "b"]
    assert check_fits(fitted, encode_rows(fitted.schema, raw), IDS, SPLIT, {}).status == "pass"

    everything = fit_schema(spec, raw, IDS, IDS)
    check = check_fits(everything, encode_rows(everything.schema, raw), IDS, SPLIT, {})
    assert [evidence.measure for evidence in check.failures] == [
        "categories no training row holds",
        "fitted on other rows",
    ]
    check = check_fits(fitted, encode_rows(fitted.schema, raw), IDS, SPLIT, {"rank of city": everything})
    assert [evidence.columns for evidence in check.failures] == [["rank of city"]]
    lying = replace(everything, rows=fitted.rows, row_ids_sha256=fitted.row_ids_sha256)
    assert check_fits(lying, encode_rows(lying.schema, raw), IDS, SPLIT, {}).failures[0].columns == ["city"]


def time(gap: int, train: str = "2024-01-01", test: str = "2024-06-01") -> TimeSplit:
    # The contract refuses a short gap; the gate must not rely on that.
    return TimeSplit.model_construct(column="cutoff", train=train, test=test, label_gap_days=gap)


def test_gap_must_be_a_week_and_fit_between_the_cutoffs() -> None:
    assert check_gap(time(7)).status == "pass"
    assert check_gap(time(6)).status == "fail"
    assert check_gap(time(30, test="2024-01-15")).status == "fail"
    assert check_gap(None).status == "unknown"


def test_events_at_or_after_the_cutoff_are_found() -> None:
    cutoffs = np.array(["2024-01-01", "2024-01-01"], dtype="datetime64[us]")
    before = np.array(["2023-12-31T23:59:59", "NaT"], dtype="datetime64[us]")
    assert check_events({"s": before}, cutoffs).status == "pass"
    assert check_events({"s": np.array(["2024-01-01", "NaT"], dtype="datetime64[us]")}, cutoffs).status == "fail"
    assert check_events({}, cutoffs).status == "unknown"
    assert check_events({"s": before}, None).status == "unknown"
