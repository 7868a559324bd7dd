"""What a confirmed breach sets off: once, audited, and by policy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from agents.evidence import History
from agents.monitors import (
    Breach,
    Executors,
    FolderAlarms,
    MonitorConfig,
    Policy,
    SnsAlarms,
    StoredKillSwitches,
    act,
    open_retraining,
)
from understudy.audit import AuditLog, Keyring, fsck
from understudy.contracts.oversight import KillSwitches
from understudy.contracts.watch import Evidence
from understudy.errors import UserError
from understudy.objects import open_objects
from understudy.stores import ServingStore, open_store
from understudy.stores.oversight import SWITCHES

DAY, NEXT, LATER = "2026-03-05", "2026-03-06", "2026-03-12"
NOW = "2026-03-06T02:00:00+00:00"


@pytest.fixture
def breach() -> Breach:
    return Breach(
        rule="fairness_severe",
        measurement="fairness_di_min",
        severity="critical",
        title="gender=f, offer of investments: disparate impact 0.41",
        cause="the scores treat this group otherwise",
        since="2026-03-04",
        evidence=[Evidence(kind="audit", ref="x")],
        target="task:next",
    )


class Bank:
    """Store, log and executors on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keyring = Keyring.create(root / "keys.json")
        self.store: ServingStore = open_store(f"sqlite://{root / 'store.sqlite'}")
        log = AuditLog(self.store, self.keyring, "ops-agent")
        self.executors = Executors(
            log=log,
            since=NOW,
            alarms=FolderAlarms(open_objects(str(root))),
            switches=StoredKillSwitches(self.store, log),
            retraining=open_retraining(str(root / "events")),
        )

    def entries(self) -> list[dict[str, Any]]:
        assert fsck(self.store, self.keyring).verdict == "clean"
        return [json.loads(row[3])["payload"] for row in self.store.entries()]

    def switches(self) -> list[str]:
        found = self.store.read_documents([SWITCHES]).get(SWITCHES)
        return [one.name for one in KillSwitches.model_validate_json(found.text).switches] if found else []


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def _policy(**rules: Any) -> MonitorConfig:
    return MonitorConfig(policy=Policy(**rules))


def test_by_default_a_person_decides_about_a_kill_switch(bank: Bank, breach: Breach, history: History) -> None:
    done = act(DAY, [breach], MonitorConfig(), bank.executors, history)
    assert [one["action"] for one in done] == ["alarm", "propose_kill_switch"]
    assert "a person decides" in done[1]["done"]
    assert bank.switches() == []
    (alarm,) = (bank.root / "alarms").glob("*.json")
    assert "Since: 2026-03-04" in json.loads(alarm.read_bytes())["text"]
    assert [one["operation"] for one in bank.entries()] == ["monitor_action"] * 2
    assert {one["operator"] for one in bank.entries()} == {"ops-agent"}


def test_a_policy_may_stop_the_task_by_itself(bank: Bank, breach: Breach, history: History) -> None:
    config = _policy(fairness_severe=("kill_switch",))
    (done,) = act(DAY, [breach], config, bank.executors, history)
    assert done["done"] == "task:next: rules"
    assert bank.switches() == ["task:next"]
    switched, told = bank.entries()
    assert (switched["operation"], switched["switch"]["operator"]) == ("set_kill_switch", "ops-agent")
    assert told["action"] == "kill_switch"


def test_a_switch_that_a_person_has_set_stays_theirs(bank: Bank, breach: Breach, history: History) -> None:
    setter = bank.executors.switches
    assert setter is not None
    config = _policy(fairness_severe=("kill_switch",))
    act(DAY, [breach], config, bank.executors, history)
    (again,) = act(LATER, [breach], config, bank.executors, history)
    assert again["done"] == "task:next was set already, by ops-agent"
    assert len([one for one in bank.entries() if one["operation"] == "set_kill_switch"]) == 1


def test_a_product_is_disabled(bank: Bank, breach: Breach, history: History) -> None:
    herd = replace(breach, rule="concentration", target="product:p-1", severity="major")
    (done,) = act(DAY, [herd], _policy(concentration=("kill_switch",)), bank.executors, history)
    assert done["done"] == "product:p-1: disable"


def test_a_day_that_runs_again_sets_nothing_off_again(bank: Bank, breach: Breach, history: History) -> None:
    once = act(DAY, [breach], MonitorConfig(), bank.executors, history)
    assert act(DAY, [breach], MonitorConfig(), bank.executors, history) == once
    assert len(bank.entries()) == 2


def test_what_was_interrupted_goes_on(bank: Bank, breach: Breach, history: History) -> None:
    class Broken:
        def ask(self, day: str, reasons: Any) -> str:
            raise UserError("the bus is away", exit_code=5)

    config = _policy(fairness_severe=("alarm", "retrain"))
    with pytest.raises(UserError):
        act(DAY, [breach], config, replace(bank.executors, retraining=Broken()), history)
    done = act(DAY, [breach], config, bank.executors, history)
    assert [one["action"] for one in done] == ["alarm", "retrain"]
    assert [one["action"] for one in bank.entries()] == ["alarm", "retrain"]


def test_a_breach_that_lasts_is_told_again_after_a_week(bank: Bank, breach: Breach, history: History) -> None:
    assert act(DAY, [breach], MonitorConfig(), bank.executors, history)
    assert act(NEXT, [breach], MonitorConfig(), bank.executors, history) == []
    assert len(act(LATER, [breach], MonitorConfig(), bank.executors, history)) == 2


def test_a_breach_that_grows_worse_is_told_at_once(bank: Bank, breach: Breach, history: History) -> None:
    mild = replace(breach, severity="major")
    act(DAY, [mild], MonitorConfig(), bank.executors, history)
    assert len(act(NEXT, [breach], MonitorConfig(), bank.executors, history)) == 2


def test_a_new_model_is_asked_for(bank: Bank, breach: Breach, history: History) -> None:
    due = replace(breach, rule="retrain", severity="minor", target="global")
    done = act(DAY, [due], MonitorConfig(), bank.executors, history)
    event = json.loads((bank.root / "events" / "retrain" / f"{DAY}.json").read_bytes())
    assert (event["source"], event["detail-type"]) == ("understudy", "Drift")
    assert done[1]["done"].endswith(f"retrain/{DAY}.json")


def test_what_nobody_can_do_is_said(bank: Bank, breach: Breach, history: History) -> None:
    alone = Executors(log=bank.executors.log, since=NOW)
    config = _policy(fairness_severe=("alarm", "kill_switch", "retrain"))
    assert all(one["done"].startswith("not done") for one in act(DAY, [breach], config, alone, history))


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
    ):
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("region")
def test_in_the_cloud_alarms_go_to_sns_and_events_to_the_bus() -> None:
    with mock_aws():
        topic = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
        queue = boto3.client("sqs").create_queue(QueueName="seen")["QueueUrl"]
        arn = "arn:aws:sqs:eu-west-1:123456789012:seen"
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        assert SnsAlarms(topic).tell(DAY, "major", "기능 drift", "text") == topic
        (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        body = json.loads(message["Body"])
        assert body["Subject"] == "[major] ?? drift"
        assert "기능 drift" in body["Message"]
        events = open_retraining("events://default")
        assert events is not None
        assert events.ask(DAY, {"rule": "drift"}) == "events://default"
        with pytest.raises(UserError):
            SnsAlarms("arn:aws:sns:eu-west-1:123456789012:none").tell(DAY, "major", "x", "y")


def test_every_rule_has_a_policy() -> None:
    with pytest.raises(AssertionError):
        Breach("unknown", "x", "minor", "t", "c", DAY, [])
