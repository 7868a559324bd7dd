"""The scheduled runs: kept once, recorded, and told to people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import audited
import boto3
import pytest
from moto import mock_aws

from agents.watch.handlers import nightly_fsck, nightly_ops, quarterly_audit, weekly_audit
from agents.watch.keeping import publish
from agents.watch.settings import asked_day
from understudy.clock import turned
from understudy.errors import UserError

DAY = audited.WEEK.last
EVENT = {"day": DAY}


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with turned(lambda: audited.NEXT):
        yield


@pytest.fixture
def week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> audited.Week:
    made = audited.Week(tmp_path, customers=7)
    for name, value in made.settings.model_dump(exclude_none=True).items():
        monkeypatch.setenv(name.upper(), str(value))
    return made


def report(week: audited.Week, name: str) -> dict[str, Any]:
    folder = Path(week.settings.understudy_reports.removeprefix("file://"))
    assert (folder / f"{name}.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    return found


def items(found: dict[str, Any]) -> dict[str, str]:
    return {one["item"]["id"]: one["status"] for one in found["items"]}


def entries(week: audited.Week, writer: str) -> list[dict[str, Any]]:
    rows = [row for row in week.world.store.entries() if row[0] == writer.encode()]
    return [json.loads(row[3])["payload"] for row in rows]


def test_the_log_is_verified_then_the_day_is_judged(week: audited.Week) -> None:
    log = nightly_fsck(EVENT, None)
    assert (log["verdict"], log["new"], log["told"]) == ("clean", True, 0)
    kept = report(week, f"audit/nightly/{DAY}")
    assert (kept["risk"], items(kept)) == ("LOW", {"P6-07": "PASS"})
    day = nightly_ops(EVENT, None)
    found = report(week, f"ops/{DAY}")
    statuses = items(found)
    assert len(statuses) == 53
    assert {statuses[one] for one in ("P6-02", "P6-03", "P6-07", "P6-08", "P5-10", "P4-03")} == {"PASS"}
    assert {statuses[one] for one in ("P1-07", "P3-04", "P5-01")} == {"UNKNOWN"}, "nobody told of them"
    assert found["colour"] == day["colour"]
    (entry,) = [one for one in entries(week, "ops-agent") if one["operation"] == "report"]
    assert (entry["sha256"], entry["level"]) == (day["sha256"], day["colour"])


def test_a_night_without_a_verification_does_not_know_the_log(week: audited.Week) -> None:
    nightly_ops(EVENT, None)
    assert items(report(week, f"ops/{DAY}"))["P6-07"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("run", "writer"),
    [
        (nightly_fsck, "fsck-agent"),
        (nightly_ops, "ops-agent"),
        (weekly_audit, "audit-agent"),
        (quarterly_audit, "audit-agent"),
    ],
)
def test_a_second_run_changes_and_appends_nothing(week: audited.Week, run: Any, writer: str) -> None:
    first = run(EVENT, None)
    before = report(week, first["report"])
    recorded = entries(week, writer)
    assert first["new"]
    assert any(one.get("report") == first["report"] for one in recorded)
    second = run(EVENT, None)
    assert not second["new"]
    assert second["told"] == 0
    assert report(week, first["report"]) == before
    assert entries(week, writer) == recorded


def test_damage_is_told_at_once_by_both_and_is_critical(week: audited.Week, monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        topic, messages = subscribed()
        monkeypatch.setenv("UNDERSTUDY_ALARM_TOPIC", topic)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        assert nightly_fsck(EVENT, None)["told"] == 0
        assert nightly_ops(EVENT, None)["told"] == 0
        place = week.tamper()
        assert nightly_fsck(EVENT, None)["verdict"] == "damaged"
        told = nightly_ops(EVENT, None)
        assert told["colour"] == "RED"
        assert "audit_chain" in told["findings"]
        found = [one for one in messages() if "MessageAttributes" in one]  # monitors' own alarms have none
        assert [one["MessageAttributes"]["severity"]["Value"] for one in found] == ["critical", "critical"]
        assert all(place.split("/")[0] in one["Message"] for one in found)
    kept = report(week, f"ops/{DAY}")
    (incident,) = [one for one in kept["incidents"] if one["finding"] == "audit_chain"]
    assert (incident["severity"], incident["due"][:13]) == ("critical", "2026-11-23T03")
    assert report(week, f"audit/nightly/{DAY}")["risk"] == "HIGH"


def test_reports_are_kept_in_a_bucket(week: audited.Week, monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="reports")
        monkeypatch.setenv("UNDERSTUDY_REPORTS", "s3://reports/watch")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        nightly_fsck(EVENT, None)
        nightly_ops(EVENT, None)
        names = [item["Key"] for item in client.list_objects_v2(Bucket="reports")["Contents"]]
    for name in (f"watch/ops/{DAY}.json", f"watch/ops/{DAY}.html", f"watch/audit/nightly/{DAY}.json"):
        assert name in names


def test_a_banks_own_thresholds_are_used(week: audited.Week, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[P6-03]\nwarn = 2\nfail = 5\nwhy = "the bank renews it before every week"\n')
    monkeypatch.setenv("UNDERSTUDY_CHECKLIST", str(path))
    nightly_ops(EVENT, None)
    assert items(report(week, f"ops/{DAY}"))["P6-03"] == "FAIL"


def test_by_itself_a_run_takes_the_day_that_ended_last() -> None:
    assert asked_day({}) == DAY
    assert asked_day({"day": "2026-11-01"}) == "2026-11-01"


@pytest.mark.parametrize("day", ["2026-11-23", "2027-01-01", "yesterday"])
def test_a_day_that_has_not_ended_is_refused(day: str) -> None:
    with pytest.raises(UserError):
        asked_day({"day": day})


def test_without_a_topic_nobody_is_told_and_subjects_fit_sns() -> None:
    assert publish(None, [("major", "subject", "text")]) == 0
    with mock_aws():
        topic, messages = subscribed()
        assert publish(topic, [("major", f"감사 {'x' * 200}", "text")]) == 1
        (found,) = messages()
    assert len(found["Subject"]) <= 100
    assert found["Subject"].startswith("?? x")


def subscribed() -> tuple[str, Any]:
    """A topic, and a function that returns what was published."""
    region = "us-east-1"
    sns, sqs = boto3.client("sns", region_name=region), boto3.client("sqs", region_name=region)
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="people")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{region}:123456789012:people")

    def messages() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    return topic, messages
