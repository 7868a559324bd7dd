"""A prepared dataset: what the files hold, what the arrays say, and that equal inputs give equal bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from teacher.datasets import open_dataset
from teacher.datasets.sources import source_digests
from understudy.contracts.features import encode
from understudy.errors import UserError

Bank = Any


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_equal_inputs_give_equal_bytes(bank: Bank) -> None:
    first = bank.prepare(out=bank.folder / "one")
    again = bank.prepare(out=bank.folder / "two")
    other = bank.prepare(out=bank.folder / "three", seed=1)
    assert digests(bank.folder / "one") == digests(bank.folder / "two")
    assert first == again
    assert first["fingerprint"] != other["fingerprint"]
    assert set(digests(bank.folder / "one")) == {
        "table.parquet",
        "schema.json",
        "splits.json",
        "leakage.json",
        "feature_fits.json",
        "profile.json",
        "profile.html",
        "dataset.json",
    }


def test_fingerprint_follows_data_spec_seed_and_sample(bank: Bank) -> None:
    seen = {bank.prepare()["fingerprint"], bank.prepare(customers=300)["fingerprint"]}
    bank.spec["title"] = "Another title"
    seen.add(bank.prepare()["fingerprint"])
    bank.set(0, "balance", "1.25")
    seen.add(bank.prepare()["fingerprint"])
    assert len(seen) == 4


def test_arrays_say_what_the_file_says(bank: Bank) -> None:
    dataset = bank.dataset()
    assert len(dataset.row_ids) == 400
    assert sorted(np.concatenate([dataset.rows(part) for part in ("train", "valid", "test")]).tolist()) == list(
        range(400)
    )
    for position in (0, 17, 399):
        row = dict(zip(bank.header, bank.rows[int(dataset.row_ids[position])], strict=True))
        assert dataset.customer_ids[position] == row["id"]
        assert dataset.labels["churn"][position] == float(row["churned"])
        assert dataset.task("next").classes[int(dataset.labels["next"][position])] == row["next"]
        spend = dataset.labels["spend"][position]
        assert np.isnan(spend) if row["visits"] == "0" else spend == float(row["spend"])
        assert dataset.protected["sex"][position] == row["sex"].lower()
    with pytest.raises(UserError, match="no task is called 'gone'"):
        dataset.task("gone")


def test_row_weights_are_kept_for_the_tasks_that_have_them(bank: Bank) -> None:
    assert bank.dataset().row_weights == {}
    bank.spec["tasks"][0]["row_weight"] = "CASE WHEN visits = 0 THEN 0 ELSE 1.5 END"
    dataset = bank.dataset()
    assert set(dataset.row_weights) == {"churn"}
    known = np.isfinite(dataset.labels["spend"])
    np.testing.assert_array_equal(dataset.row_weights["churn"], np.where(known, 1.5, 0.0))


def test_features_are_what_the_function_would_encode(bank: Bank) -> None:
    dataset = bank.dataset()
    positions = np.array([5, 0, 399, 5])
    records = list(dataset.records(positions))
    assert [record.customer_id for record in records] == dataset.customer_ids[positions].tolist()
    for position, record in zip(range(400), dataset.records(np.arange(400)), strict=True):
        vector, _ = encode(dataset.schema, record.features)
        np.testing.assert_array_equal(vector, dataset.features[position])
        assert record.schema_version == dataset.schema.version
        assert record.as_of == "unknown"


def test_profiles_carry_what_suitability_needs(bank: Bank) -> None:
    bank.spec["as_of"] = "2024-05-31"
    dataset = bank.dataset()
    record = next(dataset.records([3]))
    row = dict(zip(bank.header, bank.rows[int(dataset.row_ids[3])], strict=True))
    assert record.as_of == "2024-05-31"
    assert record.profile.age == (float(row["age"]) if row["age"] else None)
    assert record.profile.income_krw == float(row["balance"]) * 10
    assert record.profile.risk_tolerance == 1
    assert record.profile.owned == (["card"] if int(row["visits"]) > 8 else [])


def test_schema_is_fitted_on_training_rows_and_says_so(bank: Bank) -> None:
    dataset = bank.dataset()
    stored = json.loads((bank.out / "schema.json").read_text())
    assert stored["fit"]["rows"] == len(dataset.rows("train"))
    assert stored["fit"]["split"] == "train"
    region = dataset.schema.features[1]
    assert region.categories == sorted(region.categories or [])


def test_a_leak_is_refused_and_its_evidence_stays(bank: Bank) -> None:
    bank.add_column("closed", lambda row: bank.rows[row][bank.column("churned")])
    bank.spec["groups"][1]["numeric"].append("closed")
    with pytest.raises(UserError, match=r"\[single_feature\] closed tells task 'churn'") as error:
        bank.prepare()
    assert error.value.exit_code == 4
    report = bank.folder / "out.leakage.json"
    assert sorted(path.name for path in bank.folder.iterdir()) == ["out.leakage.json", "people.csv"]
    checks = {check["name"]: check for check in json.loads(report.read_text())["checks"]}
    assert checks["single_feature"]["status"] == "fail"
    assert checks["single_feature"]["failures"][0]["columns"] == ["closed"]
    assert "Take the column out" in checks["single_feature"]["way_out"]
    bank.spec["groups"][1]["numeric"].remove("closed")
    bank.spec["ignore"].append("closed")
    bank.prepare()
    assert not report.exists()


def test_duplicates_stay_together_when_asked(bank: Bank) -> None:
    for row in range(0, 400, 2):
        for name in ("age", "region", "balance", "visits"):
            bank.set(row + 1, name, bank.rows[row][bank.column(name)])
    bank.spec["split"] = {"keep_duplicates_together": True}
    dataset = bank.dataset()
    by_row = dict(zip(dataset.row_ids.tolist(), dataset.split.tolist(), strict=True))
    assert all(by_row[row] == by_row[row + 1] for row in range(0, 400, 2))


def test_row_numbers_may_be_the_key(bank: Bank) -> None:
    bank.spec["key"] = "@row"
    bank.spec["ignore"].append("id")
    for row in range(0, 400, 2):
        bank.set(row, "id", "same")
    dataset = bank.dataset()
    assert sorted(map(int, dataset.customer_ids)) == list(range(1, 401))


def test_numbers_with_leading_zeros_are_codes(bank: Bank) -> None:
    for row in range(400):
        bank.set(row, "id", f"{row:06d}")
    dataset = bank.dataset()
    assert dataset.customer_ids[0] == "000000"


def test_opening_a_broken_folder_is_refused(bank: Bank) -> None:
    bank.prepare()
    (bank.out / "dataset.json").write_text("{")
    with pytest.raises(UserError, match="no whole dataset"):
        open_dataset(bank.out)
    with pytest.raises(UserError, match="no whole dataset"):
        open_dataset(bank.folder / "nowhere")


def test_profile_tells_rates_missing_values_and_groups(bank: Bank) -> None:
    dataset = bank.dataset()
    profile = json.loads((bank.out / "profile.json").read_text())
    train = dataset.rows("train")
    assert profile["rows"]["train"] == len(train)
    assert profile["features"]["age"]["missing"]["train"] == round(
        float(np.isnan(dataset.features[train, 0]).mean()), 6
    )
    assert profile["tasks"]["churn"]["rates"]["train"]["1"] == round(float(dataset.labels["churn"][train].mean()), 6)
    assert sum(profile["protected"]["sex"]["f"].values()) == int((dataset.protected["sex"] == "f").sum())
    assert 0 <= profile["features"]["age"]["drift"]["test"]["psi"] < 1


def test_source_digests_are_those_of_the_files(bank: Bank) -> None:
    with pytest.raises(UserError, match="file not found"):
        source_digests(bank.loaded(), None)
    summary = bank.prepare()
    assert (
        source_digests(bank.loaded(), None)
        == summary["sources"]
        == {"people": hashlib.sha256(bank.file.read_bytes()).hexdigest()}
    )
