"""Bad data and bad specs through ``understudy data check``: a clear sentence that names the line of the spec or the row
and column of the file, exit code 2, no traceback, and every byte of the input where it was."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.errors import UserError

SPEC = """\
schema_version = 1
name = "toy"
title = "Toy"
base = "people"
key = "id"
catalog = "catalog.toml"
ignore = ["note"]

[[sources]]
name = "people"
path = "./people.csv"
amounts = ["balance"]

[[sources]]
name = "events"
path = "./events.csv"
time = "at"

[[groups]]
name = "person"
numeric = ["age", "balance"]
categorical = ["region"]

[[sequences]]
name = "visits"
source = "events"
key = "id"
time = "at"
channels = ["amount"]
length = 4

[[tasks]]
name = "churn"
type = "binary"
label = "churned"

[protected]
sex = "sex"

[split.time]
column = "cutoff"
train = "2026-01-01"
test = "2026-04-01"
label_gap_days = 7
"""
CATALOG = """\
schema_version = 1
[families]
cards = { ko = "카드", en = "Cards" }
[[products]]
id = "card"
name = { ko = "카드", en = "Card" }
family = "cards"
type = "card"
risk_level = 1
seller = { ko = "은행", en = "Bank" }
drivers = [{ task = "churn", weight = 1.0 }]
"""
TREE = """
[trees.merchants]
levels = ["leaf", "top"]
[trees.merchants.parents]
cafe = "food"
food = "cafe"
"""
HEADER = "id,age,balance,region,sex,churned,cutoff,note"


class Bank:
    """Files of a small bank; a case bends them."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        self.folder = folder
        self.spec, self.catalog = SPEC, CATALOG
        self.rows = [
            f"C{index},{rng.integers(18, 90)},{rng.gamma(2, 50):.2f},{['north', 'south', 'east'][index % 3]},"
            f"{'fm'[index % 2]},{int(rng.random() < 0.4)},{cutoff},x"
            for cutoff in ("2026-01-01", "2026-04-01")
            for index in range(240)
        ]
        self.events = [
            f"C{index},2025-{month:02d}-{1 + index % 28:02d} 10:00:00,{5 + index % 7}"
            for index in range(240)
            for month in (10, 11, 12)
        ]
        self.people: bytes | None = None
        self.encoding, self.head = "utf-8", HEADER

    def cell(self, row: int, column: str, value: str) -> None:
        cells = self.rows[row].split(",")
        cells[HEADER.split(",").index(column)] = value
        self.rows[row] = ",".join(cells)

    def event(self, row: int, at: str) -> None:
        key, _, amount = self.events[row].split(",")
        self.events[row] = f"{key},{at},{amount}"

    def write(self) -> None:
        text = "\n".join([self.head, *self.rows]) + "\n"
        data = text.encode(self.encoding) if self.people is None else self.people
        (self.folder / "people.csv").write_bytes(data)
        (self.folder / "events.csv").write_text("\n".join(["id,at,amount", *self.events]) + "\n")
        (self.folder / "spec.toml").write_text(self.spec, encoding="utf-8")
        (self.folder / "catalog.toml").write_text(self.catalog, encoding="utf-8")

    def check(self) -> UserError | None:
        """What ``understudy data check`` refuses; None if it passes."""
        self.write()
        before = self.digests()
        command = ["data", "check", str(self.folder / "spec.toml"), "--out", str(self.folder / "run")]
        done = CliRunner().invoke(app, command)
        assert self.digests() == before
        assert not list((self.folder / "run").glob("data")) or done.exception is None
        if done.exception is None:
            return None
        assert isinstance(done.exception, UserError), done.exception
        return done.exception

    def digests(self) -> dict[str, str]:
        files = [path for path in self.folder.rglob("*") if path.is_file() and "run" not in path.parts]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


Bend = Callable[[Bank], object]


def spec(old: str, new: str) -> Bend:
    def bend(bank: Bank) -> None:
        assert old in bank.spec
        bank.spec = bank.spec.replace(old, new, 1)

    return bend


def cell(row: int, column: str, value: str) -> Bend:
    return lambda bank: bank.cell(row, column, value)


def events(*changes: tuple[int, str]) -> Bend:
    return lambda bank: [bank.event(row, at) for row, at in changes]


def people(make: Callable[[str], bytes]) -> Bend:
    return lambda bank: setattr(bank, "people", make("\n".join([bank.head, *bank.rows]) + "\n"))


def parquet_months(bank: Bank, *, lost: str = "") -> None:
    """The events as a folder of monthly Parquet files, one of them lost."""
    bank.spec = bank.spec.replace('path = "./events.csv"', 'kind = "parquet"\npath = "./events"')
    (bank.folder / "events").mkdir()
    rows = [event.split(",") for event in bank.events]
    for month in ("2025-10", "2025-11", "2025-12"):
        mine = [row for row in rows if row[1].startswith(month)]
        columns = {"id": [r[0] for r in mine], "at": [r[1] for r in mine], "amount": [float(r[2]) for r in mine]}
        if month != lost:
            pq.write_table(pa.table(columns), bank.folder / "events" / f"{month}.parquet")


CASES: dict[str, tuple[Bend, str]] = {
    # contradictory roles
    "a feature that is ignored": (
        spec('ignore = ["note"]', 'ignore = ["note", "age"]'),
        r"spec\.toml, line \d+, ignore: age is a feature and ignored",
    ),
    "a feature named twice": (
        spec('categorical = ["region"]', 'categorical = ["region", "age"]'),
        r"spec\.toml: line \d+, \(top level\): feature named twice: age",
    ),
    "the key as a feature": (
        spec('["age", "balance"]', '["age", "balance", "id"]'),
        r"spec\.toml: line \d+, \(top level\): the key 'id' cannot be a feature",
    ),
    "a label that defines itself by a feature": (
        spec('label = "churned"', 'label = "churned"\ndefined_by = ["churned", "balance"]'),
        r"spec\.toml: line \d+, \(top level\): task 'churn' is defined by balance, which cannot be features",
    ),
    "a truth column as a feature": (
        spec('label = "churned"', 'label = "churned"\ntruth = ["age"]'),
        r"spec\.toml: line \d+, \(top level\): task 'churn' has the truth column age among the features",
    ),
    "a column without a role": (
        spec('ignore = ["note"]', "ignore = []"),
        r"people\.csv: columns without a role: note",
    ),
    # time
    "a cutoff outside the data": (
        spec('test = "2026-04-01"', 'test = "2026-05-01"'),
        r"spec\.toml, line \d+, split\.time\.test: no row has the test cutoff 2026-05-01\n.*2026-01-01, 2026-04-01",
    ),
    "a test cutoff before the training cutoff": (
        spec('test = "2026-04-01"', 'test = "2025-04-01"'),
        r"spec\.toml: line \d+, split\.time: the test cutoff 2025-04-01 must be later",
    ),
    "a cutoff that is no date": (
        spec('train = "2026-01-01"', 'train = "01.01.2026"'),
        r"spec\.toml, line \d+, split\.time\.train: '01\.01\.2026' is not an ISO date",
    ),
    "a gap below seven days": (
        spec("label_gap_days = 7", "label_gap_days = 6"),
        r"spec\.toml: line \d+, split\.time\.label_gap_days: Input should be greater than or equal to 7",
    ),
    "a cutoff in a row that is no date": (
        cell(3, "cutoff", "April"),
        r"people\.csv, row 5, column cutoff: not an ISO date",
    ),
    "dates in three forms": (
        events((0, "05/10/2025"), (1, "5 Oct 2025")),
        r"events\.csv, row 2, column at: '05/10/2025' is not an ISO date or time; the column writes its dates in 3 ways"
        r": 2025-10-01 10:00:00 \(718 rows\); .*1 rows",
    ),
    "a date that does not exist": (
        events((7, "2025-02-30")),
        r"events\.csv, row 9, column at: '2025-02-30' is not an ISO date or time",
    ),
    "mixed time zones": (
        events((4, "2025-10-05T10:00:00+09:00")),
        r"events\.csv, row 6, column at: times of more than one zone: no zone \(719 rows\), \+09:00 \(1 rows\)",
    ),
    "one zone that is not UTC": (
        lambda bank: [
            bank.event(i, f"2025-10-05T10:{i // 60:02d}:{i % 60:02d}+09:00") for i in range(len(bank.events))
        ],
        r"events\.csv, row 2, column at: times of the zone \+09:00",
    ),
    # names that are not there
    "an unknown group": (
        spec('name = "person"', 'name = "person"\nexperts = ["oracle"]'),
        r"spec\.toml: line \d+, groups\.0\.experts\.0: Input should be 'deepfm'",
    ),
    "an unknown split group": (
        spec("[split.time]", '[split]\nkey = "household"\n\n[split.time]'),
        r"people\.csv: missing columns: household",
    ),
    "a protected attribute that does not exist": (
        spec('sex = "sex"', 'sex = "gender"'),
        r"spec\.toml, line \d+, protected\.sex: there is no column gender; the table has id, age, balance",
    ),
    "a feature that does not exist": (
        spec('["age", "balance"]', '["age", "balance", "height"]'),
        r"people\.csv: missing columns: height",
    ),
    "an unknown source": (
        spec('source = "events"', 'source = "clicks"'),
        r"spec\.toml: line \d+, \(top level\): source 'clicks' is not among \['events', 'people'\]",
    ),
    "an amount that does not exist": (
        spec('amounts = ["balance"]', 'amounts = ["price"]'),
        r"spec\.toml, line \d+, source 'people': the amount 'price' is no column",
    ),
    # trees, amounts, partitions
    "a tree with a cycle": (
        lambda bank: setattr(bank, "spec", bank.spec + TREE),
        r"spec\.toml: line \d+, trees\.merchants: the tree has a cycle: cafe -> food -> cafe",
    ),
    "a negative amount": (
        cell(11, "balance", "-3.50"),
        r"people\.csv, row 13, column balance: a negative amount: -3\.5",
    ),
    "a missing partition": (
        lambda bank: parquet_months(bank, lost="2025-11"),
        r"events/2025-11\.parquet: a part of the table is missing",
    ),
    "an empty folder": (
        lambda bank: [
            (bank.folder / "empty").mkdir(),
            spec('path = "./events.csv"', 'kind = "parquet"\npath = "./empty"')(bank),
        ],
        r"empty: the folder holds no Parquet file",
    ),
    # files
    "a duplicate key": (
        cell(9, "id", "C3"),
        r"people\.csv, row 11, column id: the key 'C3' is there twice at the cutoff 2026-01-01",
    ),
    "an empty file": (people(lambda _: b""), r"people\.csv: the file is empty"),
    "a file with a header only": (
        lambda bank: bank.rows.clear(),
        r"people\.csv: the table has no rows",
    ),
    "a missing file": (
        spec("./people.csv", "./persons.csv"),
        r"persons\.csv: file not found",
    ),
    "the wrong delimiter": (
        people(lambda text: text.replace(",", ";").encode()),
        r"people\.csv, row 1: only one column found with the delimiter ','\n.*delimited by ';'",
    ),
    "not UTF-8": (
        people(lambda text: text.replace("north", "Zürich", 1).encode("latin-1")),
        r"people\.csv, row 2: not UTF-8 text",
    ),
    "UTF-16": (people(lambda text: text.encode("utf-16")), r"people\.csv: not UTF-8 text but UTF-16"),
    "zero bytes": (
        people(lambda text: text.replace("C7,", "C\x007,", 1).encode()),
        r"people\.csv, row 9, column id: the key has a character",
    ),
    "decimal commas": (
        people(lambda text: re.sub(r"(\d+)\.(\d\d),", r'"\1,\2",', text, count=1).encode()),
        r"people\.csv, row 2, column balance: '\d+,\d\d' is not a finite number\n.*decimal comma",
    ),
    "a huge integer": (
        cell(2, "age", "9" * 400),
        r"people\.csv, row 4, column age: '9{60}.*' is not a finite number",
    ),
    "infinity": (cell(5, "balance", "inf"), r"people\.csv, row 7, column balance: 'inf' is not a finite number"),
    "a ragged row": (
        lambda bank: bank.rows.__setitem__(4, bank.rows[4] + ",more"),
        r"people\.csv, row 6: too many columns",
    ),
    "an open quote": (
        lambda bank: bank.rows.__setitem__(4, bank.rows[4].replace("x", '"x')),
        r"people\.csv, row 6: a quote is opened and not closed",
    ),
    "a damaged archive": (
        lambda bank: [
            spec("./people.csv", "./people.csv.gz")(bank),
            (bank.folder / "people.csv.gz").write_bytes(gzip.compress(b"id,age\n" * 9000)[:-20]),
        ],
        r"people\.csv\.gz: the packed file is damaged",
    ),
}


# What stands in the line of the spec that an error names.
LINES = {
    "a feature that is ignored": "ignore = ",
    "a feature named twice": '["region", "age"]',
    "the key as a feature": '"balance", "id"',
    "a label that defines itself by a feature": 'name = "churn"',
    "a truth column as a feature": 'name = "churn"',
    "a cutoff outside the data": "test = ",
    "a test cutoff before the training cutoff": "[split.time]",
    "a cutoff that is no date": "train = ",
    "a gap below seven days": "label_gap_days = 6",
    "an unknown group": "oracle",
    "a protected attribute that does not exist": "gender",
    "an unknown source": "clicks",
    "an amount that does not exist": "[[sources]]",
    "a tree with a cycle": "[trees.merchants]",
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused(case: str, tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    bend, said = CASES[case]
    bend(bank)
    error = bank.check()
    assert error is not None
    assert re.search(said, str(error)), str(error)
    assert error.exit_code == 2
    named = re.search(r"spec\.toml[:,] line (\d+)", str(error))
    assert (named is not None) is (case in LINES), str(error)
    if named is not None:
        assert LINES[case] in bank.spec.splitlines()[int(named[1]) - 1]


GOOD: dict[str, Bend] = {
    "as it is": lambda bank: None,
    "a byte order mark": lambda bank: setattr(bank, "encoding", "utf-8-sig"),
    "Windows line ends": people(lambda text: text.replace("\n", "\r\n").encode()),
    "blank lines": people(lambda text: text.replace("\n", "\n\n", 3).encode()),
    "times in UTC": lambda bank: [
        bank.event(i, event.split(",")[1].replace(" ", "T") + "Z") for i, event in enumerate(bank.events)
    ],
    "dates without times": lambda bank: [
        bank.event(i, event.split(",")[1][:10]) for i, event in enumerate(bank.events)
    ],
    "a folder with every month": parquet_months,
    "a large integer": cell(2, "balance", "123456789012345678901234567890"),
    "a missing cell": cell(2, "balance", ""),
    "Korean text": lambda bank: [bank.cell(row, "region", "서울") for row in range(0, 480, 3)],
}


@pytest.mark.parametrize("case", GOOD)
def test_good_input_is_not_refused(case: str, tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    GOOD[case](bank)
    assert bank.check() is None
