"""With a language model configured, a request is two read round trips and one write, however orders fare."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import tiny_bundle
from moto import mock_aws

from agents.bedrock.prompts import load_prompt
from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.audit import Keyring
from understudy.contracts.sentences import SentenceKey, StoredSentence
from understudy.queues import open_queue
from understudy.stores.tables import TABLES

READS = {"GetItem", "BatchGetItem", "Query", "TransactGetItems", "Scan"}
MODEL = "amazon.nova-lite-v1:0"


class Cloud:
    """The application on its tables and its queue."""

    def __init__(self, folder: Path, bundle: Path, queue: str) -> None:
        Keyring.create(folder / "keys.json")
        self.queue = open_queue(queue)
        self.app = App(
            Settings(
                understudy_bundle=str(bundle),
                understudy_store="dynamodb://test",
                understudy_audit_keys=f"file://{folder / 'keys.json'}",
                understudy_reason_model=MODEL,
                understudy_reason_queue=queue,
            )
        )
        self.store: Any = self.app.backing.store
        self.calls: list[str] = []
        self.store._client.meta.events.register("before-call.dynamodb", self._on_call)

    def _on_call(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)

    def reasons(self) -> list[Any]:
        self.calls.clear()
        response = entry.handler(tiny_bundle.event(body={"customer_id": "c-1", "locale": "en"}), None)
        assert response["statusCode"] == 200
        return [one["reason"] for one in json.loads(response["body"])["recommendations"] if one["reason"]["facts"]]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle_directory: Path) -> Iterator[Cloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    with mock_aws():
        for table in TABLES:
            keys = [(table.partition, "HASH")] + ([(table.sort, "RANGE")] if table.sort else [])
            boto3.client("dynamodb").create_table(
                TableName=table.name("test"),
                KeySchema=[{"AttributeName": key[0], "KeyType": role} for key, role in keys],
                AttributeDefinitions=[{"AttributeName": key[0], "AttributeType": key[1]} for key, _ in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        queue = boto3.client("sqs").create_queue(QueueName="sentences")["QueueUrl"]
        made = Cloud(tmp_path, bundle_directory, queue)
        made.store.put_records([tiny_bundle.customer()])
        monkeypatch.setattr(entry, "application", lambda: made.app)
        yield made
        made.store.close()


def test_two_reads_one_write_and_the_orders_beside_them(cloud: Cloud) -> None:
    cloud.reasons()  # the customer's key is made with the first entry
    told = cloud.reasons()
    assert len([call for call in cloud.calls if call in READS]) == 2
    assert len([call for call in cloud.calls if call not in READS]) == 1
    assert {reason["source"] for reason in told} == {"template"}
    jobs: list[Any] = []
    for _ in range(100):
        jobs += cloud.queue.receive()
        if len(jobs) >= len(told):
            break
        time.sleep(0.05)
    keys = [SentenceKey.model_validate_json(job.body) for job in jobs]
    assert {key.signature for key in keys} == {reason["signature"] for reason in told}
    assert {key.prompt for key in keys} == {load_prompt("reason_sentence").label}


def test_a_written_sentence_is_found_in_the_same_two_reads(cloud: Cloud) -> None:
    for reason in cloud.reasons():
        slots = " and ".join(f"{{fact{n}}}" for n in range(1, len(reason["facts"]) + 1))
        for product in tiny_bundle.catalog().products:
            key = SentenceKey(
                signature=reason["signature"],
                product=product.id,
                locale="en",
                channel="branch",
                prompt=load_prompt("reason_sentence").label,
                model=MODEL,
            )
            text = f"Thinking of {slots}, {{product}} may suit you."
            cloud.store.put_sentence(StoredSentence(key=key, status="ready", text=text, written_at="2026-11-21"))
    told = cloud.reasons()
    assert {reason["source"] for reason in told} == {"llm"}
    assert all(reason["text"].startswith("Thinking of") for reason in told)
    assert len([call for call in cloud.calls if call in READS]) == 2
