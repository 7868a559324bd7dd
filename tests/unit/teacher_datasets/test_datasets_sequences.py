"""Sequences and distributions: order, padding, cutoffs, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from understudy.errors import UserError

Bank = Any
LENGTH = 4


def months(bank: Bank) -> dict[str, list[Any]]:
    """Customer i has i % 6 steps, one a month from January, written in no order; the amount is 100 i + month."""
    steps = [(row, month) for row in range(400) for month in range(1, row % 6 + 1)]
    np.random.default_rng(0).shuffle(steps)
    return {
        "who": [bank.rows[row][0] for row, _ in steps],
        "month": [dt.date(2024, month, 1) for _, month in steps],
        "amount": [100.0 * row + month for row, month in steps],
        "missing": [None for _ in steps],
    }


def store(bank: Bank, table: dict[str, list[Any]], *, channels: tuple[str, ...] = ("amount", "missing")) -> None:
    types = {"missing": pa.float64()}
    columns = {name: pa.array(values, type=types.get(name)) for name, values in table.items()}
    pq.write_table(pa.table(columns), bank.folder / "months.parquet")
    bank.spec["sources"] = [*bank.spec["sources"][:1], {"name": "m", "kind": "parquet", "path": "./months.parquet"}]
    bank.spec["sequences"] = [
        {"name": "s", "source": "m", "key": "who", "time": "month", "channels": list(channels), "length": LENGTH}
    ]


def test_steps_are_ordered_left_padded_and_masked(bank: Bank) -> None:
    store(bank, months(bank))
    dataset = bank.dataset()
    sequence = dataset.sequences["s"]
    assert sequence.values.shape == (400, LENGTH, 2)
    for position in range(400):
        row = int(dataset.row_ids[position])
        expected = [100 * row + month for month in range(1, row % 6 + 1)][-LENGTH:]
        padded = [0.0] * (LENGTH - len(expected)) + expected
        assert sequence.values[position, :, 0].tolist() == padded
        assert sequence.mask[position].tolist() == [False] * (LENGTH - len(expected)) + [True] * len(expected)
    assert not sequence.values[:, :, 1].any()


def test_only_steps_before_the_cutoff_are_read(bank: Bank) -> None:
    store(bank, months(bank))
    bank.add_column("cutoff", lambda row: "2024-03-01" if row < 400 else "2024-05-01")
    later = [[*row[:-1], "2024-05-01"] for row in bank.rows]
    bank.rows += later
    bank.spec["split"] = {
        "time": {"column": "cutoff", "train": "2024-03-01", "test": "2024-05-01", "label_gap_days": 7}
    }
    dataset = bank.dataset()
    for position, record in enumerate(dataset.records(np.arange(len(dataset.row_ids)))):
        row = int(dataset.customer_ids[position][1:])
        last = 2 if record.as_of == "2024-03-01" else 4
        expected = [100 * row + month for month in range(1, row % 6 + 1) if month <= last][-LENGTH:]
        real = dataset.sequences["s"].mask[position]
        assert dataset.sequences["s"].values[position, real, 0].tolist() == expected
    assert {r.as_of for r in dataset.records(dataset.rows("test"))} == {"2024-05-01"}
    checks = json.loads((bank.out / "leakage.json").read_text())["checks"]
    assert {c["name"]: c["status"] for c in checks if c["name"] in ("gap", "events")} == {
        "gap": "pass",
        "events": "pass",
    }


def test_two_steps_at_one_time_are_refused(bank: Bank) -> None:
    table = months(bank)
    for name in table:
        table[name].append(table[name][0])
    store(bank, table)
    with pytest.raises(UserError, match=r"sequence 's', source 'm': the key 'C\d+' has 2 steps at '2024-0\d-01'"):
        bank.prepare()


def test_channels_must_be_finite_numbers(bank: Bank) -> None:
    table = months(bank)
    table["amount"][3] = float("inf")
    store(bank, table)
    with pytest.raises(UserError, match="channel amount: an infinite value"):
        bank.prepare()
    store(bank, months(bank), channels=("who", "amount"))
    with pytest.raises(UserError, match="sequence 's': cannot be read: Conversion Error"):
        bank.prepare()


def test_a_cell_of_a_csv_channel_is_named(bank: Bank, tmp_path: Path) -> None:
    (tmp_path / "months.csv").write_text("who,month,amount\nC00001,1,2\nC00001,2,two\n")
    bank.spec["sources"].append({"name": "m", "path": "./months.csv"})
    bank.spec["sequences"] = [
        {"name": "s", "source": "m", "key": "who", "time": "month", "channels": ["amount"], "length": 2}
    ]
    with pytest.raises(UserError, match=r"months\.csv, row 3, column amount: 'two' is not a finite number"):
        bank.prepare()


def test_distributions_sum_to_one(bank: Bank) -> None:
    for name in ("food", "travel"):
        bank.add_column(name, lambda row: str(row % 3))
    bank.set(1, "food", "3")
    bank.spec["distributions"] = [{"name": "where", "columns": ["food", "travel"]}]
    dataset = bank.dataset()
    shares = dict(zip(dataset.row_ids.tolist(), dataset.distributions["where"].tolist(), strict=True))
    assert shares[0] == [0.5, 0.5]
    assert shares[1] == [0.75, 0.25]
    np.testing.assert_allclose(dataset.distributions["where"].sum(axis=1), 1.0, rtol=1e-6)
    bank.set(4, "travel", "-1")
    with pytest.raises(UserError, match="distribution 'where', column travel: a negative count"):
        bank.prepare()


def test_truth_columns_are_read_and_never_features(bank: Bank) -> None:
    bank.add_column("true_churn", lambda row: "0.25")
    for name in ("p_card", "p_loan", "p_none"):
        bank.add_column(name, lambda row, name=name: {"p_card": "0.5", "p_loan": "0.25", "p_none": "0.25"}[name])
    bank.spec["tasks"][0]["truth"] = ["true_churn"]
    bank.spec["tasks"][1]["truth"] = ["p_card", "p_loan", "p_none"]
    dataset = bank.dataset()
    assert dataset.truth["churn"].tolist() == [0.25] * 400
    assert dataset.truth["next"].shape == (400, 3)
    assert dataset.truth["next"][0].tolist() == [0.5, 0.25, 0.25]
    assert "true_churn" not in dataset.schema.names


def test_time_split_needs_its_cutoffs(bank: Bank) -> None:
    bank.add_column("cutoff", lambda row: "2024-03-01")
    bank.spec["split"] = {
        "time": {"column": "cutoff", "train": "2024-03-01", "test": "2024-05-01", "label_gap_days": 7}
    }
    with pytest.raises(UserError, match=r"split\.time\.test: no row has the test cutoff 2024-05-01"):
        bank.prepare()
    bank.set(4, "cutoff", "soon")
    with pytest.raises(UserError, match=r"people\.csv, row 6, column cutoff: not an ISO date"):
        bank.prepare()
    bank.set(4, "cutoff", "2024-03-01")
    bank.spec["split"]["time"]["test"] = "May"
    bank.spec["split"]["time"]["train"] = "2024-03-01"
    with pytest.raises(UserError, match=r"'May' is not an ISO date"):
        bank.prepare()
