"""A jury on a fake Bedrock, and items to hear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from agents.bedrock import Allowance, BedrockModel, Budget, CallRecord, CircuitBreaker, ModelConfig
from agents.bedrock.converse import BotoConverse
from agents.jury import CaseStore, Jury, ModelJudge
from agents.jury.judges import PERSPECTIVES
from understudy.local.scripted_jury import FakeJury
from understudy.stores import ServingStore, open_store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJury]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with FakeJury(delay=0.8) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[ServingStore]:
    store = open_store(f"sqlite://{tmp_path / 'ledger.sqlite'}")
    yield store
    store.close()


@pytest.fixture
def cases(tmp_path: Path) -> CaseStore:
    return CaseStore(tmp_path / "cases.sqlite")


@pytest.fixture
def calls() -> list[CallRecord]:
    return []


def quick_client(timeout: float) -> Any:
    config = Config(read_timeout=min(timeout, 0.4), retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("bedrock-runtime", config=config)


Seat = Callable[..., Jury]


@pytest.fixture
def seat(fake: FakeJury, ledger: ServingStore, calls: list[CallRecord]) -> Seat:
    """Seats three judges who ask the fake Bedrock."""

    def make(*, mode: str = "native", tokens: int = 800_000, rounds: int = 1, retry: bool = True) -> Jury:
        prices = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 5.0, "priced_on": "2026-11-21"}
        config = ModelConfig.model_validate({"id": "test.model-v1:0", "output_mode": mode} | prices)
        allowance = Allowance(purpose="audit", tokens=tokens, micro_usd=10_000_000)
        judges = [
            ModelJudge(
                perspective,
                BedrockModel(
                    config,
                    BotoConverse(quick_client),
                    Budget(ledger, allowance),
                    breaker=CircuitBreaker(),
                    on_call=calls.append,
                ),
            )
            for perspective in PERSPECTIVES
        ]
        return Jury(judges, rounds=rounds, now=lambda: NOON)

    return make
