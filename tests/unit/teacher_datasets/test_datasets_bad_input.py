"""Bad input is named by file, row and column, ends with exit code 2, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from teacher.datasets import prepare
from understudy.errors import UserError
from understudy.progress import Silent

Bank = Any
Bend = Callable[[Bank], None]


def _rows(count: int) -> Bend:
    return lambda bank: bank.rows.__delitem__(slice(count, None))


def _cell(row: int, column: str, value: str) -> Bend:
    return lambda bank: bank.set(row, column, value)


def _column(column: str, value: str) -> Bend:
    return lambda bank: [bank.set(row, column, value) for row in range(len(bank.rows))] and None


def _task(index: int, **changes: Any) -> Bend:
    return lambda bank: bank.spec["tasks"][index].update(changes)


def _source(**changes: Any) -> Bend:
    return lambda bank: bank.spec["sources"][0].update(changes)


CASES: dict[str, tuple[Bend, str]] = {
    "empty table": (_rows(0), r"people\.csv: the table has no rows"),
    "wrong delimiter": (_source(delimiter=";"), r"people\.csv, row 1: only one column found"),
    "missing column": (
        lambda bank: bank.header.__setitem__(bank.column("age"), "years"),
        r"people\.csv: missing columns: age",
    ),
    "extra column": (
        lambda bank: bank.add_column("extra", str),
        r"people\.csv: columns without a role: extra\n.*feature group, or to `ignore`",
    ),
    "stale ignore": (
        lambda bank: bank.spec["ignore"].append("gone*"),
        r"people\.csv, ignore: gone\* matches no column",
    ),
    "feature and ignored": (lambda bank: bank.spec["ignore"].append("age"), r"ignore: age is a feature and ignored"),
    "ragged row": (lambda bank: bank.rows[4].pop(), r"people\.csv, row 6: too few columns"),
    "text for a number": (_cell(15, "age", "old"), r"people\.csv, row 17, column age: 'old' is not a finite number"),
    "nan": (_cell(0, "balance", "NaN"), r"people\.csv, row 2, column balance: 'NaN' is not a finite number"),
    "inf": (_cell(3, "balance", "inf"), r"people\.csv, row 5, column balance: 'inf' is not a finite number"),
    "all missing": (_column("visits", ""), r"people\.csv: missing in every row: visits"),
    "all missing text": (_column("region", ""), r"missing in every row: region"),
    "duplicate key": (_cell(7, "id", "C00002"), r"people\.csv, row 9, column id: the key 'C00002' is there twice"),
    "no key": (_cell(7, "id", ""), r"people\.csv, row 9, column id: the key is missing"),
    "unprintable key": (_cell(7, "id", "a b"), r"people\.csv, row 9, column id: the key has a character"),
    "one class": (_column("churned", "0"), r"task 'churn', label: the data has one class only: 0"),
    "one value": (_column("spend", "1.5"), r"task 'spend', label: the data has one value only: 1.5"),
    "class outside": (
        _cell(2, "next", "boat"),
        r"people\.csv, row 4, task 'next', label: 'boat' is not among the classes card, loan, none",
    ),
    "all masked": (_task(0, mask="false"), r"task 'churn', label: the data has no known label"),
    "negative weight": (
        _task(0, row_weight="spend - 1e9"),
        r"people\.csv, row \d+, task 'churn', row_weight: -[\d.e+]+ is no weight",
    ),
    "missing weight": (
        _task(0, row_weight="CASE WHEN churned = 1 THEN 1 END"),
        r"people\.csv, row \d+, task 'churn', row_weight: a missing value is no weight",
    ),
    "unknown column in weight": (_task(0, row_weight="gone"), r"task 'churn', row_weight: there is no column gone"),
    "label not 0/1": (
        _task(0, label="churned + 1"),
        r"people\.csv, row \d+, task 'churn', label: 2\.0 is not 0 or 1",
    ),
    "bad label SQL": (_task(0, label="churned ="), r"task 'churn', label: bad SQL 'churned =': syntax error"),
    "two statements": (_task(0, label="1); DROP TABLE people; --"), r"task 'churn', label: bad SQL"),
    "unknown column in label": (
        _task(0, label="gone = 1"),
        r"task 'churn', label: there is no column gone; the table has",
    ),
    "text label of a regression": (
        _task(2, label="next", defined_by=["spend"]),
        r"task 'spend', label: the SQL does not run",
    ),
    "bad profile": (
        lambda bank: bank.spec["profile"].update(age="age * 10"),
        r"people\.csv, row \d+, profile\.age: \d+ is not between 0 and 130",
    ),
    "bad protected": (lambda bank: bank.spec["protected"].update(sex="lower("), r"protected\.sex: bad SQL"),
    "wrong sha256": (_source(sha256="0" * 64), r"people\.csv: sha256 is [0-9a-f]{64}, the spec pins 0000"),
    "bad view": (
        lambda bank: bank.spec["sources"].append({"name": "v", "kind": "sql", "sql": "SELECT gone FROM people"}),
        r"source 'v', sql: the view does not run: Binder Error",
    ),
    "view that reads files": (
        lambda bank: bank.spec["sources"].append(
            {"name": "v", "kind": "sql", "sql": "SELECT * FROM read_csv('people.csv')"}
        ),
        r"source 'v', sql: the view does not run: Permission Error",
    ),
    "view that writes": (
        lambda bank: bank.spec["sources"].append({"name": "v", "kind": "sql", "sql": "DROP TABLE people"}),
        r"source 'v', sql: bad SQL",
    ),
    "no group": (
        lambda bank: (
            (bank.spec["split"].update(key="region") if "split" in bank.spec else None)
            or bank.spec.update(split={"key": "region"})
        ),
        r"split\.key, column region: the group of a row is missing",
    ),
    "too few rows": (_rows(2), r"split: the \w+ split has no row|task 'churn', label"),
    "sequence without source columns": (
        lambda bank: bank.spec.update(
            sequences=[{"name": "s", "source": "people", "key": "id", "time": "gone", "channels": ["age"], "length": 2}]
        ),
        r"people\.csv: sequence 's' needs the missing columns gone",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refuses(bank: Bank, case: str) -> None:
    bend, said = CASES[case]
    bend(bank)
    with pytest.raises(UserError, match=said) as error:
        bank.prepare()
    assert error.value.exit_code == 2
    assert [path.name for path in bank.folder.iterdir()] == ["people.csv"]


def test_the_unbent_bank_passes(bank: Bank) -> None:
    assert bank.prepare()["customers"] == 400


def test_missing_file_and_data_folder(bank: Bank) -> None:
    with pytest.raises(UserError, match=r"people\.csv: file not found"):
        bank.run()
    bank.spec["sources"][0]["path"] = "people.csv"
    with pytest.raises(UserError, match="UNDERSTUDY_DATA: source 'people'"):
        bank.prepare()
    summary = prepare(bank.loaded(), bank.out, data_dir=bank.folder, seed=0, customers=None, progress=Silent())
    assert summary["dataset"] == "toy"


def test_a_listed_null_value_is_missing_not_an_error(bank: Bank) -> None:
    bank.set(0, "balance", "NaN")
    bank.spec["sources"][0]["null_values"] = ["NaN"]
    assert bank.prepare()["customers"] == 400


def test_unseen_category_becomes_missing_and_is_counted(bank: Bank) -> None:
    import json

    dataset = bank.dataset()
    victim = int(dataset.row_ids[dataset.rows("test")[0]])
    bank.set(victim, "region", "atlantis")
    dataset = bank.dataset()
    assert "atlantis" not in (dataset.schema.features[1].categories or [])
    position = int((dataset.row_ids == victim).nonzero()[0][0])
    assert dataset.features[position, 1] != dataset.features[position, 1]
    profile = json.loads((bank.out / "profile.json").read_text())
    assert profile["features"]["region"]["unseen"] == {"train": 0, "valid": 0, "test": 1}


def test_label_that_reads_a_feature_is_a_leak(bank: Bank) -> None:
    bank.spec["tasks"][0]["label"] = "visits > 5"
    with pytest.raises(UserError, match="label of task 'churn' reads visits") as error:
        bank.prepare()
    assert error.value.exit_code == 4


def test_parquet_cells_are_checked_too(bank: Bank) -> None:
    bank.spec["sources"][0] = {"name": "people", "kind": "parquet", "path": "./people.parquet"}
    columns: dict[str, Any] = {name: [row[i] or None for row in bank.rows] for i, name in enumerate(bank.header)}
    for name in ("balance", "visits", "churned", "spend"):
        columns[name] = [float(value) for value in columns[name]]
    columns["age"] = [None if value is None else float(value) for value in columns["age"]]
    columns["balance"][0] = float("nan")
    pq.write_table(pa.table(columns), bank.folder / "people.parquet")
    assert bank.run()["customers"] == 400
    columns["balance"][5] = float("inf")
    pq.write_table(pa.table(columns), bank.folder / "people.parquet")
    with pytest.raises(UserError, match=r"people\.parquet, row 6, column balance: 'inf' is not a finite number"):
        bank.run()
    (bank.folder / "people.parquet").write_bytes(b"no parquet")
    with pytest.raises(UserError, match="not a readable Parquet file"):
        bank.run()
