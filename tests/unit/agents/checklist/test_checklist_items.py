"""The checklist as data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agents.checklist import load_items, status_of
from agents.checklist.document import as_markdown
from agents.checklist.items import unreachable
from agents.checklist.registry import registered
from agents.monitors import Policy
from agents.ops_agent.breaches import load_rules
from agents.ops_agent.causes import load_causes
from understudy.contracts.watch import Item
from understudy.errors import UserError

ROOT = Path(__file__).resolve().parents[4]
ITEMS = load_items()
MONITORED = {"latency_p99_ms", "error_rate", "psi_max", "ks_min_p", "staleness_hours_p99", "read_error_rate"}
MONITORED |= {"concentration_top10", "nba_entropy", "srm_p"}


def item(**fields: Any) -> Item:
    whole = {"id": "P1-01", "part": "P1", "title": "t", "measurement": "m", "direction": "above", "owner": "o"} | fields
    return Item.model_validate(whole)


def test_there_are_53_items_in_six_parts() -> None:
    assert len({one.id for one in ITEMS}) == 53
    assert Counter(one.part for one in ITEMS) == {"P1": 7, "P2": 9, "P3": 9, "P4": 10, "P5": 10, "P6": 8}


def test_every_item_is_measured_by_one_function_or_one_monitor() -> None:
    assert {one.measurement for one in ITEMS} == registered().keys() | MONITORED
    assert not registered().keys() & MONITORED


def test_every_item_and_every_line_of_the_policy_has_words() -> None:
    assert load_causes().keys() == {one.measurement for one in ITEMS}
    assert load_rules().keys() == Policy.model_fields.keys()
    known = {one.id for one in ITEMS}
    assert all(set(rule.items) <= known for rule in load_rules().values())


def test_the_documentation_is_made_from_the_items() -> None:
    assert (ROOT / "docs" / "checklist.md").read_text(encoding="utf-8") == as_markdown(ITEMS)


def test_a_bank_sets_its_own_thresholds(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[P5-03]\nwarn = 0.08\nfail = 0.2\nwhy = "strict profile of the risk committee"\n')
    changed = {one.id: one for one in load_items(path)}
    assert (changed["P5-03"].warn, changed["P5-03"].fail) == (0.08, 0.2)
    assert changed["P5-04"] == next(one for one in ITEMS if one.id == "P5-04")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[P9-01]\nfail = 1\nwhy = "no such item here"\n', "no such item"),
        ("[P5-03]\nfail = 0.2\n", "why"),
        ('[P5-03]\nlimit = 0.2\nwhy = "an unknown key of it"\n', "unknown key"),
        ('[P5-02]\nfail = 1.5\nwhy = "a share above one"\n', "do not lie in what it can take"),
        ('[P5-03]\nwarn = 0.3\nwhy = "it would fail first"\n', "before it warns"),
        ('[P6-07]\nfail = 1\nwhy = "it is there or not"\n', "has no thresholds"),
        ("[P5-03\n", "not valid TOML"),
    ],
)
def test_thresholds_that_cannot_be_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(UserError) as refused:
        load_items(path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "reachable"),
    [
        ({"warn": 0.1, "fail": 0.2, "range": (0, 1)}, True),
        ({"fail": 0, "range": (0, None)}, False),  # it would always fail
        ({"fail": 1.2, "range": (0, 1)}, False),  # it never could
        ({"warn": 0.1}, False),  # nothing to fail at
        ({"direction": "below", "warn": 0.98, "fail": 0.97, "range": (0, None)}, True),
        ({"direction": "below", "warn": 0.97, "fail": 0.98, "range": (0, None)}, False),
        ({"direction": "outside", "warn": 0.8, "fail": 1.25, "range": (0, None)}, True),
        ({"direction": "outside", "warn": 0.0, "fail": 1.0, "range": (0, 1)}, False),  # nothing lies outside
        ({"direction": "outside", "warn": 0.8, "range": (0, None)}, False),
        ({"direction": "present"}, True),
    ],
)
def test_reachability(fields: dict[str, Any], reachable: bool) -> None:
    assert (unreachable(item(**fields)) is None) == reachable


@pytest.mark.parametrize(
    ("fields", "statuses"),
    [
        ({"warn": 1, "fail": 2}, {0.9: "PASS", 1: "WARN", 1.9: "WARN", 2: "FAIL", None: "UNKNOWN"}),
        ({"fail": 1}, {0: "PASS", 1: "FAIL"}),
        ({"direction": "below", "warn": 2, "fail": 1}, {2: "PASS", 1.9: "WARN", 1: "WARN", 0.9: "FAIL"}),
        ({"direction": "outside", "warn": 1, "fail": 2}, {0.9: "FAIL", 1: "PASS", 2: "PASS", 2.1: "FAIL"}),
        ({"direction": "present"}, {1: "PASS", 0: "FAIL", 0.5: "FAIL", None: "UNKNOWN"}),
    ],
)
def test_status(fields: dict[str, Any], statuses: dict[float | None, str]) -> None:
    assert {value: status_of(item(**fields), value) for value in statuses} == statuses
