"""A repeated request gets its first answer, whatever was lost, raced, rotated or killed in between; on both stores."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import tiny_bundle
from choices import choose
from cloud_tables import dynamodb_url

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.audit import Keyring, fsck, open_keyring
from understudy.stores import StoreError, documents, open_store

BODY = {"customer_id": "c-1", "locale": "en"}
Ask = Callable[..., tuple[int, Any]]


class Bank:
    """The function on a store, asked with an idempotency key; ``calls`` are DynamoDB's operations."""

    def __init__(self, folder: Path, bundle: Path, url: str) -> None:
        self.keys = folder / "keys.json"
        Keyring.create(self.keys)
        self.bundle, self.url = bundle, url
        self.store = open_store(url)
        self.store.put_records([tiny_bundle.customer(), tiny_bundle.customer("c-2")])
        self.calls: list[str] = []
        self.app = self.start()

    def start(self) -> App:
        keys = f"file://{self.keys}"
        self.app = App(
            Settings(understudy_bundle=str(self.bundle), understudy_store=self.url, understudy_audit_keys=keys)
        )
        client = getattr(self.app.backing.store, "_client", None)
        if client is not None:
            client.meta.events.register("before-call.dynamodb", lambda model, **_: self.calls.append(model.name))
        return self.app

    def ask(
        self, key: str | None, body: Any = None, path: str = "/v1/recommendations", principal: str | None = None
    ) -> tuple[int, Any]:
        event = tiny_bundle.event("POST", path, BODY if body is None else body)
        event["headers"] |= {} if key is None else {"Idempotency-Key": key}
        if principal is not None:
            event["requestContext"]["authorizer"] = {"iam": {"userArn": principal}}
        self.calls.clear()
        response = entry.handler(event, None)
        self.headers = response["headers"]
        return response["statusCode"], json.loads(response["body"])

    def decided(self) -> int:
        return sum(json.loads(row[3])["kind"] == "model_inference" for row in self.store.entries())

    def verdict(self) -> str:
        return fsck(self.store, open_keyring(f"file://{self.keys}")).verdict


@pytest.fixture(params=["sqlite", "dynamodb"])
def bank(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle_directory: Path
) -> Iterator[Bank]:
    def make(url: str) -> Bank:
        made = Bank(tmp_path, bundle_directory, url)
        monkeypatch.setattr(entry, "application", lambda: made.app)
        return made

    if request.param == "sqlite":
        yield make(f"sqlite://{tmp_path / 'store.sqlite'}")
        return
    with dynamodb_url() as url:
        yield make(url)


def test_the_same_key_and_body_get_the_first_answer(bank: Bank) -> None:
    status, first = bank.ask("k-1")
    assert status == 200
    assert "idempotency-replayed" not in bank.headers
    bank.start()  # another environment
    assert bank.ask("k-1") == (200, first)
    assert bank.headers["idempotency-replayed"] == "true"
    assert bank.ask("k-1", json.dumps(BODY, indent=3)) == (200, first), "white space is no other body"
    assert bank.decided() == 1
    assert bank.verdict() == "clean"


def test_the_same_key_with_another_body_is_refused(bank: Bank) -> None:
    bank.ask("k-1")
    status, problem = bank.ask("k-1", BODY | {"top_k": 1})
    assert (status, problem["status"]) == (422, 422)
    assert bank.ask("k-1", BODY | {"customer_id": "c-2"})[0] == 422
    assert bank.decided() == 1


def test_keys_belong_to_their_caller_and_route(bank: Bank) -> None:
    for principal in (None, "arn:one", "arn:two"):
        assert bank.ask("k-1", principal=principal)[0] == 200
    batch = {"items": [BODY]}
    assert bank.ask("k-1", batch, "/v1/recommendations/batch")[0] == 200
    assert bank.decided() == 4
    assert bank.ask(None)[0] == bank.ask(None)[0] == 200
    assert bank.decided() == 6


def test_reads_and_writes_are_no_more_than_without_a_key(bank: Bank) -> None:
    bank.ask(None)
    plain = list(bank.calls)
    bank.ask("k-1")
    assert bank.calls == plain
    bank.ask("k-1")
    if plain:
        assert plain == ["BatchGetItem", "TransactWriteItems"]
        assert bank.calls == ["BatchGetItem", "GetItem"], "two reads, and no write"


def test_after_a_day_the_key_is_new(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = bank.ask("k-1")
    for hours, decided in ((23.9, 1), (24.1, 2)):
        later = int((datetime.now(UTC) + timedelta(hours=hours)).timestamp())
        for module in (documents, *_users_of_now()):
            monkeypatch.setattr(module, "now_seconds", lambda later=later: later)
        status, again = bank.ask("k-1")
        assert status == 200
        assert bank.decided() == decided
        assert (again["request_id"] == first["request_id"]) == (decided == 1)


def _users_of_now() -> list[Any]:
    from understudy.stores.dynamodb import documents as cloud
    from understudy.stores.sqlite import documents as embedded

    return [cloud, embedded]


def test_a_rotation_in_between_does_no_harm(bank: Bank) -> None:
    _, first = bank.ask("k-1")
    ring = json.loads(bank.keys.read_text())
    bank.keys.write_text(json.dumps(ring | {"active": "k2", "k2": "ab" * 32}))
    bank.start()
    assert bank.ask("k-1") == (200, first)
    assert bank.decided() == 1


def test_an_answer_that_was_lost_is_given_again(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    store = bank.app.backing.store
    write = store.put_entry

    def deaf(*args: Any, **options: Any) -> None:
        write(*args, **options)
        raise StoreError("the connection was reset")

    with monkeypatch.context() as fault:
        fault.setattr(store, "put_entry", deaf)
        assert bank.ask("k-1")[0] == 503
    status, answer = bank.ask("k-1")
    assert status == 200
    assert bank.headers["idempotency-replayed"] == "true"
    assert answer["recommendations"]
    assert bank.decided() == 1


def test_a_key_whose_claim_was_not_read_is_still_decided_once(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("no quorum")

    bank.ask("k-1")
    with monkeypatch.context() as fault:
        fault.setattr(bank.app.backing.store, "read_context", fail)
        status, problem = bank.ask("k-1")
    assert (status, bank.headers["retry-after"]) == (409, "1")
    assert "recommendations" not in problem
    assert bank.decided() == 1
    assert bank.verdict() == "clean"


def test_of_concurrent_requests_one_is_decided(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """All have read, and found no claim, before any writes."""
    if bank.url.startswith("dynamodb"):
        pytest.skip("the fake service is not made for threads")
    together = threading.Barrier(4, timeout=20)
    decide = bank.app.decider.decide

    def at_once(*args: Any, **options: Any) -> Any:
        together.wait()
        return decide(*args, **options)

    with monkeypatch.context() as race:
        race.setattr(bank.app.decider, "decide", at_once)
        with ThreadPoolExecutor(4) as pool:
            statuses = sorted(status for status, _ in pool.map(lambda _: bank.ask("k-1"), range(4)))
    assert statuses == [200, 409, 409, 409]
    assert bank.ask("k-1")[0] == 200
    assert bank.decided() == 1
    assert bank.verdict() == "clean"


def test_a_repeated_batch_completes_what_was_left(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    store = bank.app.backing.store
    write, calls = store.put_entry, []

    def sometimes(*args: Any, **options: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise StoreError("disk full")
        write(*args, **options)

    body, path = {"items": [BODY, BODY | {"customer_id": "c-2"}, BODY]}, "/v1/recommendations/batch"
    with monkeypatch.context() as fault:
        fault.setattr(store, "put_entry", sometimes)
        _, first = bank.ask("k-1", body, path)
    assert [item["status"] for item in first["items"]] == [200, 503, 200]
    _, again = bank.ask("k-1", body, path)
    assert [item["status"] for item in again["items"]] == [200, 200, 200]
    assert (again["items"][0], again["items"][2]) == (first["items"][0], first["items"][2])
    assert bank.decided() == 3
    assert bank.ask("k-1", {"items": [BODY]}, path)[0] == 422


def test_an_objection_in_between_does_not_change_what_was_answered(bank: Bank) -> None:
    _, first = bank.ask("k-1")
    choose(bank.store, "c-1", opted_out=True)
    assert bank.ask("k-1") == (200, first)
    assert {task["layer"] for task in bank.ask("k-2")[1]["tasks"].values()} == {"rules"}


@pytest.mark.parametrize("key", ["", " ", "has space", "x" * 256, "k\n", "키"])
def test_a_malformed_key_is_refused_and_not_repeated(bank: Bank, key: str) -> None:
    status, problem = bank.ask(key)
    assert (status, problem["errors"][0]["field"]) == (400, "idempotency-key")
    assert key.strip() == "" or key not in json.dumps(problem, ensure_ascii=False)
    assert bank.decided() == 0


def test_the_store_never_sees_a_key_or_a_body(bank: Bank, tmp_path: Path) -> None:
    bank.ask("hong-gildong-2026")
    if bank.url.startswith("sqlite"):
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))
    else:
        stored = json.dumps(boto3.client("dynamodb").scan(TableName=f"{bank.url[11:]}-oversight")["Items"]).encode()
    assert b"idempotency#" in stored
    assert b"hong" not in stored
