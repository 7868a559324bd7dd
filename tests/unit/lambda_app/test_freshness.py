"""Old records are left to the rules, records from the future are refused, and both are recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from lambda_app.freshness import freshness

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _judged(as_of: str, limit: int | None = 30) -> tuple[int | None, str, str]:
    found = freshness(tiny_bundle.customer().model_copy(update={"as_of": as_of}), limit, NOW)
    return found.days, found.refused, found.stale


@pytest.mark.parametrize(
    ("as_of", "days"), [("2026-11-21", 0), ("2026-11-22", 0), ("2026-10-22", 30), ("2026-11-20T23:59:59+09:00", 1)]
)
def test_a_record_within_the_limit_is_fit(as_of: str, days: int) -> None:
    assert _judged(as_of) == (days, "", "")


def test_a_record_past_the_limit_is_stale() -> None:
    assert _judged("2026-10-21") == (31, "", "the record is 31 days old, the limit is 30")


@pytest.mark.parametrize("as_of", ["2026-11-23", "2027-01-01", "9999-12-31", "2026-11-23T01:00:00+00:00"])
def test_a_record_from_the_future_is_refused_whatever_the_limit(as_of: str) -> None:
    for limit in (30, None):
        assert _judged(as_of, limit)[1:] == ("the record is dated in the future", "")


@pytest.mark.parametrize("as_of", ["unknown", "", "2026-13-01"])
def test_a_date_that_cannot_be_read_is_stale_where_a_limit_is_set(as_of: str) -> None:
    assert _judged(as_of) == (None, "", "the record is not dated")
    assert _judged(as_of, None) == (None, "", "")


def _limited(tmp_path: Path, days: int) -> Path:
    catalog = tiny_bundle.catalog().model_dump(mode="json")
    catalog["policy"]["max_record_age_days"] = days
    return tiny_bundle.write(
        tmp_path / "bundle", tiny_bundle.files(**{"catalog.json": tiny_bundle.canonical_json(catalog)})
    )


def _put(function: Any, days_ago: int) -> None:
    as_of = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
    function.store.put_records([tiny_bundle.customer().model_copy(update={"as_of": as_of})])


def test_the_limit_of_the_bundle_sends_old_records_to_the_rules(make_function: Any, tmp_path: Path) -> None:
    function = make_function(_limited(tmp_path, 10))
    _put(function, 10)
    assert function.recommend()[1]["tasks"]["signups"]["layer"] == "distilled"
    _put(function, 11)
    status, answer = function.recommend()
    assert status == 200
    assert {task["layer"] for task in answer["tasks"].values()} == {"rules"}
    assert answer["tasks"]["signups"]["steps"][0] == "distilled: the record is 11 days old, the limit is 10"
    # The rules still look at the customer: the young have a rate of their own.
    assert answer["recommendations"]


def test_without_a_limit_the_answer_tells_the_date(function: Any) -> None:
    _put(function, 4000)
    _, answer = function.recommend()
    assert answer["tasks"]["signups"]["layer"] == "distilled"
    assert answer["features_as_of"] < "2020"


def test_nothing_is_decided_on_a_record_from_the_future(function: Any) -> None:
    _put(function, -3)
    status, answer = function.recommend()
    assert (status, answer["recommendations"], answer["features_as_of"]) == (200, [], None)
    assert {d["reason"] for d in answer["dropped"]} >= {"suitability: risk tolerance unknown"}
    assert answer["tasks"]["signups"]["steps"][0] == "distilled: the record is dated in the future"
    (entry,) = function.entries()
    assert function.payload(entry)["record"] is None
