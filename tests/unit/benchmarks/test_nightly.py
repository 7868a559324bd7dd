"""The nightly benchmark, at the size of a test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

import nightly
from _decision_log import FIRST, frame, write_log

from agents.evidence import WatchSettings, read_day
from understudy.audit import fsck, open_keyring
from understudy.stores import open_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log")
    write_log(path, [40, 80], seed=1)
    return path


def test_the_log_is_one_that_verifies(folder: Path) -> None:
    store = open_store(f"sqlite://{folder}/store.sqlite", read_only=True)
    report = fsck(store, open_keyring(f"file://{folder}/keys.json"))
    store.close()
    assert (report.verdict, report.entries) == ("clean", 120)


def test_every_decision_of_the_day_is_read(folder: Path) -> None:
    settings = WatchSettings(
        understudy_store=f"sqlite://{folder}/store.sqlite",
        understudy_audit_keys=f"file://{folder}/keys.json",
        understudy_bundle="none",
        understudy_reports=str(folder / "reports"),
    )
    columns = read_day(settings, frame(), FIRST.replace(day=2).isoformat())
    assert len(columns) == 80
    assert columns.features.shape == (80, 349)
    assert (columns.products >= 0).sum() == 240


def test_a_night_is_measured_and_published(folder: Path) -> None:
    row = nightly.night(folder, 0, processes=1)
    assert row["decisions"] == 40
    assert 0 <= row["gib"] < 4  # what forty decisions add may be nothing that the sampling sees
    assert row["cpu_s"] > 0
    rows = [row, row | {"decisions": 80, "seconds": row["seconds"] * 2}]
    lines = nightly.published(
        {
            "nights": rows,
            "growth": nightly.exponent([(one["decisions"], one["seconds"]) for one in rows]),
            "bars": [nightly.at_most("seconds of the night", 1.0, 300)],
            "processes": 1,
            "seed": 7,
            "machine": nightly.machine(),
        }
    )
    assert any("to the power 1.000" in line for line in lines)
    assert any("passed" in line for line in lines)
