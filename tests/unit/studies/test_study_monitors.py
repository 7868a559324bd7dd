"""The study of the monitors, at a small size, and its tables."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import monitors as tables
from studies import monitors as study
from studies._changes import STUDIED
from studies._production import Change, Production

ROWS = 300


def test_a_plain_change_is_seen_on_its_first_night_and_none_is_seen_early() -> None:
    found = study.delay("shift", 1.0, seed=1, rows=ROWS)
    assert found == {"nights": 1, "since": study.day_name(study.BEGUN), "early": False}


def test_what_is_below_the_bound_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "PATIENCE", 3)
    assert study.delay("stale", 4.0, seed=1, rows=ROWS)["nights"] is None


def test_every_change_differs_from_none() -> None:
    for studied in STUDIED.values():
        assert all(studied.make(size) != Change() for size in studied.sizes)


def test_a_year_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "YEAR", 3)
    assert study.year(1, ROWS, tmp_path / "cut", time.monotonic() - 1) is None
    whole = study.year(1, ROWS, tmp_path / "whole", time.monotonic() + 1e6)
    monkeypatch.setattr(study, "YEAR", 2)
    study.year(1, ROWS, tmp_path / "cut", time.monotonic() + 1e6)
    monkeypatch.setattr(study, "YEAR", 3)
    assert study.year(1, ROWS, tmp_path / "cut", time.monotonic() + 1e6) == whole
    assert whole is not None
    assert (whole["days"], whole["alarms"]) == (3, {})


def test_a_day_is_drawn_from_the_seed() -> None:
    one, other = (Production(5, rows=50).columns(3) for _ in range(2))
    assert one.scores.tolist() == other.scores.tolist()
    assert one.scores.tolist() != Production(6, rows=50).columns(3).scores.tolist()


def test_tables_count_what_was_seen() -> None:
    figures = {
        "rows": 10,
        "patience": 30,
        "delays": {"x-1": {"title": "x", "size": 1.0, "nights": {"1": 2, "2": None, "3": 4}, "early": 1}},
        "years": {"1": {"days": 365, "alarms": {"drift": 2, "fairness_severe": 1}}, "2": {"days": 365, "alarms": {}}},
    }
    assert "| x | 1 | 2 of 3 | 3 | 2 | 4 |" in tables.published(figures)
    lines = tables.published_alarms(figures)
    assert "| drift | 2 | 1.00 | 0.12-3.61 |" in lines  # Garwood: 0.2422 to 7.2247 in two years
    assert any(line.startswith("| fairness | 1 | 0.50") for line in lines)
    assert any(line.startswith("| all | 3 | 1.50") for line in lines)
