"""Reasons with a language model beside the path: alive, dead, slow or hostile, the request is answered, and safely."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle
from sentence_bank import CUSTOMERS, Bank, open_bank

from agents.reason_generator.worker import SentenceWorker
from lambda_app import handler as entry
from lambda_app.app import App
from understudy.audit import fsck, open_keyring
from understudy.contracts.sentences import StoredSentence
from understudy.local.fake_bedrock import MODES
from understudy.local.scripted_sentences import HOSTILE


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle_directory: Path) -> Iterator[Bank]:
    with open_bank(tmp_path, monkeypatch, bundle_directory) as opened:
        yield opened


@pytest.mark.parametrize("locale", ["ko", "en"])
@pytest.mark.parametrize("channel", ["branch", "app"])
def test_a_sentence_is_ordered_written_and_used(bank: Bank, locale: str, channel: str) -> None:
    first = bank.ask(locale=locale, channel=channel)
    told = [reason for reason in first if reason["facts"]]
    assert told
    assert {reason["source"] for reason in told} == {"template"}
    assert bank.work() == {"jobs": len(told), "again": 0}
    second = [reason for reason in bank.ask(locale=locale, channel=channel) if reason["facts"]]
    assert {reason["source"] for reason in second} == {"llm"}
    assert [reason["text"] for reason in second] != [reason["text"] for reason in told]
    assert [reason["facts"] for reason in second] == [reason["facts"] for reason in told]
    assert bank.queue.receive(10) == [], "nothing is ordered twice"


def test_customers_of_one_signature_share_the_sentence_but_not_the_numbers(bank: Bank) -> None:
    bank.ask("c-1")
    bank.work()
    one, two = bank.ask("c-1"), bank.ask("c-2")
    shared = [
        (a["text"], b["text"])
        for a, b in zip(one, two, strict=False)
        if a["source"] == b["source"] == "llm" and a["signature"] == b["signature"]
    ]
    assert shared
    assert any("4 overseas" in a and "7 overseas" in b for a, b in shared)
    assert all(re.sub(r"\d", "#", a) == re.sub(r"\d", "#", b) for a, b in shared)


def test_no_data_of_a_customer_reaches_the_model(bank: Bank) -> None:
    for customer in CUSTOMERS:
        bank.ask(customer)
    bank.work()
    assert bank.bedrock.received
    record = tiny_bundle.customer("c-1")
    sent = json.dumps([body for _, body in bank.bedrock.received], ensure_ascii=False)
    assert "c-1" not in sent
    assert "c-2" not in sent
    user_turns = " ".join(
        block["text"] for _, body in bank.bedrock.received for m in body["messages"] for block in m["content"]
    )
    assert not re.search(r"\d", re.sub(r"fact[123]", "", user_turns)), "not one digit, so no value of any feature"
    assert not any(str(value) in user_turns for value in record.features.values() if isinstance(value, str))


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("success", "repairable")])
def test_whatever_bedrock_does_the_request_is_answered_by_the_template(bank: Bank, mode: Any) -> None:
    bank.bedrock.mode, bank.bedrock.delay = mode, 2.5
    before = bank.ask()
    outcome = bank.work()
    unavailable = mode in ("throttling", "unavailable", "slow", "reset")
    assert outcome["again"] == (outcome["jobs"] if unavailable else 0)
    after = bank.ask()
    assert [reason["text"] for reason in after] == [reason["text"] for reason in before]
    assert {reason["source"] for reason in after if reason["facts"]} == {"template"}
    assert fsck(bank.store, open_keyring(f"file://{bank.folder / 'keys.json'}")).exit_code == 0


def test_a_repaired_answer_is_used(bank: Bank) -> None:
    bank.bedrock.mode = "repairable"
    bank.ask()
    bank.work()
    assert "llm" in {reason["source"] for reason in bank.ask()}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
@pytest.mark.parametrize("locale", ["ko", "en"])
def test_no_bad_sentence_is_stored(bank: Bank, kind: str, locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = HOSTILE[kind][locale].replace("{facts}", "{fact1|을를}" if locale == "ko" else "{fact1}")
    bank.bedrock.write = lambda text: said if "{fact2}" not in text else said.replace("{fact1", "{fact2} {fact1")
    bank.ask(locale=locale)
    bank.work()
    reasons = bank.ask(locale=locale)
    assert {reason["source"] for reason in reasons if reason["facts"]} == {"template"}


def test_a_key_at_which_the_model_keeps_failing_is_given_up(bank: Bank) -> None:
    bank.bedrock.mode = "schema"
    bank.ask()
    keys = [job.body for job in bank.jobs()]
    for _ in range(5):
        bank.worker.run(keys)
    asked = len(bank.bedrock.received)
    assert asked == 3 * 2 * len(keys), "three attempts, each with one repair"
    assert bank.worker.run(keys) == ["known"] * len(keys)
    app = App(bank.app.settings)  # another environment, which remembers no orders
    assert app.sentences.find([_key(body) for body in keys]).missing == frozenset()


def test_spending_stops_and_templates_go_on(bank: Bank) -> None:
    settings = bank.worker._settings.model_copy(update={"understudy_reason_usd": 0.0})
    poor = SentenceWorker(settings)
    bank.ask()
    jobs = [job.body for job in bank.jobs()]
    assert set(poor.run(jobs)) == {"budget"}
    assert bank.bedrock.received == []
    assert bank.ask()


def test_the_worker_warns_before_the_budget_is_spent(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    bank.ask()
    bank.work()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["budget_warning"] is False
    account = next(iter(_accounts(bank)))
    bank.store.spend(account, {"tokens": 25_000_000, "micro_usd": 0}, {"tokens": 10**9})
    bank.ask(locale="ko")
    bank.work()
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["budget_warning"] is True
    assert 0.8 <= last["budget_used"] < 1


def test_a_poisoned_store_does_not_reach_the_customer(bank: Bank) -> None:
    bank.ask()
    bank.work()
    (first, *_) = [reason for reason in bank.ask() if reason["source"] == "llm"]
    for row in _sentences(bank):
        facts = row.text.count("{fact")
        slots = ", ".join(f"{{fact{n}}}" for n in range(1, facts + 1))
        bad = f"Given {slots}, {{product}} has guaranteed returns and no risk."
        bank.store.put_sentence(row.model_copy(update={"text": bad}))
    after = bank.ask()
    assert not any("guaranteed returns" in reason["text"] for reason in after)
    assert "fallback" in {reason["source"] for reason in after}
    assert first["text"]


def test_a_sentence_that_cannot_be_filled_is_not_used(bank: Bank) -> None:
    bank.ask()
    bank.work()
    for row in _sentences(bank):
        bank.store.put_sentence(row.model_copy(update={"text": "{fact9} and {secret} and {product}."}))
    after = bank.ask()
    assert {reason["source"] for reason in after if reason["facts"]} <= {"template", "fallback"}


def test_a_store_of_sentences_that_fails_costs_only_the_sentence(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    from understudy.stores import StoreError

    def fail(*_: Any) -> Any:
        raise StoreError("throttled")

    monkeypatch.setattr(bank.app.backing.store._store, "read_sentences", fail)  # type: ignore[attr-defined]
    assert {reason["source"] for reason in bank.ask() if reason["facts"]} == {"template"}


def test_a_queue_that_fails_costs_only_the_order(bank: Bank) -> None:
    settings = bank.app.settings.model_copy(update={"understudy_reason_queue": "redis://nowhere"})
    entry_app = App(settings)
    bank.app = entry_app
    assert bank.ask()


def test_calls_and_verdicts_are_on_record(bank: Bank) -> None:
    bank.ask()
    bank.work()
    entries = [json.loads(row[3]) for row in bank.store.entries() if row[0].startswith(b"sentences-")]
    kinds = [item["kind"] for item in entries]
    assert kinds.count("operation") == len(bank.bedrock.received)
    assert kinds.count("guardrail") >= kinds.count("operation")
    calls = [item["payload"] for item in entries if item["kind"] == "operation"]
    assert all(len(call["request_sha256"]) == len(call["response_sha256"]) == 64 for call in calls)
    assert fsck(bank.store, open_keyring(f"file://{bank.folder / 'keys.json'}")).exit_code == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '{"signature": "x"}',
        "\x00" * 10,
        "a" * 1_000_000,
        '{"signature": "' + "b" * 10_000 + '"}',
    ],
)
def test_a_job_that_makes_no_sense_is_dropped(bank: Bank, body: str) -> None:
    assert bank.worker.run([body]) == ["dropped"]
    assert bank.bedrock.received == []


@pytest.mark.parametrize(
    "change",
    [{"product": "no_such"}, {"model": "another.model"}, {"prompt": "reason_sentence@999"}, {"signature": "no-fact+-"},
     {"signature": "nonsense"}, {"signature": "salary+some|overseas+few"}],
)  # fmt: skip
def test_a_job_of_another_bundle_model_or_prompt_is_dropped(bank: Bank, change: dict[str, str]) -> None:
    bank.ask()
    key = _key(bank.jobs()[0].body)
    assert bank.worker.write(key.model_copy(update=change)) == "dropped"
    assert bank.bedrock.received == []


def test_a_customer_who_opted_out_orders_nothing(bank: Bank) -> None:
    event = tiny_bundle.event("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})
    assert entry.handler(event, None)["statusCode"] == 200
    assert all(reason["facts"] == [] for reason in bank.ask("c-1"))
    time.sleep(0.2)  # what is ordered travels in a thread of its own
    assert bank.queue.receive(10) == []


def _key(body: str) -> Any:
    from understudy.contracts.sentences import SentenceKey

    return SentenceKey.model_validate_json(body)


def _accounts(bank: Bank) -> set[str]:
    import sqlite3

    connection = sqlite3.connect(bank.folder / "store.sqlite")
    found = {account for (account,) in connection.execute("SELECT account FROM spending")}
    connection.close()
    return found


def _sentences(bank: Bank) -> list[StoredSentence]:
    import sqlite3

    connection = sqlite3.connect(bank.folder / "store.sqlite")
    rows = connection.execute("SELECT body FROM sentences").fetchall()
    connection.close()
    return [StoredSentence.model_validate_json(body) for (body,) in rows]
