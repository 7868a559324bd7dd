"""Artefacts, history, outcomes, settings and groups."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_bundle
import watched
from hypothesis import given
from hypothesis import strategies as st

from agents.evidence import (
    Frame,
    Grouping,
    Reference,
    WatchSettings,
    days_before,
    open_artefacts,
    open_history,
    open_labels,
)
from understudy.bundle import load_bundle
from understudy.contracts.watch import Evidence, Measurement
from understudy.errors import UserError


def _measured(name: str, value: float | None) -> Measurement:
    evidence = [Evidence(kind="metric", ref="x")]
    why = None if value is not None else "nothing was there"
    return Measurement(name=name, period="2026-03-05", value=value, why=why, evidence=evidence)


def test_artefacts_are_read_and_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "data.json").write_text('{"rows": 3}')
    found = open_artefacts(f"file://{tmp_path}")
    assert found.json("stages/data.json") == {"rows": 3}
    assert found.json("stages/soft.json") is None
    assert found.names("stages/") == ["stages/data.json"]
    assert found.evidence("stages/data.json").sha256 is not None


def test_without_a_run_nothing_is_there() -> None:
    found = open_artefacts(None)
    assert found.json("stages/data.json") is None
    assert found.names() == []


def test_an_artefact_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(UserError, match=r"report\.json"):
        open_artefacts(str(tmp_path)).json("report.json")


def test_history_keeps_measurements_and_state_by_day(tmp_path: Path) -> None:
    history = open_history(str(tmp_path))
    assert history.measurements("2026-03-05") is None
    history.put_measurements("2026-03-05", [_measured("psi_max", 0.1), _measured("ks_min_p", None)])
    history.put_measurements("2026-03-06", [_measured("psi_max", 0.2)])
    history.put_state("offers", "2026-03-05", {"days": [1]})
    again = open_history(str(tmp_path))
    assert again.series("psi_max", "2026-03-07", 7) == [("2026-03-05", 0.1), ("2026-03-06", 0.2)]
    assert again.series("psi_max", "2026-03-06", 7) == [("2026-03-05", 0.1)]
    assert again.series("ks_min_p", "2026-03-07", 7) == []
    assert again.state("offers", "2026-03-05") == {"days": [1]}
    assert again.state("offers", "2026-03-06") is None


def test_days_before_cross_a_month() -> None:
    assert days_before("2026-03-02", 3) == ["2026-03-01", "2026-02-28", "2026-02-27"]


def test_labels_come_by_day_of_arrival(tmp_path: Path) -> None:
    line = {"request_id": "r-1", "task": "signups", "label": 1}
    (tmp_path / "2026-03-05.jsonl").write_text(json.dumps(line) + "\n")
    labels = open_labels(f"file://{tmp_path}")
    found = labels.arrived("2026-03-05")
    assert found is not None
    assert (found[0].request_id, found[0].label) == ("r-1", 1.0)
    assert labels.arrived("2026-03-06") is None
    assert open_labels(None).arrived("2026-03-05") is None


@pytest.mark.parametrize("bad", ["{", '{"request_id": "r"}', '{"request_id": "r", "task": "t", "label": "x"}'])
def test_a_line_that_is_no_label_is_named(tmp_path: Path, bad: str) -> None:
    (tmp_path / "2026-03-05.jsonl").write_text('{"request_id": "r", "task": "t", "label": 0}\n' + bad)
    with pytest.raises(UserError, match="line 2"):
        open_labels(str(tmp_path)).arrived("2026-03-05")


def test_settings_come_from_the_environment() -> None:
    environment = {
        "UNDERSTUDY_STORE": "sqlite:///x",
        "UNDERSTUDY_AUDIT_KEYS": "file:///k",
        "UNDERSTUDY_BUNDLE": "b",
        "UNDERSTUDY_REPORTS": "file:///r",
        "OTHER": "ignored",
    }
    found = WatchSettings.from_environment(environment)
    assert found.understudy_artefacts is None
    with pytest.raises(UserError, match="understudy_reports"):
        WatchSettings.from_environment({k: v for k, v in environment.items() if k != "UNDERSTUDY_REPORTS"})


@given(st.floats(-10, 200), st.lists(st.floats(0, 100), min_size=1, max_size=5, unique=True))
def test_a_number_falls_between_its_edges(value: float, edges: list[float]) -> None:
    ordered = sorted(edges)
    grouping = Grouping(attribute="a", field="x", edges=ordered, names=[str(i) for i in range(len(edges) + 1)])
    assert grouping.group({"x": value}, {}) == int(np.searchsorted(ordered, value, side="right"))


def test_what_is_not_known_is_in_no_group() -> None:
    number = Grouping(attribute="a", field="x", edges=[1.0], names=["low", "high"])
    named = Grouping(attribute="b", field="y", names=["one", "two"])
    for record in ({}, {"x": None, "y": None}, {"x": "1", "y": "three"}, {"x": float("nan"), "y": 2}):
        assert number.group(record, {}) == named.group(record, {}) == -1
    assert named.group({"y": "two"}, {}) == 1


def test_groupings_follow_the_bundle(tmp_path: Path) -> None:
    frame = Frame.of(load_bundle(watched.bundle(tmp_path / "bundle")))
    age, region = frame.groupings
    assert (age.source, age.edges) == ("profile", [30.0, 45.0, 65.0])
    assert region.names == ["city", "town", "village"]
    assert frame.family_tasks.keys() == set(frame.families)


def test_reference_counts_as_the_bundle_was_counted() -> None:
    reference = Reference.of(tiny_bundle.schema(), watched.psi())
    counts = reference.count(tiny_bundle.rows())
    assert (counts.sum(axis=1) == tiny_bundle.ROWS).all()
    np.testing.assert_allclose(counts / tiny_bundle.ROWS, reference.shares, atol=1e-9)
