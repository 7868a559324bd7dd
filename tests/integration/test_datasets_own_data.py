"""The page for newcomers works as it stands: its files, taken from the page, are prepared."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest

from agents.safety_gate.gate import SafetyGate
from agents.safety_gate.rulebook import load_rules
from agents.safety_gate.screening import screen_catalog, screen_glossary
from teacher.datasets import load_spec, open_dataset, prepare
from understudy.errors import UserError
from understudy.progress import Silent

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bring-your-own-data.md"


def blocks() -> dict[str, str]:
    """File name -> text of every code block of the page that names a file."""
    page = PAGE.read_text(encoding="utf-8")
    return dict(re.findall(r"^```(?:toml|csv) (\S+)\n(.*?)^```", page, re.M | re.S))


def grow(text: str, count: int) -> str:
    """A file of ``count`` rows: the page's first column counted on, each other column drawn from the page's cells."""
    rng = np.random.default_rng(3)
    header, *rows = csv.reader(io.StringIO(text), delimiter=";")
    columns = [rng.choice([row[i] for row in rows], size=count).tolist() for i in range(len(header))]
    grown = [[f"C{2000 + index}", *cells[1:]] for index, cells in enumerate(zip(*columns, strict=True))]
    return "\n".join(";".join(row) for row in [header, *grown]) + "\n"


def every_month(text: str, count: int) -> str:
    header = text.splitlines()[0]
    rows = [f"C{2000 + index};2024-0{month};{10 * month}.5;" for index in range(count) for month in (3, 1)]
    return "\n".join([header, *rows]) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in blocks().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "customers.csv").write_text(grow(blocks()["customers.csv"], 400), encoding="utf-8")
    (tmp_path / "months.csv").write_text(every_month(blocks()["months.csv"], 300), encoding="utf-8")
    return tmp_path


def test_the_page_holds_all_five_files() -> None:
    assert set(blocks()) == {"customers.csv", "months.csv", "spec.toml", "catalog.toml", "glossary.toml"}


def test_the_example_is_prepared(folder: Path) -> None:
    loaded = load_spec(str(folder / "spec.toml"))
    summary = prepare(loaded, folder / "out", data_dir=None, seed=7, customers=None, progress=Silent())
    assert summary["customers"] == 400
    dataset = open_dataset(folder / "out")
    assert dataset.schema.names == ["age", "region", "income_band", "balance", "cards", "logins_30d"]
    months = dataset.sequences["card_months"]
    with_history = dataset.customer_ids < "C2300"
    assert months.mask[with_history].sum(axis=1).tolist() == [2] * 300
    assert not months.mask[~with_history].any()
    record = next(dataset.records([0]))
    assert record.as_of == "2024-03-31"
    assert np.isnan(dataset.labels["spend"]).any()


def test_the_short_file_of_the_page_is_read_too(folder: Path) -> None:
    """The eight rows are too few to train on, and the message says so; nothing before that goes wrong."""
    (folder / "customers.csv").write_text(blocks()["customers.csv"], encoding="utf-8")
    (folder / "months.csv").write_text(blocks()["months.csv"], encoding="utf-8")
    loaded = load_spec(str(folder))
    with pytest.raises(UserError, match=r"split has no row|training split has one"):
        prepare(loaded, folder / "out", data_dir=None, seed=1, customers=None, progress=Silent())


def test_the_texts_of_the_example_pass_the_safety_gate(folder: Path) -> None:
    loaded = load_spec(str(folder))
    gate = SafetyGate(load_rules())
    assert screen_catalog(loaded.catalog, gate) == []
    assert screen_glossary(loaded.glossary, gate) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('delimiter = ";"', 'delimiter = ","', "only one column found with the delimiter ','"),
        ('ignore = ["branch_memo"]           ', "ignore = []", "columns without a role: branch_memo"),
        ('numeric = ["age"]', 'numeric = ["age", "region"]', "feature named twice: region"),
        ("opened_deposit = 1", "opened_deposit =", r"task 'opens_deposit', label: bad SQL"),
        ('"card", "deposit", "fund"', '"card", "deposit", "boat"', r"'fund' is not among the classes"),
    ],
)
def test_the_messages_of_the_page_are_the_messages(folder: Path, old: str, new: str, said: str) -> None:
    spec = folder / "spec.toml"
    text = spec.read_text(encoding="utf-8")
    assert old in text
    spec.write_text(text.replace(old, new, 1), encoding="utf-8")
    if "boat" in new:
        catalog = folder / "catalog.toml"
        catalog.write_text(catalog.read_text(encoding="utf-8").replace('"fund"', '"boat"'), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        prepare(load_spec(str(folder)), folder / "out", data_dir=None, seed=1, customers=None, progress=Silent())
