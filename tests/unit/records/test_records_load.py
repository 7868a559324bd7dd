"""Bulk load of feature records: every row is loaded or quarantined with its reason, whatever interrupts it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_bundle
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.contracts.api import CustomerRecord
from understudy.errors import UserError
from understudy.progress import Silent
from understudy.records import LoadReport, load_records, source
from understudy.stores import ServingStore, StoreError, open_store

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PROFILE = {"age": 41, "income_krw": 60_000_000, "risk_tolerance": 4, "owned": []}


def _row(customer_id: Any = "c-1", **changes: Any) -> dict[str, Any]:
    row = {"customer_id": customer_id, "as_of": "2026-10-31", "profile": json.dumps(PROFILE)}
    return row | tiny_bundle.features() | changes


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
    return path


class Loader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite://{folder / 'store.sqlite'}"
        self.store: ServingStore = open_store(self.url)
        self.aside = folder / "bad.jsonl"

    def __call__(self, path: Path, store: Any = None) -> LoadReport:
        target = store or self.store
        return load_records(path, target, self.url, tiny_bundle.schema(), self.aside, progress=Silent(), now=NOW)

    def quarantined(self) -> list[Any]:
        return [json.loads(line) for line in self.aside.read_text(encoding="utf-8").splitlines()]

    def record(self, customer_id: str) -> CustomerRecord | None:
        return self.store.read_context(customer_id, tiny_bundle.SCHEMA_VERSION).record


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_good_rows_become_the_records_that_students_read(loader: Loader, tmp_path: Path) -> None:
    path = _write(tmp_path / "r.parquet", [_row(), _row("c-2", balance=float("nan"), region=None)])
    assert loader(path) == LoadReport(rows=2, loaded=2, quarantined=0)
    assert loader.record("c-1") == tiny_bundle.customer("c-1")
    second = loader.record("c-2")
    assert second is not None
    assert (second.features["balance"], second.features["region"]) == (None, None)
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("store")) == ["r.parquet"]


def test_prepared_columns_profile_columns_and_dates_are_understood(loader: Loader, tmp_path: Path) -> None:
    features = {f"feature:{name}": value for name, value in tiny_bundle.features().items()}
    fields = {"profile.age": 41.0, "profile.income_krw": 6e7, "profile.risk_tolerance": 4, "profile.owned": ["saver"]}
    row = {"customer_id": "c-1", "as_of": date(2026, 10, 31), "label:churn": 1.0} | features | fields
    assert loader(_write(tmp_path / "r.parquet", [row])).loaded == 1
    record = loader.record("c-1")
    assert record is not None
    assert (record.as_of, record.profile.owned, record.profile.age) == ("2026-10-31", ["saver"], 41)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"customer_id": "has space"}, "customer_id: String should match pattern"),
        ({"customer_id": None}, "customer_id: Input should be a valid string"),
        ({"as_of": "31.10.2026"}, "as_of: not an ISO 8601 date"),
        ({"as_of": None}, "as_of: not an ISO 8601 date"),
        ({"as_of": "2026-11-23"}, "as_of: in the future"),
        ({"balance": float("inf")}, "balance: infinite"),
        ({"profile": "{"}, "profile: not JSON"),
        ({"profile": '{"age": 400}'}, "age: Input should be less than or equal to 130"),
        ({"profile": '{"shoe_size": 4}'}, "shoe_size: Extra inputs are not permitted"),
        (dict.fromkeys(tiny_bundle.features()), "every feature is missing"),
    ],
)
def test_a_bad_row_is_kept_aside_with_its_reason_and_all_its_values(
    loader: Loader, tmp_path: Path, change: Any, reason: str
) -> None:
    path = _write(tmp_path / "r.parquet", [_row("c-0"), _row() | change, _row("c-2")])
    assert loader(path) == LoadReport(rows=3, loaded=2, quarantined=1)
    (bad,) = loader.quarantined()
    assert bad["reason"].startswith(reason)
    assert (bad["file"], bad["row"]) == ("r.parquet", 2)
    assert bad["values"].keys() == _row().keys()
    assert loader.aside.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("column", "value"), [("balance", "much"), ("balance", True), ("region", 3)])
def test_a_column_of_the_wrong_kind_is_kept_aside(loader: Loader, tmp_path: Path, column: str, value: Any) -> None:
    assert loader(_write(tmp_path / "r.parquet", [_row(**{column: value})])).quarantined == 1
    assert loader.quarantined()[0]["reason"].startswith(f"{column}: not ")


def test_the_latest_row_of_a_customer_counts_and_none_if_two_are_the_latest(loader: Loader, tmp_path: Path) -> None:
    rows = [
        _row("c-1", as_of="2026-10-31", visits=1),
        _row("c-1", as_of="2026-11-15", visits=2),
        _row("c-1", as_of="2026-09-30", visits=3),
        _row("c-2", as_of="2026-10-31", visits=1),
        _row("c-2", as_of="2026-10-31", visits=2),
    ]
    assert loader(_write(tmp_path / "r.parquet", rows)) == LoadReport(rows=5, loaded=1, quarantined=4)
    record = loader.record("c-1")
    assert record is not None
    assert record.features["visits"] == 2
    assert loader.record("c-2") is None
    reasons = [bad["reason"] for bad in loader.quarantined()]
    assert [("later row" in r, "same date" in r) for r in reasons] == [(True, False)] * 2 + [(False, True)] * 2


class Failing:
    """A store that stops answering after some batches."""

    def __init__(self, store: ServingStore, batches: int) -> None:
        self._store = store
        self._left = batches

    def put_records(self, records: Iterable[CustomerRecord]) -> int:
        if self._left == 0:
            raise StoreError("no quorum")
        self._left -= 1
        return self._store.put_records(records)


def test_an_interrupted_load_goes_on_and_loses_nothing(
    loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH_ROWS", 10)
    folder = tmp_path / "parts"
    folder.mkdir()
    rows = [_row(f"c-{i}", balance=float("inf") if i % 9 == 0 else float(i)) for i in range(100)]
    for part in range(4):
        _write(folder / f"part-{part}.parquet", rows[part * 25 : part * 25 + 25])
    for batches in (3, 5):
        with pytest.raises(StoreError):
            loader(folder, Failing(loader.store, batches))
    report = loader(folder)
    # Parts of 25 rows give batches of 10, 10 and 5: eight batches are two parts and 20 rows.
    assert report == LoadReport(rows=100, loaded=88, quarantined=12, resumed=70)
    assert [bad["values"]["customer_id"] for bad in loader.quarantined()] == [f"c-{i}" for i in range(0, 100, 9)]
    assert all((loader.record(f"c-{i}") is None) == (i % 9 == 0) for i in range(100))


def test_another_source_starts_anew(loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BATCH_ROWS", 10)
    with pytest.raises(StoreError):
        loader(_write(tmp_path / "r.parquet", [_row(f"c-{i}") for i in range(30)]), Failing(loader.store, 1))
    assert loader(_write(tmp_path / "r.parquet", [_row(f"d-{i}") for i in range(30)])).resumed == 0


@pytest.mark.parametrize("damage", ["missing", "text", "short", "column"])
def test_an_unusable_source_is_named(loader: Loader, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "r.parquet"
    if damage == "text":
        path.write_text("customer_id,as_of\n")
    elif damage == "short":
        _write(path, [_row()])
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "column":
        row = _row()
        del row["visits"]
        _write(path, [row])
    with pytest.raises(UserError) as refused:
        loader(path)
    assert "visits" in str(refused.value) if damage == "column" else str(path) in str(refused.value)


def test_the_command_loads_and_says_what_it_left_out(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.parquet", [_row(), _row("has space")])
    bundle = tiny_bundle.write(tmp_path / "bundle")
    url = f"sqlite://{tmp_path / 'store.sqlite'}"
    arguments = ["features", "load", "--from", str(path), "--store", url, "--bundle", str(bundle)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 4
    assert "1 of 2 rows loaded" in done.output
    assert "r.quarantine.jsonl" in done.output.replace("\n", "")
    assert open_store(url).read_context("c-1").record is not None
